//! The work for one build of a read model: takes what is delivered, folds and writes it batch by batch, each in one
//! transaction that first moves the checkpoints. What cannot be folded parks its stream in the same transaction.
//! Whatever fails, the checkpoints in the database say where to go on.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use metrics::{counter, histogram};
use orderfold_events::{ShardCount, StreamId};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use tracing::{debug, error, warn};

use super::{
    Shared,
    admission::{Admitted, Batch, admit},
    backlog::Backlog,
    builds::Target,
    fill::Page,
    health::Halt,
    pacing::Backoff,
    parking::{Contradictions, Parking},
    record::Record,
    shards::Shards,
    views::{View, ViewError, keys_for},
};
use crate::{
    database::{DatabaseError, transaction::Fence},
    progress::Assignment,
};

/// A record and the assignment under which it was read.
pub(super) type Delivery = (Assignment, Arc<Record>);

/// Most events in one batch.
pub(super) const BATCH_EVENTS_MAX: usize = 1000;
/// Fewer are not worth a transaction each while others come: the next one begins so long after the last, unless a
/// reader waits. What comes after a while of quiet waits for nothing.
const FEW_EVENTS: usize = 100;
const GATHERING: Duration = Duration::from_millis(25);
/// The same while readers wait for other read models only.
const GATHERING_BACK: Duration = Duration::from_millis(250);
/// How long those that nobody waits for let others go first.
const YIELDING: Duration = Duration::from_millis(25);
/// A batch ends when it holds this many bytes of events.
const BATCH_BYTES_MAX: usize = 8 << 20;
const RETRY_MAX: Duration = Duration::from_secs(2);
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Most streams that wait in the shards of one projector. More is no bad event but a bad release: it halts.
const PARKED_STREAMS_MAX: usize = 100;

/// The worker of one build of a read model.
pub(super) struct Projector<V> {
    pub(super) view: V,
    pub(super) target: Target,
    pub(super) shared: Shared,
    pub(super) count: ShardCount,
    queue: mpsc::Receiver<Delivery>,
    pages: mpsc::UnboundedReceiver<Page>,
    backlogs: mpsc::UnboundedReceiver<Backlog>,
    pub(super) backlog_sender: mpsc::UnboundedSender<Backlog>,
    /// Streams whose waiting events are being read.
    pub(super) repairing: BTreeSet<StreamId>,
    pub(super) shards: Shards,
}

/// How an attempt at a batch ended.
enum Step {
    Done,
    /// Something was in the way that will not be in a moment.
    Again,
}

impl<V: View> Projector<V> {
    pub(super) fn new(
        (target, view): (Target, V),
        shared: Shared,
        count: ShardCount,
        queue: mpsc::Receiver<Delivery>,
    ) -> Self {
        let (sender, pages) = mpsc::unbounded_channel();
        let (backlog_sender, backlogs) = mpsc::unbounded_channel();
        Self {
            view,
            target,
            shards: Shards::new(target, shared.clone(), count, sender),
            shared,
            count,
            queue,
            pages,
            backlogs,
            backlog_sender,
            repairing: BTreeSet::new(),
        }
    }

