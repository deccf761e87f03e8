//! What the command service tells the query service beside Kafka: where the log ends, and any part of it again.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{Envelope, Epoch, EventId, Position, Shard, Timestamp};

/// `GET /internal/heads`: the end of every shard and the history of positions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heads {
    pub store_id: Uuid,
    /// The database's clock when the heads were read.
    pub now: Timestamp,
    pub shards: Vec<Head>,
    pub epochs: Vec<EpochStart>,
}

/// The end of one shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub shard: Shard,
    pub epoch: Epoch,
    /// [`Position::START`] when the shard is empty.
    pub position: Position,
    /// [`EventId::NIL`] when the shard is empty.
    pub last_event_id: EventId,
    pub last_recorded_at: Option<Timestamp>,
}

/// From which position on a shard's history is that of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochStart {
    pub shard: Shard,
    pub epoch: Epoch,
    pub from_position: Position,
}

/// One line of `GET /internal/feed/{shard}`: an event with the very bytes of its data.
#[derive(Debug, Serialize, Deserialize)]
pub struct FeedRecord {
    pub envelope: Envelope,
    pub data: Box<RawValue>,
}
