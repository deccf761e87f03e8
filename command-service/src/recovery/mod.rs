//! What only an operator can order, once Kafka and the store contradict each other: to publish the log again, or to
//! begin a new epoch. Each verb looks first, refuses in one sentence where it does not apply, and says what it did.

mod raise_epoch;
mod republish;

use orderfold_events::Shard;

pub use self::{
    raise_epoch::{RaiseEpoch, raise_epoch},
    republish::{Republish, republish},
};
use crate::{
    database::{Database, StoreIdentity},
    event_sourcing::StoreError,
    relay::{KafkaConfig, RelayError, TopicError},
};

/// Why a verb did nothing.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    #[error("the store has {shards} shards, numbered from 0: there is no shard {asked}")]
    NoSuchShard { asked: u16, shards: u16 },
    #[error(
        "shard {shard} ends at position {end}: there is nothing to publish from position {from} on"
    )]
    BeyondEnd { shard: Shard, end: u64, from: u64 },
    #[error(
        "Kafka and the store agree in every shard: there is no fork to begin an epoch at (after a restore whose lost \
         events never reached Kafka, `--all` begins one behind the last event of every shard)"
    )]
    NoFork,
    #[error("the topic cannot be used")]
    Topic(#[from] TopicError),
    #[error("the topic's end cannot be compared with the store")]
    Scan(#[source] RelayError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the verbs work on.
pub struct Recovery {
    pub database: Database,
    pub kafka: KafkaConfig,
    pub identity: StoreIdentity,
}

/// The last line of a report.
fn closing(dry_run: bool, done: &str) -> String {
    if dry_run {
        "This was a dry run: nothing has changed.".to_owned()
    } else {
        done.to_owned()
    }
}
