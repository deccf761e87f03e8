//! The topic: created with what the log needs, and checked against the store.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use orderfold_events::ShardCount;
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication},
    client::DefaultClientContext,
    error::{KafkaError, RDKafkaErrorCode},
};

use super::KafkaConfig;

pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// A new topic is known to the broker that is asked only after a moment.
const VISIBLE_TIMEOUT: Duration = Duration::from_secs(10);
const VISIBLE_POLL: Duration = Duration::from_millis(100);
/// Everything is kept for good: a view can always be built again from the first record.
const SETTINGS: [(&str, &str); 4] = [
    ("cleanup.policy", "delete"),
    ("retention.ms", "-1"),
    ("retention.bytes", "-1"),
    ("max.message.bytes", "1048576"),
];

/// From so many copies on, a record counts only once two brokers have it.
const REPLICATION_SAFE: i32 = 3;

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
    #[error(
        "the topic {topic} has {name}={found}, and the log needs {needed}: it would lose events"
    )]
    OtherSetting {
        topic: String,
        name: &'static str,
        found: String,
        needed: &'static str,
    },
}

impl TopicError {
    /// Whether the topic is to blame: asking again does not help.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        !matches!(self, Self::Unreachable { .. })
    }
}

impl KafkaConfig {
    /// Creates the topic unless it is there, and waits until it can be seen.
    ///
    /// # Errors
    /// [`TopicError`], also when an existing topic is not what the log needs.
    pub async fn create_topic(
        &self,
        shards: ShardCount,
        replication: i32,
    ) -> Result<(), TopicError> {
        let admin = self.admin()?;
        let topic = SETTINGS.iter().fold(
            NewTopic::new(
                &self.topic,
                i32::from(shards.get()),
                TopicReplication::Fixed(replication),
            ),
            |topic, (name, value)| topic.set(name, value),
        );
        // An acknowledged record outlives the loss of a broker.
        let topic = if replication >= REPLICATION_SAFE {
            topic.set("min.insync.replicas", "2")
        } else {
            topic
        };
        let results = admin.create_topics([&topic], &options()).await;
        for result in results.map_err(|source| self.unreachable(source))? {
            match result {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => return Err(TopicError::NotCreated { topic, code }),
            }
        }
        let started = Instant::now();
        loop {
            match self.check_topic(shards).await {
                Err(TopicError::Missing { .. }) if started.elapsed() < VISIBLE_TIMEOUT => {
                    tokio::time::sleep(VISIBLE_POLL).await;
                }
                checked => return checked,
            }
        }
    }

    /// Checks that the topic has one partition for each shard, and keeps everything.
    ///
    /// # Errors
    /// [`TopicError`]; [`TopicError::Unreachable`] says nothing about the topic.
    pub async fn check_topic(&self, shards: ShardCount) -> Result<(), TopicError> {
        let partitions = self.partitions().await?;
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
        self.check_settings().await
    }

    async fn partitions(&self) -> Result<usize, TopicError> {
        let (admin, topic) = (self.admin()?, self.topic.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let metadata = admin
                .inner()
                .fetch_metadata(Some(&topic), REQUEST_TIMEOUT)?;
            Ok(metadata
                .topics()
                .first()
                .map_or(0, |topic| topic.partitions().len()))
        });
        asked
            .await
            .unwrap_or(Err(KafkaError::Canceled))
            .map_err(|source| self.unreachable(source))
    }

    async fn check_settings(&self) -> Result<(), TopicError> {
        let admin = self.admin()?;
        let resource = ResourceSpecifier::Topic(&self.topic);
        let described = admin.describe_configs([&resource], &options()).await;
        let described = described.map_err(|source| self.unreachable(source))?;
        let found: HashMap<String, String> = described
            .into_iter()
            .filter_map(Result::ok)
            .flat_map(|resource| resource.entries)
            .filter_map(|entry| Some((entry.name, entry.value?)))
            .collect();
        for (name, needed) in SETTINGS {
            // A message may be larger than needed, and what cannot be read is not judged.
            let Some(value) = found.get(name) else {
                continue;
            };
            let enough = value.parse::<i64>().ok().zip(needed.parse::<i64>().ok());
            let larger = name == "max.message.bytes"
                && enough.is_some_and(|(found, needed)| found >= needed);
            if value != needed && !larger {
                let (topic, found) = (self.topic.clone(), value.clone());
                return Err(TopicError::OtherSetting {
                    topic,
                    name,
                    found,
                    needed,
                });
            }
        }
        Ok(())
    }

    fn admin(&self) -> Result<AdminClient<DefaultClientContext>, TopicError> {
        self.client()
            .create()
            .map_err(|source| self.unreachable(source))
    }

    pub(super) fn unreachable(&self, source: KafkaError) -> TopicError {
        TopicError::Unreachable {
            topic: self.topic.clone(),
            source,
        }
    }
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(REQUEST_TIMEOUT))
        .operation_timeout(Some(REQUEST_TIMEOUT))
}
