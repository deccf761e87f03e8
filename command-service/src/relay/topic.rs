//! The topic: created with what the log needs, and checked against the store.

use std::time::Duration;

use orderfold_events::ShardCount;
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    error::{KafkaError, RDKafkaErrorCode},
};

use super::KafkaConfig;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// Everything is kept for good: a view can always be built again from the first record.
const SETTINGS: [(&str, &str); 4] = [
    ("cleanup.policy", "delete"),
    ("retention.ms", "-1"),
    ("retention.bytes", "-1"),
    ("max.message.bytes", "1048576"),
];

/// Why the topic cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TopicError {
    #[error("Kafka cannot be asked about the topic {topic}")]
    Unreachable { topic: String, source: KafkaError },
    #[error("the topic {topic} could not be created: {code}")]
    NotCreated {
        topic: String,
        code: RDKafkaErrorCode,
    },
    #[error("the topic {topic} does not exist: run `command-service migrate`")]
    Missing { topic: String },
    #[error("the topic {topic} has {partitions} partitions, and the store {shards} shards")]
    OtherPartitions {
        topic: String,
        partitions: usize,
        shards: u16,
    },
}

impl KafkaConfig {
    /// Creates the topic unless it is there.
    ///
    /// # Errors
    /// [`TopicError`].
    pub async fn create_topic(
        &self,
        shards: ShardCount,
        replication: i32,
    ) -> Result<(), TopicError> {
        let unreachable = |source| TopicError::Unreachable {
            topic: self.topic.clone(),
            source,
        };
        let admin: AdminClient<DefaultClientContext> =
            self.client().create().map_err(unreachable)?;
        let topic = SETTINGS.iter().fold(
            NewTopic::new(
                &self.topic,
                i32::from(shards.get()),
                TopicReplication::Fixed(replication),
            ),
            |topic, (name, value)| topic.set(name, value),
        );
        let options = AdminOptions::new()
            .request_timeout(Some(REQUEST_TIMEOUT))
            .operation_timeout(Some(REQUEST_TIMEOUT));
        let results = admin
            .create_topics([&topic], &options)
            .await
            .map_err(unreachable)?;
        for result in results {
            match result {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => return Err(TopicError::NotCreated { topic, code }),
            }
        }
        Ok(())
    }

    /// Checks that the topic has one partition for each shard. Blocks for up to ten seconds.
    ///
    /// # Errors
    /// [`TopicError`]; [`TopicError::Unreachable`] says nothing about the topic.
    pub fn check_topic(&self, shards: ShardCount) -> Result<(), TopicError> {
        let unreachable = |source| TopicError::Unreachable {
            topic: self.topic.clone(),
            source,
        };
        let client: AdminClient<DefaultClientContext> =
            self.client().create().map_err(unreachable)?;
        let metadata = client
            .inner()
            .fetch_metadata(Some(&self.topic), REQUEST_TIMEOUT)
            .map_err(unreachable)?;
        let partitions = metadata
            .topics()
            .first()
            .map_or(0, |topic| topic.partitions().len());
        if partitions == 0 {
            return Err(TopicError::Missing {
                topic: self.topic.clone(),
            });
        }
        if partitions != usize::from(shards.get()) {
            let topic = self.topic.clone();
            return Err(TopicError::OtherPartitions {
                topic,
                partitions,
                shards: shards.get(),
            });
        }
        Ok(())
    }
}
