//! Reads the whole topic and proves that each partition, after dropping records whose epoch is not that of their
//! position and then those that are not next, equals its shard.

use std::{collections::BTreeMap, time::Duration};

use orderfold_events::{Envelope, EventId};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    message::{BorrowedMessage, Headers},
};
use sqlx::{PgPool, Row};
use uuid::Uuid;

const TIMEOUT: Duration = Duration::from_secs(20);

/// One record of the topic.
#[derive(Clone)]
pub struct Record {
    pub partition: i32,
    pub key: String,
    pub envelope: Envelope,
    pub headers: BTreeMap<String, String>,
    pub data: Vec<u8>,
}

/// What the store says of its shards.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// By shard and position: the id and the bytes of the event.
    pub events: BTreeMap<(u16, u64), (Uuid, Vec<u8>)>,
    /// Shard, epoch, and the position that it begins at.
    pub epochs: Vec<(u16, u32, u64)>,
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

impl History {
    /// # Panics
    /// When the store cannot be read.
    pub async fn read(pool: &PgPool) -> Self {
        let short = |row: &sqlx::postgres::PgRow| {
            u16::try_from(row.get::<i32, _>("shard")).expect("a shard")
        };
        let place = |row: &sqlx::postgres::PgRow, column| {
            u64::try_from(row.get::<i64, _>(column)).expect("a position")
        };
        let events = sqlx::query("select shard, position, event_id, data from event")
            .fetch_all(pool)
            .await
            .expect("events");
        let epochs = sqlx::query("select shard, epoch, from_position from store_epoch")
            .fetch_all(pool)
            .await
            .expect("epochs");
        Self {
            events: events
                .iter()
                .map(|row| {
                    let at = (short(row), place(row, "position"));
                    (at, (row.get("event_id"), row.get("data")))
                })
                .collect(),
            epochs: epochs
                .iter()
                .map(|row| {
                    let epoch = u32::try_from(row.get::<i32, _>("epoch")).expect("an epoch");
                    (short(row), epoch, place(row, "from_position"))
                })
                .collect(),
        }
    }

    fn epoch_at(&self, shard: u16, position: u64) -> u32 {
        let begun = self
            .epochs
            .iter()
            .filter(|(of, _, from)| *of == shard && *from <= position);
        begun.map(|(_, epoch, _)| *epoch).max().unwrap_or(1)
    }

    /// Everything in which the topic is not the log.
    #[must_use]
    pub fn differences(&self, records: &[Record]) -> Vec<String> {
        let mut found = Vec::new();
        let mut ends: BTreeMap<u16, (u64, EventId)> = BTreeMap::new();
        let mut kept: BTreeMap<(u16, u64), (Uuid, &[u8])> = BTreeMap::new();
        for record in records {
            let at = record.envelope.coordinate;
            let (shard, position) = (at.shard.0, at.position.0);
            let id = record.envelope.event_id;
            if record.partition != i32::from(shard) {
                found.push(format!("{at:?} lies in partition {}", record.partition));
            }
            if at.epoch.0 != self.epoch_at(shard, position) {
                continue;
            }
            let end = ends.entry(shard).or_insert((0, EventId::NIL));
            if position == end.0 + 1 && record.envelope.previous_id == end.1 {
                *end = (position, id);
                kept.insert((shard, position), (id.0, &record.data));
            } else if position > end.0 {
                found.push(format!("{at:?} follows {end:?}: a hole, or another chain"));
            } else if kept.get(&(shard, position)).map(|(id, _)| *id) != Some(id.0) {
                found.push(format!("{at:?} was given out twice"));
            }
        }
        for (at, (id, data)) in &self.events {
            match kept.remove(at) {
                None => found.push(format!("{at:?} is not on Kafka")),
                Some(there) if there != (*id, data.as_slice()) => {
                    found.push(format!("{at:?} is another event on Kafka"));
                }
                Some(_) => {}
            }
        }
        found.extend(kept.keys().map(|at| format!("{at:?} is on Kafka alone")));
        found
    }
}

