//! The client of Kafka: how it is set up, and what is done with its partitions.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use orderfold_events::Shard;
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    consumer::{Consumer as _, StreamConsumer},
    error::KafkaError,
};
use tracing::{error, warn};

use super::{
    ConsumerOptions,
    rebalance::{Rebalancing, shard_of},
};

const METADATA_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) type Kafka = StreamConsumer<Rebalancing>;

/// A client that joins the group; what it is assigned, it reads from where `context` says.
pub(super) fn connect(
    options: &ConsumerOptions,
    context: Rebalancing,
) -> Result<Kafka, KafkaError> {
    let kafka: Kafka = client_config(options).create_with_context(context)?;
    kafka.subscribe(&[&options.topic])?;
    Ok(kafka)
}

fn client_config(options: &ConsumerOptions) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &options.brokers)
        .set("client.id", "orderfold-query")
        .set("group.id", &options.group)
        .set("group.protocol", "consumer")
        // Contiguous shards for each replica, so that each adds to buckets of its own.
        .set("group.remote.assignor", "range")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("allow.auto.create.topics", "false")
        .set("check.crcs", "true")
        // A fetch is answered as soon as there is anything; this is how long a newly assigned shard may have to wait.
        .set("fetch.wait.max.ms", "100")
        .set("fetch.error.backoff.ms", "50")
        .set("fetch.queue.backoff.ms", "50")
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000")
        // One answer is unpacked as a whole, to several times its size. A larger record still comes, by itself.
        .set("fetch.max.bytes", "1048576")
        .set("fetch.message.max.bytes", "65536")
        .set("queued.max.messages.kbytes", "4096");
    config
}

/// The shards whose next record Kafka does not have: their partitions were cut off or made anew.
pub(super) fn out_of_range(kafka: &Kafka, topic: &str) -> Result<BTreeSet<Shard>, KafkaError> {
    let positions = kafka.position()?;
    let mut lost = BTreeSet::new();
    for assigned in kafka.assignment()?.elements() {
        let partition = assigned.partition();
        let position = positions
            .find_partition(topic, partition)
            .map(|element| element.offset());
        let (low, high) = kafka.fetch_watermarks(topic, partition, METADATA_TIMEOUT)?;
        if let (Some(Offset::Offset(next)), _) | (_, Offset::Offset(next)) =
            (position, assigned.offset())
            && !(low..=high).contains(&next)
        {
            warn!(
                partition,
                next, low, high, "Kafka does not have the offset to go on from"
            );
            lost.extend(shard_of(partition));
        }
    }
    Ok(lost)
}

pub(super) fn for_assigned(
    kafka: &Kafka,
    act: impl FnOnce(&TopicPartitionList) -> Result<(), KafkaError>,
) {
    if let Err(error) = kafka.assignment().and_then(|partitions| act(&partitions)) {
        warn!(%error, "partitions could not be paused or resumed");
    }
}

/// Leaving the group talks to the broker, in its own thread.
pub(super) async fn close(kafka: Arc<Kafka>) {
    if let Err(error) = tokio::task::spawn_blocking(move || drop(kafka)).await {
        error!(%error, "the consumer of Kafka did not close");
    }
}
