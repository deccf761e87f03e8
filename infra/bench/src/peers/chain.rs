//! The chain by hand: what one would write first to get an event from one database into the other. A row, a record, an
//! update, a look; nothing is authenticated, decided, guarded or folded.

use std::time::{Duration, Instant};

use mongodb::{
    Collection,
    bson::{Binary, Document, doc, spec::BinarySubtype},
};
use orderfold_stack::{Result, StackError, clock};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{Consumer, StreamConsumer},
    error::KafkaError,
    producer::{FutureProducer, FutureRecord},
};
use sqlx::PgPool;

use super::{
    producer,
    views::{Views, mongo_error},
};
use crate::stage::store_error;

const PASS_LIMIT: Duration = Duration::from_secs(30);

pub struct Chain {
    store: PgPool,
    producer: FutureProducer,
    consumer: StreamConsumer,
    topic: String,
    view: Collection<Document>,
    passed: u64,
}

impl Chain {
    /// # Errors
    /// When a server refuses.
    pub async fn link(store: &PgPool, brokers: &str, views: &Views) -> Result<Self> {
        sqlx::query("create table chained (event_id uuid primary key, data bytea not null)")
            .execute(store)
            .await
            .map_err(store_error)?;
        let topic = format!("bench-{}", clock::new_id().simple());
        producer::make_topic(brokers, &topic, 1)
            .await
            .map_err(producer::kafka_error)?;
        let (producer, consumer) = connect(brokers, &topic).map_err(producer::kafka_error)?;
        Ok(Self {
            store: store.clone(),
            producer,
            consumer,
            topic,
            view: views.of_peers("chained"),
            passed: 0,
        })
    }

    /// Sends one event all the way; answers how long that took.
    ///
    /// # Errors
    /// When a server refuses, or it does not arrive.
    pub async fn pass(&mut self, data: &[u8]) -> Result<Duration> {
        self.passed += 1;
        let begun = Instant::now();
        tokio::time::timeout(PASS_LIMIT, self.pass_on(data))
            .await
            .map_err(|_elapsed| StackError::failed("pass an event on", "it did not arrive"))??;
        Ok(begun.elapsed())
    }

    async fn pass_on(&self, data: &[u8]) -> Result<()> {
        let id = clock::new_id();
        sqlx::query("insert into chained (event_id, data) values ($1, $2)")
            .bind(id)
            .bind(data)
            .execute(&self.store)
            .await
            .map_err(store_error)?;
        let key = id.to_string();
        let record = FutureRecord::to(&self.topic).key(&key).payload(data);
        // What arrived was delivered: nobody waits for the acknowledgement.
        let _delivery = self
            .producer
            .send_result(record)
            .map_err(|(error, _record)| producer::kafka_error(error))?;
        let record = self.consumer.recv().await.map_err(producer::kafka_error)?;
        if record.key() != Some(key.as_bytes()) {
            return Err(StackError::failed("pass an event on", "another one came"));
        }
        let version = i64::try_from(self.passed).unwrap_or(i64::MAX);
        let data = Binary {
            subtype: BinarySubtype::Generic,
            bytes: record.payload().unwrap_or_default().to_vec(),
        };
        self.view
            .update_one(
                doc! { "_id": "order" },
                doc! { "$set": { "version": version, "data": data } },
            )
            .upsert(true)
            .await
            .map_err(mongo_error)?;
        let found = self.view.find_one(doc! { "_id": "order" }).await;
        match found.map_err(mongo_error)? {
            Some(found) if found.get_i64("version").is_ok_and(|seen| seen == version) => Ok(()),
            _ => Err(StackError::failed("look for an event", "it is not there")),
        }
    }
}

fn connect(
    brokers: &str,
    topic: &str,
) -> std::result::Result<(FutureProducer, StreamConsumer), KafkaError> {
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("linger.ms", "0")
        .create()?;
    let consumer: StreamConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "chain")
        .set("enable.auto.commit", "false")
        .create()?;
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset(topic, 0, Offset::Beginning)?;
    consumer.assign(&assignment)?;
    Ok((producer, consumer))
}
