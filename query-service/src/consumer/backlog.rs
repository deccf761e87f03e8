//! The events of a parked stream that wait: reading them from the feed, and cutting them into what is skipped, what is
//! folded and what goes on waiting.

use std::{sync::Arc, time::Duration};

use orderfold_events::{Position, Shard, ShardCount};
use orderfold_http::clock;
use tokio::sync::mpsc;

use super::{
    Shared,
    pacing::Backoff,
    parking::{Contradictions, cause_of},
    projector::BATCH_EVENTS_MAX,
    record::{Record, Source},
};
use crate::{
    database::{
        audit::{AuditAction, AuditRecord},
        parked::{ParkedEvent, ParkedStream, RepairAction, RepairFailure, RepairRequest},
    },
    progress::Assignment,
    store::{FeedEvent, StoreError},
};

const RETRY_MAX: Duration = Duration::from_secs(2);

/// A parked stream with a request, and the events of it that wait.
#[derive(Debug)]
pub(super) struct Backlog {
    pub(super) parked: ParkedStream,
    pub(super) request: RepairRequest,
    pub(super) assignment: Assignment,
    /// From the first on that cannot be folded; at most one more than is folded at once.
    pub(super) records: Vec<Arc<Record>>,
}

/// Where a backlog is cut: what is skipped and folded, and what still waits.
#[derive(Debug)]
pub(super) struct Cut {
    pub(super) skips: bool,
    pub(super) fold: Vec<Arc<Record>>,
    /// Events that wait no more.
    pub(super) done: u64,
    pub(super) next: Option<Next>,
}

/// The first event that still waits.
#[derive(Debug)]
pub(super) struct Next {
    event: ParkedEvent,
    /// Why it cannot be folded; `None` where there were just too many before it.
    cause: Option<String>,
}

impl Cut {
    pub(super) fn of(backlog: &Backlog, contradictions: &Contradictions) -> Self {
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

    /// What the audit says of it.
    pub(super) fn record(&self, parked: &ParkedStream, request: &RepairRequest) -> AuditRecord {
        let failure = self.next.as_ref().and_then(|next| next.cause.clone());
        let action = match (self.skips, &failure) {
            (true, _) => AuditAction::Skipped,
            (false, Some(_)) => AuditAction::RetryFailed,
            (false, None) => AuditAction::Healed,
        };
        let now = (clock::new_id(), clock::now().into());
        let build = (parked.projection, parked.build);
        let record = AuditRecord::new(now, &request.by, action, build).of_stream(parked.stream);
        match failure.or_else(|| request.reason.clone()) {
            Some(detail) => record.because(detail),
            None => record,
        }
    }
}

impl Next {
    /// The stream as it waits from now on.
    pub(super) fn park(&self, parked: ParkedStream, request: &RepairRequest) -> ParkedStream {
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

/// Reads the waiting events of a stream up to a position, and hands them over.
pub(super) async fn read_backlog(
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
        && shared
            .progress
            .assignments()
            .holds(shard, backlog.assignment)
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
