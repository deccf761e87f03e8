//! The event store as the query side sees it: how far it is, which histories it had, and a feed of any shard's events
//! for what Kafka cannot give. It knows the command service's internal endpoints, and no database.

mod client;
mod epochs;

use std::collections::BTreeMap;

use orderfold_events::{Envelope, Position, Shard, ShardCount, Timestamp};
use uuid::Uuid;

pub use self::{
    client::{StoreClient, StoreError},
    epochs::EpochTable,
};

/// How far the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heads {
    pub store_id: Uuid,
    pub shards: ShardCount,
    pub epochs: EpochTable,
    /// Position of the last event of each shard.
    pub positions: BTreeMap<Shard, Position>,
    /// When this was so, by the store's clock.
    pub now: Timestamp,
}

/// An event as the feed gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEvent {
    pub envelope: Envelope,
    /// The very bytes that were recorded.
    pub data: Vec<u8>,
}