/// # Panics
/// When a partition does not hold its shard.
pub async fn check_log(pool: &PgPool, records: &[Record]) {
    let found = History::read(pool).await.differences(records);
    assert!(found.is_empty(), "{found:#?}");
}

#[cfg(test)]
mod tests {
    use orderfold_events::{
        Actor, Coordinate, CustomerId, Epoch, Position, Shard, StreamId, Version,
    };

    use super::*;

    fn record(epoch: u32, position: u64, id: u128, previous: u128) -> Record {
        let time = "2026-01-01T00:00:00.000Z".parse().expect("a time");
        Record {
            partition: 0,
            key: String::new(),
            envelope: Envelope {
                event_id: EventId(Uuid::from_u128(id)),
                event_type: String::new(),
                stream: StreamId::Customer(CustomerId(Uuid::nil())),
                version: Version(1),
                coordinate: Coordinate {
                    epoch: Epoch(epoch),
                    shard: Shard(0),
                    position: Position(position),
                },
                previous_id: EventId(Uuid::from_u128(previous)),
                occurred_at: time,
                recorded_at: time,
                correlation_id: Uuid::nil(),
                causation_id: Uuid::nil(),
                actor: Actor(String::new()),
                traceparent: None,
            },
            headers: BTreeMap::new(),
            data: id.to_string().into_bytes(),
        }
    }

    /// Five events, the last two of a second epoch, and a topic that holds them as well as what does not count.
    fn sound() -> (History, Vec<Record>) {
        let ids = [11, 12, 13, 24, 25];
        let event = |id: u128| (Uuid::from_u128(id), id.to_string().into_bytes());
        let history = History {
            events: (1..).map(|n| (0, n)).zip(ids.map(event)).collect(),
            epochs: vec![(0, 1, 1), (0, 2, 4)],
        };
        let records = vec![
            record(1, 1, 11, 0),
            record(1, 2, 12, 11),
            record(1, 3, 13, 12),
            record(1, 2, 12, 11),
            record(1, 4, 14, 13),
            record(1, 5, 15, 14),
            record(2, 4, 24, 13),
            record(2, 5, 25, 24),
        ];
        (history, records)
    }

    fn found_after(harm: impl FnOnce(&mut Vec<Record>)) -> String {
        let (history, mut records) = sound();
        harm(&mut records);
        history.differences(&records).join("; ")
    }

    #[test]
    fn a_topic_with_repetitions_and_a_past_history_is_sound() {
        let (history, records) = sound();
        assert_eq!(history.differences(&records), Vec::<String>::new());
    }

    #[test]
    fn a_dropped_record_is_found_in_the_middle_and_at_the_end() {
        let middle = found_after(|records| {
            records.retain(|record| record.envelope.coordinate.position.0 != 2);
        });
        assert!(middle.contains("a hole"), "{middle}");
        let end = found_after(|records| {
            records.pop();
        });
        assert_eq!(end, "(0, 5) is not on Kafka");
    }

    #[test]
    fn an_event_that_was_doubled_under_a_position_of_its_own_is_found() {
        let doubled = found_after(|records| records.push(record(2, 6, 25, 25)));
        assert_eq!(doubled, "(0, 6) is on Kafka alone");
    }

    #[test]
    fn a_swapped_pair_is_found() {
        let swapped = found_after(|records| records.swap(1, 2));
        assert!(swapped.contains("a hole"), "{swapped}");
    }

    #[test]
    fn a_position_that_was_given_out_twice_is_found() {
        let reissued = found_after(|records| records.push(record(2, 4, 99, 13)));
        assert!(reissued.contains("was given out twice"), "{reissued}");
    }

    #[test]
    fn other_bytes_and_another_partition_are_found() {
        let bytes = found_after(|records| records[0].data = b"other".to_vec());
        assert_eq!(bytes, "(0, 1) is another event on Kafka");
        let partition = found_after(|records| records[0].partition = 1);
        assert!(partition.contains("lies in partition 1"), "{partition}");
    }
}
