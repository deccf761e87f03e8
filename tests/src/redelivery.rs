//! Kafka delivers what it delivered before: copies of records, as a producer that lost its memory would send them.

use std::time::Duration;

use futures::future::try_join_all;
use rdkafka::{
    ClientConfig,
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};

use crate::log::Record;

const TIMEOUT: Duration = Duration::from_mins(1);

/// Adds copies of records to the topic, each to its partition, in the order given.
///
/// # Panics
/// When Kafka does not take them.
pub async fn send(brokers: &str, topic: &str, records: &[Record]) {
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("enable.idempotence", "true")
        .create()
        .expect("a producer");
    let sending = records.iter().map(|record| {
        let headers = record.headers.iter();
        let headers = headers.fold(OwnedHeaders::new(), |headers, (key, value)| {
            let value = Some(value);
            headers.insert(Header { key, value })
        });
        let copy = FutureRecord::to(topic)
            .partition(record.partition)
            .key(&record.key)
            .headers(headers)
            .payload(&record.data);
        producer.send(copy, TIMEOUT)
    });
    if let Err((error, _)) = try_join_all(sending).await {
        panic!("a record was not taken: {error}");
    }
}
