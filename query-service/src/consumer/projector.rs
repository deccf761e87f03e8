//! One read model's work: takes what is delivered, folds and writes it batch by batch, each in one transaction that
//! first moves the checkpoints. Whatever fails, the checkpoints in the database say where to go on.

use std::{sync::Arc, time::Duration};

use metrics::{counter, histogram};
use orderfold_events::ShardCount;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval},
};
use tracing::{debug, warn};

use super::{
    Shared,
    admission::{Admitted, Batch, admit},
    assignments::Assignment,
    fill::Page,
    health::Halt,
    pacing::Backoff,
    record::Record,
    shards::Shards,
    views::{View, ViewError, keys_for},
};
use crate::{
    database::{
        DatabaseError,
        transaction::{Fence, Move},
    },
    projections::FoldKeys,
};

/// A record and the assignment under which it was read.
pub(super) type Delivery = (Assignment, Arc<Record>);

/// Most events in one batch.
const BATCH_EVENTS_MAX: usize = 1000;
/// A batch ends when it holds this many bytes of events.
const BATCH_BYTES_MAX: usize = 8 << 20;
const RETRY_MAX: Duration = Duration::from_secs(2);
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The worker of one read model.
pub(super) struct Projector<V> {
    view: V,
    shared: Shared,
    queue: mpsc::Receiver<Delivery>,
    pages: mpsc::UnboundedReceiver<Page>,
    shards: Shards,
}

/// How an attempt at a batch ended.
enum Step {
    Done,
    /// Something was in the way that will not be in a moment.
    Again,
}

impl<V: View> Projector<V> {
    pub(super) fn new(
        view: V,
        shared: Shared,
        count: ShardCount,
        queue: mpsc::Receiver<Delivery>,
    ) -> Self {
        let (sender, pages) = mpsc::unbounded_channel();
        Self {
            view,
            shards: Shards::new(V::READ_MODEL, shared.clone(), count, sender),
            shared,
            queue,
            pages,
        }
    }

    /// Works until cancelled; the batch in work is finished first.
    pub(super) async fn run(mut self) {
        let cancel = self.shared.cancel.clone();
        let mut look = interval(LOOK_INTERVAL);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut deliveries = Vec::with_capacity(BATCH_EVENTS_MAX);
        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                _ = look.tick() => self.shards.look_around().await,
                Some(page) = self.pages.recv() => self.take_page(page).await,
                count = self.queue.recv_many(&mut deliveries, BATCH_EVENTS_MAX) => {
                    if count == 0 {
                        return;
                    }
                    self.take(&deliveries).await;
                    deliveries.clear();
                }
            }
        }
    }

    async fn take_page(&mut self, page: Page) {
        if !self.shards.fits(&page) {
            return;
        }
        let deliveries: Vec<Delivery> = page
            .records
            .iter()
            .map(|record| (page.assignment, Arc::clone(record)))
            .collect();
        self.take(&deliveries).await;
        self.shards.after_page(&page);
    }

    /// Cuts deliveries into batches.
    async fn take(&mut self, mut deliveries: &[Delivery]) {
        while !deliveries.is_empty() {
            let mut bytes = 0_usize;
            let fitting = deliveries
                .iter()
                .take_while(|(_, record)| {
                    bytes = bytes.saturating_add(record.bytes);
                    bytes <= BATCH_BYTES_MAX
                })
                .count();
            let (batch, rest) = deliveries.split_at(fitting.max(1));
            self.process(batch).await;
            deliveries = rest;
        }
    }

    /// Brings deliveries into the documents, or finds that they do not belong there. It gives up on shutdown only.
    async fn process(&mut self, deliveries: &[Delivery]) {
        let mut backoff = Backoff::new(RETRY_MAX);
        let cancel = self.shared.cancel.clone();
        loop {
            match self.attempt(deliveries).await {
                Ok(Step::Done) => return,
                Ok(Step::Again) => {}
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    warn!(error, projection = %V::READ_MODEL, "a batch was not written");
                }
            }
            if cancel.run_until_cancelled(backoff.wait()).await.is_none() {
                return;
            }
        }
    }

    async fn attempt(&mut self, deliveries: &[Delivery]) -> Result<Step, DatabaseError> {
        let touched = deliveries
            .iter()
            .map(|(_, record)| record.envelope.coordinate.shard);
        self.shards.take_on(touched).await?;
        let Some(heads) = self.shared.progress.heads() else {
            return Ok(Step::Again);
        };
        let Admitted { batch, ask, halts } =
            admit(self.shards.followed(), &heads.epochs, deliveries);
        for (shard, halt) in halts {
            self.shards.halt(shard, &halt);
        }
        for (shard, until) in ask {
            self.shards.ask(shard, until);
        }
        if batch.records.is_empty() {
            return Ok(Step::Done);
        }
        let keys = match self
            .shared
            .keys
            .for_fold(keys_for::<V>(&batch.records))
            .await
        {
            Ok(keys) => keys,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, projection = %V::READ_MODEL, "a batch waits for keys");
                return Ok(Step::Again);
            }
        };
        let started = Instant::now();
        match self.write(&batch, &keys).await {
            Ok(Fence::Passed) => {
                count_batch::<V>(&batch, started);
                self.shards.passed(batch);
                Ok(Step::Done)
            }
            Ok(Fence::Lost) => {
                debug!(projection = %V::READ_MODEL, "a checkpoint was moved by someone else");
                count_abort::<V>("fence");
                self.shards.doubt(&batch);
                Ok(Step::Again)
            }
            Err(ViewError::Contradiction { record, cause }) => {
                let halt = Halt {
                    position: record.envelope.coordinate.position,
                    event_id: Some(record.envelope.event_id),
                    cause: cause.to_string(),
                };
                self.shards.halt(record.envelope.coordinate.shard, &halt);
                Ok(Step::Again)
            }
            Err(ViewError::Database(error)) => {
                self.shards.doubt(&batch);
                if error.is_conflict() {
                    debug!(projection = %V::READ_MODEL, "another transaction was in the way");
                    count_abort::<V>("conflict");
                    Ok(Step::Again)
                } else {
                    count_abort::<V>("failure");
                    Err(error)
                }
            }
        }
    }

    /// Checkpoints first: they are the fence. Then the documents.
    async fn write(&self, batch: &Batch, keys: &FoldKeys) -> Result<Fence, ViewError> {
        let mut transaction = self.shared.database.transaction().await?;
        let moves: Vec<Move> = batch.moves.values().cloned().collect();
        let outcome = match transaction.advance(&moves).await {
            Ok(Fence::Passed) => self
                .view
                .write(&mut transaction, &batch.records, keys)
                .await
                .map(|()| Fence::Passed),
            other => other.map_err(ViewError::from),
        };
        if let Ok(Fence::Passed) = outcome {
            transaction.commit().await?;
        } else {
            transaction.abort().await;
        }
        outcome
    }
}

fn count_batch<V: View>(batch: &Batch, started: Instant) {
    let projection = V::READ_MODEL.as_str();
    histogram!("orderfold_projection_batch_seconds", "projection" => projection)
        .record(started.elapsed());
    counter!("orderfold_projection_events_total", "projection" => projection)
        .increment(u64::try_from(batch.records.len()).unwrap_or(u64::MAX));
}

fn count_abort<V: View>(cause: &'static str) {
    let projection = V::READ_MODEL.as_str();
    counter!("orderfold_projection_aborts_total", "projection" => projection, "cause" => cause)
        .increment(1);
}
