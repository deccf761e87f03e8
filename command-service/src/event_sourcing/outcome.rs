//! What became of a submission.

use orderfold_events::{Coordinate, StreamId, Timestamp, Version};

use super::ClaimKind;

/// The store's word on one submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Durable. The coordinate is that of its last event, or of the shard's head where it had none.
    Accepted {
        coordinate: Coordinate,
        recorded_at: Timestamp,
    },
    /// The key had an answer already; nothing was done.
    Replayed(StoredAnswer),
    /// The key had an answer to another request; nothing was done.
    KeyReused,
    /// Something it looked at has moved on; nothing was done. Decide again.
    Stale,
    /// Another stream holds the claim; nothing was done. The coordinate is the shard's head at the check.
    Taken {
        kind: ClaimKind,
        coordinate: Coordinate,
    },
}

/// An answer as it was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    pub fingerprint: Option<[u8; 32]>,
    pub status: u16,
    pub body: Vec<u8>,
    pub stream: Option<StreamId>,
    pub version: Version,
    pub coordinate: Coordinate,
}
