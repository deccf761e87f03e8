//! Why the relay stops publishing, and whether beginning again can help.

use orderfold_events::{Position, Shard};
use rdkafka::error::KafkaError;

use super::{halt::Halt, topic::TopicError};
use crate::event_sourcing::StoreError;

/// Why publishing stops; it starts again from the stored progress.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    #[error("the relay cannot read or write the store")]
    Store(#[from] StoreError),
    #[error("Kafka refuses the producer")]
    Producer(#[source] KafkaError),
    #[error("shard {shard} position {position} was not taken by Kafka")]
    NotDelivered {
        shard: Shard,
        position: Position,
        source: KafkaError,
    },
    #[error("the store's shard {shard} has a hole before position {next}")]
    Hole { shard: Shard, next: Position },
    #[error("the lease has gone to another replica")]
    LeaseLost,
    #[error("the store's shard {0} is not what was published of it")]
    Rewritten(Shard),
    #[error("the store has no shards to publish")]
    NoShards,
    #[error(transparent)]
    Topic(#[from] TopicError),
    #[error(transparent)]
    Halted(#[from] Halt),
}

impl RelayError {
    /// Whether only an operator can help.
    #[must_use]
    pub fn halts(&self) -> bool {
        match self {
            Self::Topic(error) => error.is_lasting(),
            Self::Halted(_) => true,
            Self::Store(_)
            | Self::Producer(_)
            | Self::NotDelivered { .. }
            | Self::Hole { .. }
            | Self::LeaseLost
            | Self::Rewritten(_)
            | Self::NoShards => false,
        }
    }
}
