//! The writers of this replica: each has a connection and a queue of its own, and every so-manieth shard.

use orderfold_events::ShardCount;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Appended, EventStore, hot::Hot, writer::Writer};
use crate::database::{Appender, Database, DatabaseConfig};

/// Submissions that may wait for one writer; beyond it the store has no room.
const QUEUE_MAX: usize = 2_048;
/// Two with disjoint shards write about twice as much as one; more only wait for the same disk.
const WRITERS: usize = 2;

/// What the writers are started with. They work until every [`EventStore`] is dropped.
#[derive(Default)]
pub struct Writers {
    pub tasks: TaskTracker,
    /// Cancelled when what still waits has to be given up.
    pub abandon: CancellationToken,
    /// Told of every append that recorded something.
    pub appended: Appended,
}

impl Writers {
    /// Starts the writers of an existing store.
    #[must_use]
    pub fn start(
        &self,
        config: &DatabaseConfig,
        database: Database,
        shards: ShardCount,
    ) -> EventStore {
        let seen = database.seen();
        let hot = Hot::default();
        let queues = std::iter::repeat_with(|| {
            let (sender, queue) = mpsc::channel(QUEUE_MAX);
            let appender = Appender::new(config.clone(), seen.clone());
            let writer = Writer {
                appender,
                appended: self.appended.clone(),
                hot: hot.clone(),
            };
            self.tasks.spawn(writer.run(queue, self.abandon.clone()));
            sender
        });
        let queues = queues.take(WRITERS).collect();
        EventStore::new(database, queues, shards, hot)
    }
}
