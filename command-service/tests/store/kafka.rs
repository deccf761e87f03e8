//! The relay in a test, and what a consumer finds of it on Kafka.

use std::collections::BTreeMap;

use command_service::relay::{KafkaConfig, Relay};
use orderfold_events::{CustomerId, Envelope, internal::FeedRecord};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{Consumer, StreamConsumer},
    message::Headers,
};
use tokio::{task::JoinHandle, time::timeout_at};
use tokio_util::sync::CancellationToken;

use crate::{
    submissions::new_id,
    world::{SHARDS, World, soon},
};

/// A record as it lies on Kafka.
pub struct Arrived {
    pub partition: i32,
    pub key: Vec<u8>,
    pub value: Vec<u8>,
    pub envelope: Envelope,
    pub headers: BTreeMap<String, String>,
}

/// A relay at work.
pub struct Publishing {
    pub task: JoinHandle<()>,
    stop: CancellationToken,
}

impl Publishing {
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

impl World {
    /// A new topic for this store.
    pub async fn topic(&self, brokers: String) -> KafkaConfig {
        // The database's name, which no other test has.
        let name = sqlx::query_scalar("select current_database()::text");
        let topic = name.fetch_one(self.database.pool()).await.unwrap();
        let kafka = KafkaConfig { brokers, topic };
        kafka.create_topic(self.identity.shards, 1).await.unwrap();
        kafka
    }

    pub fn publish(&self, kafka: &KafkaConfig) -> Publishing {
        let stop = CancellationToken::new();
        let relay = Relay {
            database: self.database.clone(),
            kafka: kafka.clone(),
            store_id: self.identity.store_id,
            owner: new_id(),
            appended: self.writers.appended.clone(),
        };
        Publishing {
            task: tokio::spawn(relay.run(stop.clone())),
            stop,
        }
    }

    /// Reads the topic from its beginning until every event of the store has come, and proves that each shard is
    /// there in order, whole, once what a consumer drops is dropped. Gives everything that came.
    pub async fn prove_published(&self, kafka: &KafkaConfig) -> Vec<Arrived> {
        let mut log = Vec::new();
        for shard in 0..SHARDS {
            log.push(self.feed(shard).await);
        }
        let consumer = consumer(kafka);
        let (mut arrived, mut next) = (Vec::new(), [0; SHARDS as usize]);
        while log
            .iter()
            .zip(&next)
            .any(|(shard, next)| shard.len() > *next)
        {
            let message = timeout_at(soon(), consumer.recv()).await;
            let message = message
                .unwrap_or_else(|_| panic!("only {next:?} came"))
                .unwrap();
            let record = read(&message);
            let shard = usize::try_from(record.partition).unwrap();
            let position = usize::try_from(record.envelope.coordinate.position.0).unwrap();
            if is_of_a_past_history(&record, &log[shard]) {
                continue;
            }
            assert!(
                position <= next[shard] + 1,
                "a hole before {shard}/{position}: {next:?}"
            );
            assert_same(&record, &log[shard][position - 1]);
            next[shard] = next[shard].max(position);
            arrived.push(record);
        }
        arrived
    }
}

/// Whether a newer epoch holds at its position.
fn is_of_a_past_history(record: &Arrived, log: &[FeedRecord]) -> bool {
    let at = record.envelope.coordinate;
    let index = usize::try_from(at.position.0 - 1).unwrap();
    let holds = log.get(index).or(log.last());
    holds.is_some_and(|stored| at.epoch < stored.envelope.coordinate.epoch)
}

fn consumer(kafka: &KafkaConfig) -> StreamConsumer {
    let consumer: StreamConsumer = ClientConfig::new()
        .set("bootstrap.servers", &kafka.brokers)
        .set("group.id", "not-used")
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    let mut partitions = TopicPartitionList::new();
    for shard in 0..SHARDS {
        partitions
            .add_partition_offset(&kafka.topic, i32::from(shard), Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&partitions).unwrap();
    consumer
}

impl World {
    /// The first so many records of the topic, whatever they are.
    pub async fn arrived(&self, kafka: &KafkaConfig, records: usize) -> Vec<Arrived> {
        let consumer = consumer(kafka);
        let mut arrived = Vec::new();
        while arrived.len() < records {
            let message = timeout_at(soon(), consumer.recv()).await;
            arrived.push(read(&message.unwrap().unwrap()));
        }
        arrived
    }
}

fn read(message: &impl Message) -> Arrived {
    let headers = message.headers().unwrap();
    let pairs = || {
        headers
            .iter()
            .map(|header| (header.key, header.value.unwrap()))
    };
    Arrived {
        partition: message.partition(),
        key: message.key().unwrap().to_vec(),
        value: message.payload().unwrap().to_vec(),
        envelope: Envelope::from_headers(pairs()).unwrap(),
        headers: pairs()
            .map(|(key, value)| (key.to_owned(), String::from_utf8(value.to_vec()).unwrap()))
            .collect(),
    }
}

/// A record carries exactly what the feed says, and is keyed by its customer.
fn assert_same(record: &Arrived, stored: &FeedRecord) {
    assert_eq!(record.envelope, stored.envelope);
    assert_eq!(record.value, stored.data.get().as_bytes());
    let key = str::from_utf8(&record.key).unwrap();
    assert!(key.parse::<CustomerId>().is_ok(), "{key}");
}
