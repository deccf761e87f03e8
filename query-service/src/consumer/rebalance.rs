//! What happens when the group hands shards to this replica or takes them away. The callback is synchronous and runs
//! inside the reader's `recv`: it only looks into memory.

use std::{collections::BTreeSet, sync::Arc};

use orderfold_events::Shard;
use rdkafka::{
    ClientContext, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer as _, ConsumerContext},
    error::KafkaError,
    types::RDKafkaRespErr,
};
use tracing::{debug, error, info};

use crate::progress::Progress;

/// Assigns shards from where the checkpoints say, instead of from the group's offsets.
#[derive(Debug)]
pub(super) struct Rebalancing {
    pub(super) progress: Arc<Progress>,
    /// Shards to be read from the beginning of what Kafka has, whatever the checkpoints say.
    pub(super) rewound: BTreeSet<Shard>,
}

impl ClientContext for Rebalancing {
    fn error(&self, error: KafkaError, reason: &str) {
        // Brokers come and go; the client reconnects by itself.
        debug!(%error, reason, "kafka client");
    }
}

impl ConsumerContext for Rebalancing {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        err: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let outcome = if err == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.assign(consumer, partitions)
        } else {
            self.revoke(consumer, partitions)
        };
        if let Err(error) = outcome {
            error!(%error, "a rebalance was not carried out");
        }
    }
}

impl Rebalancing {
    fn assign(
        &self,
        consumer: &BaseConsumer<Self>,
        partitions: &TopicPartitionList,
    ) -> Result<(), KafkaError> {
        let mut starts = TopicPartitionList::new();
        for element in partitions.elements() {
            let offset = shard_of(element.partition())
                .filter(|shard| !self.rewound.contains(shard))
                .and_then(|shard| self.progress.start_offset(shard))
                .map_or(Offset::Beginning, Offset::Offset);
            starts.add_partition_offset(element.topic(), element.partition(), offset)?;
        }
        let assignments = self.progress.assignments();
        shards(partitions).for_each(|shard| assignments.assign(shard));
        say(partitions, "shards assigned");
        consumer.incremental_assign(&starts)
    }

    fn revoke(
        &self,
        consumer: &BaseConsumer<Self>,
        partitions: &TopicPartitionList,
    ) -> Result<(), KafkaError> {
        let assignments = self.progress.assignments();
        shards(partitions).for_each(|shard| assignments.revoke(shard));
        say(partitions, "shards revoked");
        consumer.incremental_unassign(partitions)
    }
}

fn say(partitions: &TopicPartitionList, what: &'static str) {
    let shards: Vec<_> = shards(partitions).map(|shard| shard.0).collect();
    if !shards.is_empty() {
        info!(?shards, "{what}");
    }
}

/// Partitions are shards.
pub(super) fn shard_of(partition: i32) -> Option<Shard> {
    u16::try_from(partition).ok().map(Shard)
}

fn shards(partitions: &TopicPartitionList) -> impl Iterator<Item = Shard> {
    partitions
        .elements()
        .into_iter()
        .filter_map(|element| shard_of(element.partition()))
        .collect::<Vec<_>>()
        .into_iter()
}
