//! What one decided command asks the store to do, all of it or nothing.

use std::collections::BTreeSet;

use bytes::Bytes;
use orderfold_events::{Actor, CustomerId, EventId, Shard, StreamId, Timestamp, Version};
use uuid::Uuid;

use super::TimerChange;

/// One decision: what it looked at, what it records, and the answer that a retry has to get again.
#[derive(Debug, Clone)]
pub struct Submission {
    pub shard: Shard,
    /// Every stream the decision looked at, at the version it saw; [`Version::NONE`] for one that does not exist.
    /// A refusal or a repetition carries it too: it is only true of what it looked at.
    pub read_set: Vec<(StreamId, Version)>,
    /// In order; versions and positions follow from the read set. Every stream stands in the read set.
    pub events: Vec<NewEvent>,
    pub claims: Vec<ClaimChange>,
    /// In order; every stream stands in the read set.
    pub timers: Vec<TimerChange>,
    pub idempotency: IdempotencyKey,
    pub answer: Answer,
}

/// An event before it has a position.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub stream: StreamId,
    pub event_id: EventId,
    /// Whose event it is; the key of the record on Kafka.
    pub customer: CustomerId,
    /// The wire type.
    pub event_type: &'static str,
    pub occurred_at: Timestamp,
    pub correlation_id: Uuid,
    pub causation_id: Uuid,
    pub actor: Actor,
    pub traceparent: Option<String>,
    /// The JSON of the event, as it is stored and as it goes to Kafka; at most [`NewEvent::DATA_BYTES_MAX`].
    pub data: Bytes,
}

impl NewEvent {
    pub const DATA_BYTES_MAX: usize = 512 * 1024;
}

/// What only one stream may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClaimKind {
    CustomerEmail,
    CustomerReference,
    OrderReference,
    /// The reference of a payment that settles several orders: which of them, by its place in the payment.
    AccountPayment,
}

impl ClaimKind {
    const ALL: [Self; 4] = [
        Self::CustomerEmail,
        Self::CustomerReference,
        Self::OrderReference,
        Self::AccountPayment,
    ];

    /// How the store spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CustomerEmail => "customer_email",
            Self::CustomerReference => "customer_reference",
            Self::OrderReference => "order_reference",
            Self::AccountPayment => "account_payment",
        }
    }

    /// Reads the store's spelling.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// HMAC of the normalised value: an e-mail is personal, and no table may hold it.
pub type ClaimKey = [u8; 32];

/// A claim that a decision takes or gives up for a stream of its read set.
#[derive(Debug, Clone)]
pub enum ClaimChange {
    Take {
        kind: ClaimKind,
        key: ClaimKey,
        owner: StreamId,
    },
    Release {
        kind: ClaimKind,
        key: ClaimKey,
        owner: StreamId,
    },
}

impl ClaimChange {
    pub(crate) fn claim(&self) -> (ClaimKind, ClaimKey) {
        match self {
            Self::Take { kind, key, .. } | Self::Release { kind, key, .. } => (*kind, *key),
        }
    }

    pub(crate) fn owner(&self) -> StreamId {
        match self {
            Self::Take { owner, .. } | Self::Release { owner, .. } => *owner,
        }
    }

    pub(crate) fn takes(&self) -> bool {
        matches!(self, Self::Take { .. })
    }
}

/// What makes a retry recognisable.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// SHA-256 of principal, operation and the caller's key, or random bytes where the caller sent none.
    pub key: [u8; 32],
    /// SHA-256 of operation, target and body as sent; zeros where `internal`, whose key is random and so names one
    /// request only.
    pub fingerprint: [u8; 32],
    /// Made here because the caller sent none: it only has to outlive the store's own retries.
    pub internal: bool,
}

/// Whether an answer is kept under its key. Refusals about a claim and version conflicts are not: a retry may well
/// find otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    Kept,
    Discarded,
}

/// The answer as it is kept; it holds no personal data.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    /// JSON.
    pub body: Vec<u8>,
    /// The stream that the entity tag speaks of.
    pub stream: Option<StreamId>,
    pub version: Version,
    pub retention: Retention,
}

impl Submission {
    /// Every stream named, each once.
    pub(crate) fn streams(&self) -> BTreeSet<StreamId> {
        self.read_set
            .iter()
            .map(|(stream, _)| *stream)
            .chain(self.events.iter().map(|event| event.stream))
            .chain(self.claims.iter().map(ClaimChange::owner))
            .chain(self.timers.iter().map(|change| change.stream))
            .collect()
    }

    /// About how many bytes it sends to the database.
    pub(crate) fn weight_bytes(&self) -> usize {
        const ROW_BYTES: usize = 256;
        let events: usize = self
            .events
            .iter()
            .map(|event| event.data.len() + ROW_BYTES)
            .sum();
        ROW_BYTES + self.answer.body.len() + events
    }
}
