//! What the command service tells the query service beside Kafka: where the log ends, and any part of it again.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    CustomerId, Envelope, Epoch, EventId, Position, Shard, Timestamp, sealing::base64_text,
};

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

/// `POST /internal/keys`: the keys of some customers are wanted, at most [`KeysQuestion::CUSTOMERS_MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysQuestion {
    pub customers: Vec<CustomerId>,
}

impl KeysQuestion {
    pub const CUSTOMERS_MAX: usize = 1_000;
}

/// The answer to a [`KeysQuestion`]: one entry per customer that was asked for, in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysAnswer {
    pub keys: Vec<KeyAnswer>,
}

/// What is known of one customer's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAnswer {
    pub customer_id: CustomerId,
    #[serde(flatten)]
    pub state: KeyState,
}

/// Whether there is a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum KeyState {
    /// Wrapped with the key that both services share.
    Known {
        #[serde(with = "base64_text")]
        wrapped: Vec<u8>,
    },
    /// It was destroyed, for good.
    Erased,
    /// There is none, which may be otherwise in a moment.
    Unknown,
}
