//! What this replica has just appended, for its relay: a bell, and the events themselves while there is room for them,
//! so that the relay need not read what was written a moment ago. Nothing depends on it: what is lost here, or comes in
//! another order, the relay finds in the store.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use orderfold_events::{Coordinate, Envelope, EventId, Position, StreamId, Timestamp, Version};
use tokio::sync::Notify;

use super::{Job, NewEvent, Outcome, StoreError, Submission};
use crate::database::LogRecord;

/// About as much as waits here at most; more is given up as a whole.
const BYTES_MAX: usize = 4 << 20;
/// What a record takes besides its data.
const RECORD_BYTES: usize = 512;

/// Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Appended {
    bell: Arc<Notify>,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// Whether there is a relay here that publishes.
    is_awaited: bool,
    records: Vec<LogRecord>,
    bytes: usize,
}

impl Appended {
    /// Takes the events of those that were accepted, and rings if there are any.
    pub(super) fn note<'a>(
        &self,
        settled: impl Iterator<Item = (&'a Job, &'a Result<Outcome, StoreError>)>,
    ) {
        let mut has_events = false;
        for (Job { submission, .. }, outcome) in settled {
            if let Ok(Outcome::Accepted {
                coordinate,
                recorded_at,
            }) = outcome
                && !submission.events.is_empty()
            {
                self.waiting().add(submission, *coordinate, *recorded_at);
                has_events = true;
            }
        }
        if has_events {
            self.bell.notify_one();
        }
    }

    /// Events are kept from now on, or no longer.
    pub(crate) fn await_events(&self, is_awaited: bool) {
        *self.waiting() = Waiting {
            is_awaited,
            ..Waiting::default()
        };
    }

    /// What has come since the last time, in the order of answers, which need not be that of the log.
    pub(crate) fn take(&self) -> Vec<LogRecord> {
        let mut waiting = self.waiting();
        waiting.bytes = 0;
        std::mem::take(&mut waiting.records)
    }

    /// Ends when something was appended, now or since this ended last.
    pub(crate) async fn rung(&self) {
        self.bell.notified().await;
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn add(&mut self, submission: &Submission, last: Coordinate, recorded_at: Timestamp) {
        if !self.is_awaited {
            return;
        }
        let records = records(submission, last, recorded_at);
        let bytes = records.iter().map(|it| it.data.len() + RECORD_BYTES);
        self.bytes = self.bytes.saturating_add(bytes.sum());
        self.records.extend(records);
        if self.bytes > BYTES_MAX {
            self.records.clear();
            self.bytes = 0;
        }
    }
}

/// The events as they are stored, but for what went before each in the shard, which is not known here.
fn records(submission: &Submission, last: Coordinate, recorded_at: Timestamp) -> Vec<LogRecord> {
    let mut versions: BTreeMap<StreamId, Version> = submission.read_set.iter().copied().collect();
    let mut left = u64::try_from(submission.events.len()).unwrap_or(u64::MAX);
    let events = submission.events.iter();
    events
        .map(|event| {
            left -= 1;
            let position = Position(last.position.0.saturating_sub(left));
            let version = versions.entry(event.stream).or_insert(Version::NONE);
            *version = version.plus(1);
            record(
                event,
                Coordinate { position, ..last },
                *version,
                recorded_at,
            )
        })
        .collect()
}

fn record(
    event: &NewEvent,
    coordinate: Coordinate,
    version: Version,
    recorded_at: Timestamp,
) -> LogRecord {
    LogRecord {
        envelope: Envelope {
            event_id: event.event_id,
            event_type: event.event_type.to_owned(),
            stream: event.stream,
            version,
            coordinate,
            previous_id: EventId::NIL,
            occurred_at: event.occurred_at,
            recorded_at,
            correlation_id: event.correlation_id,
            causation_id: event.causation_id,
            actor: event.actor.clone(),
            traceparent: event.traceparent.clone(),
        },
        customer: event.customer,
        data: event.data.clone(),
    }
}

