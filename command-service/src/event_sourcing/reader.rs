//! Streams from the store: the newest snapshot, where there is one of the right form, and the events after it; and the
//! writing of snapshots, behind everything else. A snapshot saves reading and nothing more: without one all is the same.

use std::sync::Arc;

use orderfold_events::{EventId, StreamId, Version};
use tokio::sync::Semaphore;

use super::{Aggregate, Loaded, StoreError, entry::Folded};
use crate::database::{Database, SnapshotRow, StreamRow};

/// Events after which a stream gets a new snapshot.
const SNAPSHOT_EVERY: u32 = 200;
/// Snapshots that are written at once; a stream that finds no room gets its own another time.
const WRITES_MAX: usize = 2;

#[derive(Clone)]
pub(super) struct Reader {
    database: Database,
    writes: Arc<Semaphore>,
}

impl Reader {
    pub fn new(database: Database) -> Self {
        Self {
            database,
            writes: Arc::new(Semaphore::new(WRITES_MAX)),
        }
    }

    /// Folds a stream from its snapshot, or where that cannot be read from its first event.
    ///
    /// # Errors
    /// Those of [`EventStore::load`](super::EventStore::load).
    pub async fn read<A: Aggregate>(&self, stream: StreamId) -> Result<Folded<A>, StoreError> {
        if let Some(schema) = A::SNAPSHOT_SCHEMA {
            let (snapshot, rows) = self.database.stream_since_snapshot(stream, schema).await?;
            match snapshot {
                None => return fold(empty(), &rows),
                Some(snapshot) => {
                    if let Some(start) = restored(&snapshot) {
                        return fold(start, &rows);
                    }
                    tracing::warn!(%stream, "a snapshot cannot be read and is passed over");
                }
            }
        }
        fold(empty(), &self.database.stream_events(stream).await?)
    }

    /// Writes a snapshot of a stored state behind the caller's back, where one is due, and says so.
    pub fn keep<A: Aggregate>(&self, stream: StreamId, folded: &mut Folded<A>) -> bool {
        let version = folded.loaded.version;
        let due = version.0.saturating_sub(folded.snapshot.0) >= SNAPSHOT_EVERY;
        let Some(schema) = A::SNAPSHOT_SCHEMA.filter(|_| due) else {
            return false;
        };
        let Ok(room) = self.writes.clone().try_acquire_owned() else {
            return false;
        };
        let Some(state) = folded.loaded.state.to_snapshot() else {
            return false;
        };
        folded.snapshot = version;
        let (database, event_id) = (self.database.clone(), folded.event);
        tokio::spawn(async move {
            let row = SnapshotRow {
                version,
                event_id,
                state,
            };
            if let Err(error) = database.save_snapshot(stream, schema, &row).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, %stream, "a snapshot was not written");
            }
            drop(room);
        });
        true
    }
}

fn empty<A: Aggregate>() -> Folded<A> {
    let loaded = Loaded {
        state: A::initial(),
        version: Version::NONE,
    };
    Folded {
        loaded,
        event: EventId::NIL,
        snapshot: Version::NONE,
        bytes: 0,
    }
}

fn restored<A: Aggregate>(snapshot: &SnapshotRow) -> Option<Folded<A>> {
    let state = A::from_snapshot(&snapshot.state)?;
    let version = snapshot.version;
    Some(Folded {
        loaded: Loaded { state, version },
        event: snapshot.event_id,
        snapshot: version,
        bytes: snapshot.state.len(),
    })
}

fn fold<A: Aggregate>(mut folded: Folded<A>, rows: &[StreamRow]) -> Result<Folded<A>, StoreError> {
    for row in rows {
        let event = A::decode(&row.event_type, &row.data)?;
        folded.loaded = Loaded {
            state: folded.loaded.state.evolve(&event),
            version: row.version,
        };
        folded.event = row.event_id;
        folded.bytes += row.data.len();
    }
    Ok(folded)
}
