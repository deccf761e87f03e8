//! Submissions as tests write them: small ones about made-up customers and orders, each under a key of its own.

use std::sync::atomic::{AtomicU64, Ordering};

use command_service::event_sourcing::{
    Answer, ClaimChange, ClaimKey, ClaimKind, IdempotencyKey, NewEvent, Retention, Submission,
};
use orderfold_events::{Actor, CustomerId, EventId, OrderId, Shard, StreamId, Timestamp, Version};
use uuid::Uuid;

/// A new id in every call; no clock and no chance.
pub fn new_id() -> Uuid {
    static LAST: AtomicU64 = AtomicU64::new(0);
    Uuid::from_u128(
        0x0199_0000_0000_7000_8000_0000_0000_0000
            | u128::from(LAST.fetch_add(1, Ordering::Relaxed)),
    )
}

pub fn new_key() -> [u8; 32] {
    let mut key = [0; 32];
    // The counting end first, so that keys are not in the order in which they were made.
    for (to, from) in key.iter_mut().zip(new_id().as_bytes().iter().rev()) {
        *to = *from;
    }
    key
}

pub fn order() -> StreamId {
    StreamId::Order(OrderId(new_id()))
}

pub fn email(text: &str) -> (ClaimKind, ClaimKey) {
    let mut key = [b'.'; 32];
    key[..text.len()].copy_from_slice(text.as_bytes());
    (ClaimKind::CustomerEmail, key)
}

/// A customer, and the shard that everything of it is in.
#[derive(Debug, Clone, Copy)]
pub struct Customer {
    pub id: CustomerId,
    pub shard: Shard,
}

impl Customer {
    pub fn stream(self) -> StreamId {
        StreamId::Customer(self.id)
    }

    /// A decision that saw a stream at a version and records one more event in it.
    pub fn appends(self, stream: StreamId, seen: u32) -> Submission {
        let mut submission = self.looks_at(stream, seen);
        submission.events.push(self.event(stream));
        submission.answer.version = Version(seen + 1);
        submission
    }

    /// A decision that saw a stream at a version and records nothing.
    pub fn looks_at(self, stream: StreamId, seen: u32) -> Submission {
        Submission {
            shard: self.shard,
            read_set: vec![(stream, Version(seen))],
            events: Vec::new(),
            claims: Vec::new(),
            timers: Vec::new(),
            idempotency: IdempotencyKey {
                key: new_key(),
                fingerprint: [1; 32],
                internal: false,
            },
            answer: Answer {
                status: 200,
                body: b"{}".to_vec(),
                stream: Some(stream),
                version: Version(seen),
                retention: Retention::Kept,
            },
        }
    }

    pub fn registers(self) -> Submission {
        self.appends(self.stream(), 0)
    }

    pub fn event(self, stream: StreamId) -> NewEvent {
        let id = new_id();
        NewEvent {
            stream,
            event_id: EventId(id),
            customer: self.id,
            event_type: "orderfold.test.happened.v1",
            occurred_at: "2017-11-08T00:00:00.000Z".parse::<Timestamp>().unwrap(),
            correlation_id: id,
            causation_id: id,
            actor: Actor("service:test".to_owned()),
            traceparent: None,
            data: format!(r#"{{"event":"{id}","text":"Grüße, 注文"}}"#).into(),
        }
    }
}

/// What makes one submission another.
pub trait Varied {
    fn taking(self, claim: (ClaimKind, ClaimKey)) -> Self;
    fn releasing(self, claim: (ClaimKind, ClaimKey)) -> Self;
    fn under(self, key: [u8; 32]) -> Self;
    fn saying(self, status: u16, body: &str) -> Self;
    fn not_kept(self) -> Self;
    fn also_reading(self, stream: StreamId, seen: u32) -> Self;
    fn with_data(self, bytes: usize) -> Self;
}

impl Varied for Submission {
    /// For the first stream of the read set, as everywhere here.
    fn taking(mut self, (kind, key): (ClaimKind, ClaimKey)) -> Self {
        let owner = self.read_set[0].0;
        self.claims.push(ClaimChange::Take { kind, key, owner });
        self
    }

    fn releasing(mut self, (kind, key): (ClaimKind, ClaimKey)) -> Self {
        let owner = self.read_set[0].0;
        self.claims.push(ClaimChange::Release { kind, key, owner });
        self
    }

    fn under(mut self, key: [u8; 32]) -> Self {
        self.idempotency.key = key;
        self
    }

    fn saying(mut self, status: u16, body: &str) -> Self {
        self.answer.status = status;
        self.answer.body = body.as_bytes().to_vec();
        self
    }

    fn not_kept(mut self) -> Self {
        self.answer.retention = Retention::Discarded;
        self
    }

    fn also_reading(mut self, stream: StreamId, seen: u32) -> Self {
        self.read_set.push((stream, Version(seen)));
        self
    }

    fn with_data(mut self, bytes: usize) -> Self {
        let padding = "x".repeat(bytes - 2);
        self.events[0].data = format!("\"{padding}\"").into();
        self
    }
}