#[cfg(test)]
mod tests {
    use orderfold_events::{Actor, CustomerId, Epoch, OrderId, Shard};
    use tokio::{sync::oneshot, time::Instant};
    use uuid::Uuid;

    use super::*;
    use crate::event_sourcing::{Answer, IdempotencyKey, Retention};

    const CUSTOMER: StreamId = StreamId::Customer(CustomerId(Uuid::nil()));
    const ORDER: StreamId = StreamId::Order(OrderId(Uuid::nil()));

    fn time() -> Timestamp {
        "2026-01-01T00:00:00.000Z".parse().unwrap()
    }

    /// With an event for each of these streams, of so many bytes.
    fn job(streams: &[StreamId], bytes: usize) -> Job {
        let event = |(&stream, number)| NewEvent {
            stream,
            event_id: EventId(Uuid::from_u128(number)),
            customer: CustomerId(Uuid::nil()),
            event_type: "orderfold.test.happened.v1",
            occurred_at: time(),
            correlation_id: Uuid::nil(),
            causation_id: Uuid::nil(),
            actor: Actor("service:test".to_owned()),
            traceparent: None,
            data: vec![0; bytes].into(),
        };
        let submission = Submission {
            shard: Shard(3),
            read_set: vec![(CUSTOMER, Version(7)), (ORDER, Version::NONE)],
            events: streams.iter().zip(1..).map(event).collect(),
            claims: Vec::new(),
            timers: Vec::new(),
            idempotency: IdempotencyKey {
                key: [0; 32],
                fingerprint: [0; 32],
                internal: true,
            },
            answer: Answer {
                status: 200,
                body: Vec::new(),
                stream: None,
                version: Version::NONE,
                retention: Retention::Kept,
            },
        };
        Job {
            submission,
            seen: super::super::hot::Seen::default(),
            deadline: Instant::now(),
            reply: oneshot::channel().0,
        }
    }

    fn note(appended: &Appended, job: &Job, outcome: Outcome) {
        appended.note(std::iter::once((job, &Ok(outcome))));
    }

    fn accepted(last: u64) -> Outcome {
        Outcome::Accepted {
            coordinate: Coordinate {
                epoch: Epoch(2),
                shard: Shard(3),
                position: Position(last),
            },
            recorded_at: time(),
        }
    }

    #[test]
    fn events_get_the_versions_and_positions_that_they_are_stored_with() {
        let appended = Appended::default();
        appended.await_events(true);
        let job = job(&[CUSTOMER, ORDER, ORDER, CUSTOMER], 1);
        note(&appended, &job, accepted(23));
        let at: Vec<_> = appended
            .take()
            .into_iter()
            .map(|it| {
                (
                    it.envelope.stream,
                    it.envelope.version.0,
                    it.envelope.coordinate.position.0,
                )
            })
            .collect();
        assert_eq!(
            at,
            [
                (CUSTOMER, 8, 20),
                (ORDER, 1, 21),
                (ORDER, 2, 22),
                (CUSTOMER, 9, 23)
            ]
        );
        assert!(appended.take().is_empty(), "each is given once");
    }

    #[test]
    fn only_what_was_accepted_waits_and_only_for_a_relay_that_publishes() {
        let appended = Appended::default();
        let job = job(&[CUSTOMER], 1);
        note(&appended, &job, accepted(1));
        assert!(appended.take().is_empty());
        appended.await_events(true);
        note(&appended, &job, Outcome::Stale);
        note(&appended, &job, accepted(1));
        assert_eq!(appended.take().len(), 1);
    }

    #[test]
    fn what_waits_is_bounded() {
        let appended = Appended::default();
        appended.await_events(true);
        let job = job(&[CUSTOMER], BYTES_MAX / 4);
        for _ in 0..3 {
            note(&appended, &job, accepted(1));
        }
        assert_eq!(appended.waiting().records.len(), 3);
        note(&appended, &job, accepted(1));
        assert!(appended.take().is_empty(), "the store has it");
    }
}
