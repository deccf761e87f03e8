//! What this replica has seen the store hold. A store that was restored from an older backup contradicts it, and must
//! not be written to: it would give out positions a second time.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use orderfold_events::{Coordinate, Epoch, EventId, Position, Shard};
use sqlx::PgConnection;

use super::{Database, connection::answered};
use crate::event_sourcing::StoreError;

/// The last event of each shard that this replica appended. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<State>>);

#[derive(Clone, Copy)]
struct Last {
    epoch: Epoch,
    position: Position,
    event: EventId,
}

#[derive(Default)]
struct State {
    shards: BTreeMap<Shard, Last>,
    contradicted: Option<Shard>,
}

impl Seen {
    pub fn observe(&self, at: Coordinate, event: EventId) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = Last {
            epoch: at.epoch,
            position: at.position,
            event,
        };
        let last = state.shards.entry(at.shard).or_insert(newer);
        if (at.epoch, at.position) > (last.epoch, last.position) {
            *last = newer;
        }
    }

    /// A shard whose events are not those that were seen. A shard in a newer epoch is what it should be: an operator
    /// has looked at it.
    pub async fn contradiction(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Option<Shard>, sqlx::Error> {
        let seen: Vec<(Shard, Last)> = {
            let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state
                .shards
                .iter()
                .map(|(shard, last)| (*shard, *last))
                .collect()
        };
        let shards: Vec<i32> = seen.iter().map(|(shard, _)| i32::from(shard.0)).collect();
        let epochs = seen.iter().map(|(_, last)| i64::from(last.epoch.0));
        let positions = seen
            .iter()
            .map(|(_, last)| i64::try_from(last.position.0).unwrap_or(i64::MAX));
        let found: Option<i32> = sqlx::query_scalar(
            "select given.shard
               from unnest($1, $2, $3, $4) as given (shard, epoch, position, event_id)
               join shard_head h on h.shard = given.shard and h.epoch <= given.epoch
              where not exists (select 1 from event e where e.shard = given.shard and e.position = given.position
                                                        and e.event_id = given.event_id)
              order by 1 limit 1",
        )
        .bind(shards)
        .bind(epochs.collect::<Vec<_>>())
        .bind(positions.collect::<Vec<_>>())
        .bind(seen.iter().map(|(_, last)| last.event.0).collect::<Vec<_>>())
        .fetch_optional(connection)
        .await?;
        let found = found.and_then(|shard| u16::try_from(shard).ok()).map(Shard);
        self.take_note(found);
        Ok(found)
    }

    /// Says it once, not with every command.
    fn take_note(&self, found: Option<Shard>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Some(shard) if state.contradicted.is_none() => tracing::error!(
                shard = shard.0,
                "the store lacks events that were acknowledged: this replica writes nothing until the epoch is raised"
            ),
            None if state.contradicted.is_some() => {
                tracing::info!("the store is in a new epoch: this replica writes again");
            }
            _ => {}
        }
        metrics::gauge!("orderfold_append_halted").set(u8::from(found.is_some()));
        state.contradicted = found;
    }
}

impl Database {
    pub(crate) fn seen(&self) -> Seen {
        self.seen.clone()
    }

    /// A shard in which the store is not what this replica has seen it to be.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn contradicted_shard(&self) -> Result<Option<Shard>, StoreError> {
        answered(async {
            let mut connection = self.pool.acquire().await?;
            self.seen.contradiction(&mut connection).await
        })
        .await
    }
}
