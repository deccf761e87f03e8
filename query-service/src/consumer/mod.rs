//! From Kafka to the read models: one consumer per process reads the log and feeds every projection; each projection
//! has a queue, checkpoints and transactions of its own. What Kafka cannot give is read from the store's feed, and so
//! is what fills a new build beside the one that answers.

mod acceptance;
mod admission;
mod backlog;
mod builds;
mod describe;
mod fill;
mod health;
mod kafka;
mod pacing;
mod parking;
mod pressure;
mod projector;
mod reader;
mod rebalance;
mod rebuild;
mod record;
mod repair;
mod replay;
mod setup;
mod shards;
pub mod views;
mod writing;

use std::sync::Arc;

use chrono_tz::Tz;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::error;

use self::{builds::Projectors, pressure::Pressure, reader::Reader, rebuild::Rebuilds};
pub use self::{
    builds::Target,
    health::{Halt, Health},
    record::{Content, Record, Source, Unreadable},
    replay::{Replay, ReplayError},
};
use crate::{database::Database, keys::KeyRing, progress::Progress, store::StoreClient};

/// Memory for events in flight, unless less is given: 32 MiB.
const BUDGET_KIB: u32 = 32 * 1024;
/// What an event costs at least, with everything around it.
const RECORD_KIB_MIN: u32 = 8;
/// Hence no queue is ever longer than this, and sending into one never waits.
const QUEUE_EVENTS_MAX: usize = (BUDGET_KIB / RECORD_KIB_MIN) as usize;
/// Pages of the feed in memory at once, over all projections.
const FEED_PAGES_MAX: usize = 4;

/// Where the log is, and how it is read.
#[derive(Debug, Clone)]
pub struct ConsumerOptions {
    /// Bootstrap addresses, comma-separated.
    pub brokers: String,
    pub topic: String,
    pub group: String,
    pub reporting_zone: Tz,
}

/// The projecting half of the query service.
#[derive(Debug)]
pub struct Consumer {
    options: ConsumerOptions,
    budget_kib: u32,
    shared: Shared,
}

/// What the reader and all projectors share.
#[derive(Debug, Clone)]
struct Shared {
    database: Database,
    store: Arc<StoreClient>,
    keys: KeyRing,
    progress: Arc<Progress>,
    health: Arc<Health>,
    feed_pages: Arc<Semaphore>,
    pressure: Arc<Pressure>,
    cancel: CancellationToken,
}

impl Consumer {
    #[must_use]
    pub fn new(
        options: ConsumerOptions,
        database: Database,
        (store, keys): (Arc<StoreClient>, KeyRing),
        progress: Arc<Progress>,
        cancel: CancellationToken,
    ) -> Self {
        let shared = Shared {
            database,
            store,
            keys,
            progress,
            health: Arc::default(),
            feed_pages: Arc::new(Semaphore::new(FEED_PAGES_MAX)),
            pressure: Arc::default(),
            cancel,
        };
        Self {
            options,
            budget_kib: BUDGET_KIB,
            shared,
        }
    }

    /// Bounds the memory for events in flight, in KiB; 32 MiB at most.
    #[must_use]
    pub fn with_budget_kib(mut self, budget_kib: u32) -> Self {
        self.budget_kib = budget_kib.clamp(RECORD_KIB_MIN, BUDGET_KIB);
        self
    }

    /// The state of the consumer, for readiness.
    #[must_use]
    pub fn health(&self) -> Arc<Health> {
        Arc::clone(&self.shared.health)
    }

    /// Sets up, then follows the log until cancelled; returns when every batch in work is done with.
    pub async fn run(self) {
        let Self {
            options,
            budget_kib,
            shared,
        } = self;
        describe::describe_metrics();
        shared.health.publish_all();
        let setup = setup::set_up(&shared, options.reporting_zone);
        let Some(Some(store)) = shared.cancel.run_until_cancelled(setup).await else {
            return;
        };
        let mut projectors = Projectors::new(shared.clone(), store);
        projectors.follow_registry().await;
        let queues = projectors.queues();
        let reader = Reader::new(options, budget_kib, shared.clone(), store.shards, queues);
        tokio::select! {
            () = reader.run() => {}
            never = Rebuilds::new(shared.clone(), store).drive() => match never {},
            () = projectors.follow() => {
                // Only a bug ends a projector before its time. Nothing may go on without it.
                error!("a projection ended before its time");
                shared.health.refuse("a projection ended before its time".to_owned());
                return;
            }
        }
        projectors.ended().await;
    }
}
