//! The producer: one record is one event, on the partition of its shard, and every delivery is reported back.

use orderfold_events::{Position, Shard};
use rdkafka::{
    ClientConfig, ClientContext, Message,
    error::{KafkaError, RDKafkaErrorCode},
    message::{DeliveryResult, Header, OwnedHeaders},
    producer::{BaseRecord, Producer, ProducerContext, PurgeConfig, ThreadedProducer},
};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::database::LogRecord;

/// Where Kafka is.
#[derive(Debug, Clone)]
pub struct KafkaConfig {
    pub brokers: String,
    pub topic: String,
}

/// What became of one record.
#[derive(Debug)]
pub(super) struct Delivery {
    pub shard: Shard,
    pub position: Position,
    /// The record's offset, once a quorum has it.
    pub result: Result<i64, KafkaError>,
}

pub(super) struct Reports(mpsc::UnboundedSender<Delivery>);

impl ClientContext for Reports {
    fn log(&self, level: rdkafka::config::RDKafkaLogLevel, facility: &str, message: &str) {
        // The relay reports failures itself; librdkafka repeats every refused connection.
        tracing::debug!(?level, facility, message, "librdkafka");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "librdkafka");
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = Box<(Shard, Position)>;

    fn delivery(&self, result: &DeliveryResult<'_>, opaque: Self::DeliveryOpaque) {
        let (shard, position) = *opaque;
        let result = match result {
            Ok(message) => Ok(message.offset()),
            Err((error, _)) => Err(error.clone()),
        };
        // The receiver is gone only when the relay has given up this producer.
        let _gone = self.0.send(Delivery {
            shard,
            position,
            result,
        });
    }
}

pub(super) struct KafkaLog {
    producer: ThreadedProducer<Reports>,
    topic: String,
    store_id: Uuid,
}

/// Bounds of what waits in the producer: as many records, and as many KiB.
const QUEUE_RECORDS_MAX: &str = "20000";
const QUEUE_KIB_MAX: &str = "65536";

impl KafkaLog {
    pub fn connect(
        config: &KafkaConfig,
        store_id: Uuid,
    ) -> Result<(Self, mpsc::UnboundedReceiver<Delivery>), KafkaError> {
        // Bounded all the same: never more reports than records in the queue.
        let (reports, deliveries) = mpsc::unbounded_channel();
        let producer = config
            .client()
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("compression.type", "zstd")
            // The default drops the oldest records of a long outage while later ones get through: a hole.
            .set("message.timeout.ms", "0")
            // The relay gathers itself.
            .set("linger.ms", "0")
            // After an outage the backlog need not wait ten seconds for the next attempt.
            .set("reconnect.backoff.max.ms", "1000")
            .set("queue.buffering.max.messages", QUEUE_RECORDS_MAX)
            .set("queue.buffering.max.kbytes", QUEUE_KIB_MAX)
            .create_with_context(Reports(reports))?;
        Ok((
            Self {
                producer,
                topic: config.topic.clone(),
                store_id,
            },
            deliveries,
        ))
    }

    /// Queues a record; `false` when the queue is full and the record was not taken.
    pub fn send(&self, record: &LogRecord) -> Result<bool, KafkaError> {
        let envelope = &record.envelope;
        let coordinate = envelope.coordinate;
        let mut headers = OwnedHeaders::new_with_capacity(17);
        for (key, value) in &envelope.to_headers(self.store_id) {
            headers = headers.insert(Header {
                key,
                value: Some(value),
            });
        }
        let customer = record.customer.to_string();
        let message = BaseRecord::with_opaque_to(
            &self.topic,
            Box::new((coordinate.shard, coordinate.position)),
        )
        .partition(i32::from(coordinate.shard.0))
        // The record's own timestamp stays the broker's: retention must not see backdated history.
        .key(customer.as_bytes())
        .payload(record.data.as_ref())
        .headers(headers);
        match self.producer.send(message) {
            Ok(()) => Ok(true),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => Ok(false),
            Err((error, _)) => Err(error),
        }
    }

    /// Gives up everything that is queued or on its way; each is reported as failed.
    pub fn purge(&self) {
        self.producer
            .purge(PurgeConfig::default().queue().inflight());
    }
}

impl KafkaConfig {
    pub(super) fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client
            .set("bootstrap.servers", &self.brokers)
            .set("client.id", "orderfold-command-service")
            // Whatever is made by asking has the wrong number of partitions.
            .set("allow.auto.create.topics", "false");
        client
    }
}
