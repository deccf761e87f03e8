//! Carrying out what operators asked for a parked stream: its waiting events are read from the feed in the background,
//! then folded in one transaction behind the same fence as everything else. What still cannot be folded goes on waiting.

use std::{sync::Arc, time::Duration};

use orderfold_events::{Position, Shard, ShardCount};
use orderfold_http::clock;
use tokio::sync::mpsc;
use tracing::{info, warn};

use super::{
    Shared,
    assignments::Assignment,
    pacing::Backoff,
    parking::{Contradictions, cause_of},
    projector::{BATCH_EVENTS_MAX, Projector},
    record::{Record, Source},
    views::{View, ViewError},
};
use crate::{
    database::{
        Checkpoint, DatabaseError, Transaction,
        audit::{AuditAction, AuditRecord, SYSTEM},
        parked::{ParkedEvent, ParkedStream, RepairAction, RepairFailure, RepairRequest},
        transaction::{Fence, Move},
    },
    store::{FeedEvent, StoreError},
};

const RETRY_MAX: Duration = Duration::from_secs(2);

/// A parked stream with a request, and the events of it that wait.
#[derive(Debug)]
pub(super) struct Backlog {
    parked: ParkedStream,
    request: RepairRequest,
    assignment: Assignment,
    /// From the first on that cannot be folded; at most one more than is folded at once.
    records: Vec<Arc<Record>>,
}

/// What a repair came to.
#[derive(Debug)]
enum Repaired {
    /// Every event is folded or skipped.
    Free,
    /// Some events still wait.
    Waiting,
    /// It is not as it was when it was read: the next look decides.
    Changed,
}

impl<V: View> Projector<V> {
    /// Has the waiting events read of streams that something was asked for.
    pub(super) async fn look_for_repairs(&mut self) {
        if self.shards.parked_streams() == 0 {
            return;
        }
        let build = (self.target.read_model, self.target.build);
        let shards = self.shards.followed().keys().copied();
        let database = &self.shared.database;
        let requested = match database.repairs_requested(build, shards).await {
            Ok(requested) => requested,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                warn!(error, "the requests for repairs cannot be read");
                return;
            }
        };
        for parked in requested {
            let Some(request) = parked.request.clone() else {
                continue;
            };
            let Some(following) = self.shards.followed().get(&parked.shard) else {
                continue;
            };
            if self.repairing.insert(parked.stream) {
                let backlog = Backlog {
                    parked,
                    request,
                    assignment: following.assignment,
                    records: Vec::new(),
                };
                tokio::spawn(read_backlog(
                    self.shared.clone(),
                    self.count,
                    (backlog, following.checkpoint.position),
                    self.backlog_sender.clone(),
                ));
            }
        }
    }

    /// Folds a backlog as far as possible. What fails is tried again at the next look.
    pub(super) async fn carry_out(&mut self, backlog: Backlog) {
        self.repairing.remove(&backlog.parked.stream);
        if let Err(error) = self.repair(&backlog).await {
            let error = &error as &dyn std::error::Error;
            warn!(error, projection = %self.target, "a repair was not carried out");
            self.shards.doubt_shard(backlog.parked.shard);
        }
    }

    async fn repair(&mut self, backlog: &Backlog) -> Result<(), DatabaseError> {
        let shard = backlog.parked.shard;
        let known = self.shards.followed().get(&shard);
        let Some(before) = known
            .filter(|known| known.is_certain && known.assignment == backlog.assignment)
            .map(|known| known.checkpoint.clone())
        else {
            return Ok(());
        };
        let after = Checkpoint {
            repairs: before.repairs.saturating_add(1),
            ..before.clone()
        };
        let step = Move {
            from: before,
            to: after.clone(),
        };
        let mut contradictions = Contradictions::new();
        loop {
            let cut = Cut::of(backlog, &contradictions);
            let outcome = match self.try_repair(backlog, &step, &cut).await {
                Err(ViewError::Contradiction { record, cause }) => {
                    contradictions.insert(record.event_id(), cause.to_string());
                    continue;
                }
                Err(ViewError::Database(error)) => return Err(error),
                Ok(outcome) => outcome,
            };
            let is_free = match outcome {
                Repaired::Free => true,
                Repaired::Waiting => false,
                Repaired::Changed => {
                    self.shards.doubt_shard(shard);
                    return Ok(());
                }
            };
            let stream = backlog.parked.stream;
            info!(projection = %self.target, %stream, is_free, "a repair was carried out");
            self.shards.repaired(after, stream, is_free);
            return Ok(());
        }
    }

    async fn try_repair(
        &self,
        backlog: &Backlog,
        step: &Move,
        cut: &Cut,
    ) -> Result<Repaired, ViewError> {
        let database = &self.shared.database;
        let mut transaction = database.transaction_in(self.target.build).await?;
        let outcome = self.repair_in(&mut transaction, backlog, step, cut).await;
        if let Ok(Repaired::Free | Repaired::Waiting) = outcome {
            transaction.commit().await?;
        } else {
            transaction.abort().await;
        }
        outcome
    }

    async fn repair_in(
        &self,
        transaction: &mut Transaction,
        backlog: &Backlog,
        step: &Move,
        cut: &Cut,
    ) -> Result<Repaired, ViewError> {
        if transaction.advance(std::slice::from_ref(step)).await? == Fence::Lost {
            return Ok(Repaired::Changed);
        }
        let Some(parked) = transaction.parked(&backlog.parked.id).await? else {
            return Ok(Repaired::Changed);
        };
        if parked.first != backlog.parked.first || parked.request.as_ref() != Some(&backlog.request)
        {
            return Ok(Repaired::Changed);
        }
        let waiting = parked.waiting.saturating_sub(cut.done);
        if waiting > 0 && cut.next.is_none() {
            // More came since it was read.
            return Ok(Repaired::Changed);
        }
        if cut.skips {
            self.view
                .skip(transaction, parked.stream, parked.first.version)
                .await?;
            transaction
                .keep_skipped(parked.skipped(backlog.request.clone()))
                .await?;
        }
        self.view.write(transaction, &cut.fold).await?;
        transaction
            .audit(record_of(&parked, &backlog.request, cut))
            .await?;
        match &cut.next {
            None => {
                transaction.unpark(&parked.id).await?;
                Ok(Repaired::Free)
            }
            Some(next) => {
                let left = next.park(ParkedStream { waiting, ..parked }, &backlog.request);
                transaction.keep_parked(&left).await?;
                Ok(Repaired::Waiting)
            }
        }
    }
}

