//! What the controllers work with, and how many commands may run at once.

use std::sync::Arc;

use chrono_tz::Tz;
use orderfold_http::{Problem, catalogue};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::{
    event_sourcing::{EventStore, Lanes},
    execution::{Executor, Secrets},
    http::answers::Reply,
    sealing::Vault,
    timers::Delays,
};

/// Commands of one replica at once; more are told to come back.
const COMMANDS_MAX: usize = 2_048;
/// Bulk requests of one replica at once: each holds up to 16 MiB of lines.
const BULK_REQUESTS_MAX: usize = 16;

/// What the controllers need. Cheap to clone.
#[derive(Clone)]
pub struct Commands {
    pub executor: Executor,
    pub secrets: Secrets,
    pub vault: Vault,
    /// Whose days a due date counts in.
    pub reporting_zone: Tz,
    pub tasks: TaskTracker,
    /// Payments over several orders of one customer take turns up to the answer: a repetition is told from a payment
    /// by claims, and those show only what is committed.
    pub account_payments: Lanes,
    permits: Arc<Semaphore>,
    bulk_permits: Arc<Semaphore>,
}

impl Commands {
    #[must_use]
    pub fn new(
        store: EventStore,
        (secrets, vault): (Secrets, Vault),
        reporting_zone: Tz,
        delays: Delays,
    ) -> Self {
        Self {
            executor: Executor::new(store, vault.clone(), delays),
            secrets,
            vault,
            reporting_zone,
            tasks: TaskTracker::new(),
            account_payments: Lanes::default(),
            permits: Arc::new(Semaphore::new(COMMANDS_MAX)),
            bulk_permits: Arc::new(Semaphore::new(BULK_REQUESTS_MAX)),
        }
    }

    /// Lets a bulk request in, for as long as the permit is kept.
    ///
    /// # Errors
    /// 503 `unavailable` when too many run already.
    pub fn admit_bulk(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let permit = self.bulk_permits.clone().try_acquire_owned();
        permit.map_err(|_none| Problem::unavailable("too many bulk requests are running"))
    }

    /// Runs a command in a task of its own, so that a caller who leaves cancels nothing half way.
    ///
    /// # Errors
    /// 503 `unavailable` when too many run already.
    pub async fn spawned<F, Fut>(&self, run: F) -> Result<Reply, Problem>
    where
        F: FnOnce(Self) -> Fut,
        Fut: Future<Output = Reply> + Send + 'static,
    {
        let permit = self.permits.clone().try_acquire_owned();
        let permit =
            permit.map_err(|_none| Problem::unavailable("too many commands are running"))?;
        let command = run(self.clone());
        let task = async move {
            let reply = command.await;
            drop(permit);
            reply
        };
        let task = self.tasks.spawn(task.in_current_span());
        task.await.map_err(|_panicked| catalogue::INTERNAL.into())
    }
}