    /// Works until cancelled; the batch in work is finished first.
    pub(super) async fn run(mut self) {
        let cancel = self.shared.cancel.clone();
        let mut look = interval(LOOK_INTERVAL);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut deliveries = Vec::with_capacity(BATCH_EVENTS_MAX);
        let mut last = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => return,
                _ = look.tick() => {
                    self.shards.look_around(self.queue.is_empty()).await;
                    self.look_for_repairs().await;
                }
                Some(backlog) = self.backlogs.recv() => self.carry_out(backlog).await,
                Some(page) = self.pages.recv() => self.take_page(page).await,
                count = self.queue.recv_many(&mut deliveries, BATCH_EVENTS_MAX) => {
                    if count == 0 {
                        return;
                    }
                    let gathering = if self.shared.progress.stands_back(V::READ_MODEL) {
                        GATHERING_BACK
                    } else {
                        GATHERING
                    };
                    self.gather(&mut deliveries, last + gathering).await;
                    last = Instant::now();
                    self.take(&deliveries).await;
                    deliveries.clear();
                }
            }
        }
    }

    /// Lets a few deliveries become more until a time, and then lets those go first that readers wait for; a reader who
    /// waits for this read model ends either.
    async fn gather(&mut self, deliveries: &mut Vec<Delivery>, until: Instant) {
        let progress = &self.shared.progress;
        while deliveries.len() < FEW_EVENTS && Instant::now() < until {
            tokio::select! {
                () = self.shared.cancel.cancelled() => return,
                () = progress.wanted(V::READ_MODEL) => return,
                () = sleep_until(until) => break,
                count = self.queue.recv_many(deliveries, FEW_EVENTS) => if count == 0 {
                    return;
                },
            }
        }
        if deliveries.len() < FEW_EVENTS {
            let undisturbing = progress.undisturbing(V::READ_MODEL);
            // Whether in time or not: it goes on.
            let _late = timeout(YIELDING, undisturbing).await;
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
                    warn!(error, projection = %self.target, "a batch was not written");
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
        self.fold(batch).await
    }

    /// Folds a batch, with the streams parked that contradict their documents.
    async fn fold(&mut self, batch: Batch) -> Result<Step, DatabaseError> {
        let started = Instant::now();
        let keys = self.shared.keys.for_fold(keys_for::<V>(&batch.records));
        let keys = match keys.await {
            Ok(keys) => keys,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, projection = %self.target, "a batch waits for keys");
                return Ok(Step::Again);
            }
        };
        let mut contradictions = Contradictions::new();
        loop {
            let parking = Parking::of(
                &batch.records,
                |shard, stream| self.shards.is_parked(shard, stream),
                &contradictions,
            );
            if self.are_too_many(&parking) {
                return Ok(Step::Again);
            }
            match self.write(&batch, &parking, &keys).await {
                Ok(Fence::Passed) => {
                    count_batch::<V>(parking.fold.len(), started);
                    self.take_note_of_parked(&parking);
                    self.shards.passed(batch);
                    return Ok(Step::Done);
                }
                Ok(Fence::Lost) => {
                    debug!(projection = %self.target, "a checkpoint was moved by someone else");
                    count_abort::<V>("fence");
                    self.shards.doubt(&batch);
                    return Ok(Step::Again);
                }
                Err(ViewError::Contradiction { record, cause }) => {
                    contradictions.insert(record.event_id(), cause.to_string());
                }
                Err(ViewError::Database(error)) => {
                    self.shards.doubt(&batch);
                    if !error.is_conflict() {
                        count_abort::<V>("failure");
                        return Err(error);
                    }
                    debug!(projection = %self.target, "another transaction was in the way");
                    count_abort::<V>("conflict");
                    return Ok(Step::Again);
                }
            }
        }
    }

    /// Halts the shard of the first stream that is one too many.
    fn are_too_many(&mut self, parking: &Parking) -> bool {
        let room = PARKED_STREAMS_MAX.saturating_sub(self.shards.parked_streams());
        let mut new: Vec<_> = parking.newly_parked().map(|(_, first)| first).collect();
        new.sort_by_key(|first| first.envelope.coordinate.position);
        let Some(first) = new.get(room) else {
            return false;
        };
        let coordinate = first.envelope.coordinate;
        let halt = Halt {
            position: coordinate.position,
            event_id: Some(first.event_id()),
            cause: format!(
                "more than {PARKED_STREAMS_MAX} streams hold an event that cannot be folded"
            ),
        };
        self.shards.halt(coordinate.shard, &halt);
        true
    }

    fn take_note_of_parked(&mut self, parking: &Parking) {
        for (stream, first) in parking.newly_parked() {
            error!(
                projection = %self.target,
                %stream,
                event_id = %first.event_id(),
                "a stream was parked: an event of it cannot be folded"
            );
        }
        let parked = parking
            .newly_parked()
            .map(|(stream, first)| (first.envelope.coordinate.shard, stream));
        self.shards.parked(parked);
        if self.target.is_active {
            let missing = parking.missing();
            self.shared.progress.observe_missing(V::READ_MODEL, missing);
        }
    }
}

fn count_batch<V: View>(events: usize, started: Instant) {
    let projection = V::READ_MODEL.as_str();
    histogram!("orderfold_projection_batch_seconds", "projection" => projection)
        .record(started.elapsed());
    counter!("orderfold_projection_events_total", "projection" => projection)
        .increment(u64::try_from(events).unwrap_or(u64::MAX));
}

fn count_abort<V: View>(cause: &'static str) {
    let projection = V::READ_MODEL.as_str();
    counter!("orderfold_projection_aborts_total", "projection" => projection, "cause" => cause)
        .increment(1);
}
