//! Reads the whole topic and proves that each partition, after dropping what is not next, equals its shard.

use std::{collections::BTreeMap, time::Duration};

use orderfold_events::{Envelope, EventId};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    message::{BorrowedMessage, Headers},
};
use sqlx::{PgPool, Row};

const TIMEOUT: Duration = Duration::from_secs(20);

/// One record of the topic.
pub struct Record {
    pub partition: i32,
    pub key: String,
    pub envelope: Envelope,
    pub headers: BTreeMap<String, String>,
    pub data: Vec<u8>,
}

/// Every record there is now, in the order of each partition.
///
/// # Panics
/// When the topic cannot be read, or holds something else than events.
#[must_use]
pub fn read(brokers: &str, topic: &str) -> Vec<Record> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "checker")
        .set("enable.auto.commit", "false")
        .create()
        .expect("a consumer");
    let metadata = consumer
        .fetch_metadata(Some(topic), TIMEOUT)
        .expect("the topic");
    let mut left = 0;
    let mut assignment = TopicPartitionList::new();
    for partition in metadata.topics()[0].partitions() {
        let (low, high) = consumer
            .fetch_watermarks(topic, partition.id(), TIMEOUT)
            .expect("watermarks");
        assert_eq!(low, 0, "records of partition {} are gone", partition.id());
        left += high;
        assignment
            .add_partition_offset(topic, partition.id(), Offset::Beginning)
            .expect("a partition");
    }
    consumer.assign(&assignment).expect("an assignment");
    let mut records = Vec::new();
    while left > 0 {
        let message = consumer
            .poll(TIMEOUT)
            .expect("a record in time")
            .expect("a record");
        records.push(record(&message));
        left -= 1;
    }
    records
}

fn record(message: &BorrowedMessage<'_>) -> Record {
    let headers = message.headers().expect("headers");
    let pairs = || {
        headers
            .iter()
            .filter_map(|header| Some((header.key, header.value?)))
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    Record {
        partition: message.partition(),
        key: text(message.key().expect("a key")),
        envelope: Envelope::from_headers(pairs()).expect("the headers of an event"),
        headers: pairs()
            .map(|(name, value)| (name.to_owned(), text(value)))
            .collect(),
        data: message.payload().expect("data").to_vec(),
    }
}

/// # Panics
/// When a partition does not hold its shard.
pub async fn check_log(pool: &PgPool, records: &[Record]) {
    let mut ends: BTreeMap<u16, (u64, EventId)> = BTreeMap::new();
    let mut kept = BTreeMap::new();
    for Record {
        partition,
        envelope,
        data,
        ..
    } in records
    {
        let coordinate = envelope.coordinate;
        assert_eq!(
            *partition,
            i32::from(coordinate.shard.0),
            "a record lies in another shard's partition"
        );
        let end = ends.entry(coordinate.shard.0).or_insert((0, EventId::NIL));
        if coordinate.position.0 == end.0 + 1 && envelope.previous_id == end.1 {
            *end = (coordinate.position.0, envelope.event_id);
            kept.insert(
                (coordinate.shard.0, coordinate.position.0),
                (envelope.event_id.0, data),
            );
        } else {
            // At least once: what comes again is dropped, what comes too early would be a hole.
            assert!(
                coordinate.position.0 <= end.0,
                "a hole before {coordinate:?}"
            );
        }
    }
    let rows = sqlx::query("select shard, position, event_id, data from event")
        .fetch_all(pool)
        .await
        .expect("events");
    assert_eq!(
        rows.len(),
        kept.len(),
        "the log and the store differ in length"
    );
    for row in rows {
        let shard = u16::try_from(row.get::<i32, _>("shard")).expect("a shard");
        let position = u64::try_from(row.get::<i64, _>("position")).expect("a position");
        let (id, data) = kept[&(shard, position)];
        assert_eq!(id, row.get::<uuid::Uuid, _>("event_id"));
        assert_eq!(
            *data,
            row.get::<Vec<u8>, _>("data"),
            "the log holds other bytes than the store"
        );
    }
}
