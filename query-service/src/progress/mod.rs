//! How far every projection is, in whatever replica it runs: what makes answers say how fresh they are, and lets a
//! reader wait for what it has written. Each replica follows all checkpoints and the heads of the store by polling.

mod assignments;
mod freshness;
mod missing;
mod polling;
mod switching;
mod waiting;
mod wanting;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use orderfold_events::Shard;
use tokio::{
    sync::{Semaphore, watch},
    time::Instant,
};

pub use self::{
    assignments::{Assignment, Assignments},
    freshness::Freshness,
    missing::Subject,
    waiting::{WAITERS_MAX, Wait},
};
use crate::{
    database::{
        Build, Checkpoint, Database, DatabaseError, Serving, builds::Registration, parked::Missing,
    },
    projections::ReadModel,
    store::{Heads, StoreClient, StoreError},
};

/// The progress of all projections, as far as this replica knows. Share it in an `Arc`.
#[derive(Debug)]
pub struct Progress {
    database: Database,
    store: Arc<StoreClient>,
    state: RwLock<State>,
    /// What this replica folds itself: it need not look how far that is.
    assignments: Assignments,
    /// Told whenever a checkpoint moved.
    moved: watch::Sender<()>,
    waiters: Semaphore,
    /// Told whenever a reader begins to wait, or ends.
    wanted: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Which builds answer.
    serving: Serving,
    registered: BTreeMap<ReadModel, Registration>,
    checkpoints: BTreeMap<(ReadModel, Build, Shard), Checkpoint>,
    /// Streams of which something is missing in the builds that answer.
    missing: BTreeMap<ReadModel, BTreeSet<Missing>>,
    heads: Option<Polled>,
    /// What readers wait for, and how many wait for each.
    wanted: BTreeMap<(ReadModel, Shard), usize>,
    /// When readers were last known to wait for a read model.
    waited_for: BTreeMap<ReadModel, Instant>,
}

/// The heads of the store, the last time it answered.
#[derive(Debug, Clone)]
struct Polled {
    heads: Arc<Heads>,
    at: Instant,
    /// Whether it has not answered since.
    is_stale: bool,
}

impl Progress {
    /// Knows nothing until [`Progress::follow`] runs.
    #[must_use]
    pub fn new(database: Database, store: Arc<StoreClient>) -> Self {
        let state = State {
            serving: database.serving().clone(),
            ..State::default()
        };
        Self {
            database,
            store,
            state: RwLock::new(state),
            assignments: Assignments::default(),
            moved: watch::Sender::new(()),
            waiters: Semaphore::new(WAITERS_MAX),
            wanted: watch::Sender::new(()),
        }
    }

    /// Takes note of checkpoints that are committed. Checkpoints never go back, so what is known stays if it is newer.
    pub fn observe(&self, checkpoints: impl IntoIterator<Item = Checkpoint>) {
        let has_moved = self.write().observe(checkpoints);
        if has_moved {
            self.moved.send_replace(());
        }
    }

    /// Which shards this replica works on.
    #[must_use]
    pub const fn assignments(&self) -> &Assignments {
        &self.assignments
    }

    /// Reads the registry of builds, all checkpoints, and what is missing.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn read_checkpoints(&self) -> Result<(), DatabaseError> {
        let registrations = self.database.registrations().await?;
        self.write().register(registrations);
        let builds = self.read().builds();
        let checkpoints = self.database.checkpoints_of(builds.into_iter()).await?;
        // After the checkpoints, so that whatever they passed over is among it.
        let missing = self.database.missing().await?;
        self.write().missing = missing;
        self.observe(checkpoints);
        Ok(())
    }

    /// Asks the store how far it is.
    ///
    /// # Errors
    /// [`StoreError`] when it does not answer.
    pub async fn read_heads(&self) -> Result<Arc<Heads>, StoreError> {
        // As of before the question, so that the age of the answer is never understated.
        let at = Instant::now();
        match self.store.heads().await {
            Ok(heads) => {
                let heads = Arc::new(heads);
                self.write().heads = Some(Polled {
                    heads: Arc::clone(&heads),
                    at,
                    is_stale: false,
                });
                Ok(heads)
            }
            Err(error) => {
                if let Some(polled) = &mut self.write().heads {
                    polled.is_stale = true;
                }
                Err(error)
            }
        }
    }

    /// The heads of the store, the last time it answered.
    #[must_use]
    pub fn heads(&self) -> Option<Arc<Heads>> {
        let state = self.read();
        state.heads.as_ref().map(|polled| Arc::clone(&polled.heads))
    }

    /// From which Kafka offset a shard is to be read, so that no projection misses anything: the lowest of all
    /// projections. `None` is the beginning.
    #[must_use]
    pub fn start_offset(&self, shard: Shard) -> Option<i64> {
        let state = self.read();
        ReadModel::ALL
            .iter()
            .map(|&read_model| {
                let checkpoint = state.checkpoint(read_model, shard);
                checkpoint.and_then(|checkpoint| checkpoint.next_offset)
            })
            // `None` is less than any offset.
            .min()
            .flatten()
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The checkpoint of the build that answers.
    fn checkpoint(&self, read_model: ReadModel, shard: Shard) -> Option<&Checkpoint> {
        let build = self.serving.of(read_model);
        self.checkpoints.get(&(read_model, build, shard))
    }
}
