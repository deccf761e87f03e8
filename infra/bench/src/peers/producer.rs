//! The bare producer: the very records that the relay published, sent again to a topic of its own with the relay's
//! settings, from memory.

use std::time::{Duration, Instant};

use orderfold_stack::{Result, StackError, clock};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::OwnedMessage,
    metadata::MetadataTopic,
    producer::{BaseProducer, BaseRecord, Producer},
};

const ANSWER_LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(1);
/// Delivery reports are served once for so many records.
const POLL_EVERY: usize = 256;

/// The first records of a topic, at most so many.
///
/// # Errors
/// When they cannot be read.
pub fn read(brokers: &str, topic: &str, records_max: usize) -> Result<Vec<OwnedMessage>> {
    read_all(brokers, topic, records_max).map_err(kafka_error)
}

fn read_all(
    brokers: &str,
    topic: &str,
    records_max: usize,
) -> std::result::Result<Vec<OwnedMessage>, KafkaError> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "bench")
        .set("enable.auto.commit", "false")
        .create()?;
    let metadata = consumer.fetch_metadata(Some(topic), ANSWER_LIMIT)?;
    let partitions = metadata.topics().iter().flat_map(MetadataTopic::partitions);
    let mut assignment = TopicPartitionList::new();
    for partition in partitions {
        assignment.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
    }
    consumer.assign(&assignment)?;
    let mut records = Vec::with_capacity(records_max);
    while records.len() < records_max {
        match consumer.poll(ANSWER_LIMIT) {
            Some(message) => records.push(message?.detach()),
            None => {
                return Err(KafkaError::MessageConsumption(
                    RDKafkaErrorCode::OperationTimedOut,
                ));
            }
        }
    }
    Ok(records)
}

/// Records per second, counted until the last is acknowledged.
///
/// # Errors
/// When Kafka refuses.
pub async fn produce(brokers: &str, records: &[OwnedMessage], partitions: i32) -> Result<f64> {
    let topic = format!("bench-{}", clock::new_id().simple());
    make_topic(brokers, &topic, partitions)
        .await
        .map_err(kafka_error)?;
    produce_all(brokers, &topic, records).map_err(kafka_error)
}

fn produce_all(
    brokers: &str,
    topic: &str,
    records: &[OwnedMessage],
) -> std::result::Result<f64, KafkaError> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("compression.type", "zstd")
        .set("linger.ms", "1")
        .set("queue.buffering.max.messages", "20000")
        .set("queue.buffering.max.kbytes", "65536")
        .create()?;
    // Connected and acquainted with the topic before the clock starts.
    producer
        .client()
        .fetch_metadata(Some(topic), ANSWER_LIMIT)?;
    let begun = Instant::now();
    for (number, record) in records.iter().enumerate() {
        send(&producer, topic, record)?;
        if number % POLL_EVERY == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(ANSWER_LIMIT)?;
    Ok(records.len() as f64 / begun.elapsed().as_secs_f64())
}

fn send(
    producer: &BaseProducer,
    topic: &str,
    record: &OwnedMessage,
) -> std::result::Result<(), KafkaError> {
    loop {
        let mut message: BaseRecord<'_, [u8], [u8]> =
            BaseRecord::to(topic).partition(record.partition());
        if let Some(key) = record.key() {
            message = message.key(key);
        }
        if let Some(payload) = record.payload() {
            message = message.payload(payload);
        }
        if let Some(headers) = record.headers() {
            message = message.headers(headers.clone());
        }
        match producer.send(message) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                producer.poll(POLL);
            }
            Err((error, _)) => return Err(error),
        }
    }
}

pub(super) async fn make_topic(
    brokers: &str,
    topic: &str,
    partitions: i32,
) -> std::result::Result<(), KafkaError> {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .create()?;
    let topic = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    let options = AdminOptions::new().operation_timeout(Some(ANSWER_LIMIT));
    for outcome in admin.create_topics([&topic], &options).await? {
        outcome.map_err(|(_, code)| KafkaError::AdminOp(code))?;
    }
    Ok(())
}

pub(super) fn kafka_error(error: KafkaError) -> StackError {
    StackError::failed("use Kafka", error)
}