/// Where a backlog is cut: what is skipped and folded, and what still waits.
#[derive(Debug)]
struct Cut {
    skips: bool,
    fold: Vec<Arc<Record>>,
    /// Events that wait no more.
    done: u64,
    next: Option<Next>,
}

/// The first event that still waits.
#[derive(Debug)]
struct Next {
    event: ParkedEvent,
    /// Why it cannot be folded; `None` where there were just too many before it.
    cause: Option<String>,
}

impl Cut {
    fn of(backlog: &Backlog, contradictions: &Contradictions) -> Self {
        let first = backlog.parked.first.event_id;
        if backlog
            .records
            .first()
            .is_none_or(|record| record.event_id() != first)
        {
            let cause = "the store does not give the event".to_owned();
            return Self {
                skips: false,
                fold: Vec::new(),
                done: 0,
                next: Some(Next {
                    event: backlog.parked.first.clone(),
                    cause: Some(cause),
                }),
            };
        }
        let skips = backlog.request.action == RepairAction::Skip;
        let from = usize::from(skips);
        let candidates = backlog.records.get(from..).unwrap_or_default();
        let fitting = candidates
            .iter()
            .take(BATCH_EVENTS_MAX)
            .take_while(|record| cause_of(record, contradictions).is_none())
            .count();
        let next = candidates.get(fitting).map(|record| Next {
            event: ParkedEvent::from(&record.envelope),
            cause: cause_of(record, contradictions),
        });
        Self {
            skips,
            fold: candidates.iter().take(fitting).cloned().collect(),
            done: u64::try_from(from.saturating_add(fitting)).unwrap_or(u64::MAX),
            next,
        }
    }
}

impl Next {
    /// The stream as it waits from now on.
    fn park(&self, parked: ParkedStream, request: &RepairRequest) -> ParkedStream {
        let event = self.event.clone();
        match &self.cause {
            // It is the same event that still cannot be folded, or another one behind it.
            Some(cause) => ParkedStream {
                last_failure: Some(RepairFailure {
                    cause: cause.clone(),
                    at: clock::now().into(),
                }),
                cause: cause.clone(),
                first: event,
                request: None,
                ..parked
            },
            None => ParkedStream {
                request: Some(RepairRequest {
                    action: RepairAction::Retry,
                    event_id: event.event_id,
                    ..request.clone()
                }),
                first: event,
                ..parked
            },
        }
    }
}

fn record_of(parked: &ParkedStream, request: &RepairRequest, cut: &Cut) -> AuditRecord {
    let failure = cut.next.as_ref().and_then(|next| next.cause.clone());
    let action = match (cut.skips, &failure) {
        (true, _) => AuditAction::Skipped,
        (false, Some(_)) => AuditAction::RetryFailed,
        (false, None) => AuditAction::Healed,
    };
    let now = (clock::new_id(), clock::now().into());
    let build = (parked.projection, parked.build);
    let by = if request.by.is_empty() {
        SYSTEM
    } else {
        &request.by
    };
    let record = AuditRecord::new(now, by, action, build).of_stream(parked.stream);
    match failure.or_else(|| request.reason.clone()) {
        Some(detail) => record.because(detail),
        None => record,
    }
}

/// Reads the waiting events of a stream up to a position, and hands them over.
async fn read_backlog(
    shared: Shared,
    count: ShardCount,
    (mut backlog, until): (Backlog, Position),
    backlogs: mpsc::UnboundedSender<Backlog>,
) {
    let shard = backlog.parked.shard;
    let first = backlog.parked.first.position;
    let mut after = Position(first.0.saturating_sub(1));
    let mut backoff = Backoff::new(RETRY_MAX);
    while after < until
        && backlog.records.len() <= BATCH_EVENTS_MAX
        && shared.assignments.holds(shard, backlog.assignment)
    {
        match read_page(&shared, shard, after).await {
            Ok(page) => {
                let Some(last) = page.last() else {
                    break;
                };
                after = last.envelope.coordinate.position;
                let of_stream = page.into_iter().filter(|event| {
                    event.envelope.stream == backlog.parked.stream
                        && event.envelope.coordinate.position <= until
                });
                backlog
                    .records
                    .extend(of_stream.map(|FeedEvent { envelope, data }| {
                        Arc::new(Record::read(envelope, &data, count, Source::Feed))
                    }));
            }
            Err(error) if error.is_lasting() => break,
            Err(_) => {
                let waited = shared.cancel.run_until_cancelled(backoff.wait()).await;
                if waited.is_none() {
                    return;
                }
            }
        }
    }
    backlog.records.truncate(BATCH_EVENTS_MAX + 1);
    // The projector is gone only when the service stops, or the build was dropped.
    let _ = backlogs.send(backlog);
}

async fn read_page(
    shared: &Shared,
    shard: Shard,
    after: Position,
) -> Result<Vec<FeedEvent>, StoreError> {
    let _turn = shared.feed_pages.acquire().await;
    shared.store.feed(shard, after).await
}
