//! The partitions as Kafka holds them now, against what it has acknowledged.

use std::time::Duration;

use orderfold_events::{Shard, ShardCount};
use rdkafka::consumer::{BaseConsumer, Consumer};

use super::{KafkaConfig, TopicError, error::RelayError, halt::Halt, topic::REQUEST_TIMEOUT};
use crate::database::Progress;

/// Asking all partitions takes a round trip each.
const WATERMARK_TIMEOUT: Duration = Duration::from_secs(5);

/// Where a partition begins, and the offset of its next record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Partition {
    pub shard: Shard,
    pub start: i64,
    pub end: i64,
}

impl KafkaConfig {
    /// Where every partition begins and ends, in the order of shards; the topic is what the log needs.
    ///
    /// # Errors
    /// [`TopicError`].
    pub(crate) async fn partitions_of(
        &self,
        shards: ShardCount,
    ) -> Result<Vec<Partition>, TopicError> {
        self.check_topic(shards).await?;
        let (client, topic) = (self.client(), self.topic.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let consumer: BaseConsumer = client.create()?;
            // The first request also waits for a connection.
            consumer.fetch_metadata(Some(&topic), REQUEST_TIMEOUT)?;
            shards
                .shards()
                .map(|shard| {
                    let (start, end) =
                        consumer.fetch_watermarks(&topic, i32::from(shard.0), WATERMARK_TIMEOUT)?;
                    Ok(Partition { shard, start, end })
                })
                .collect()
        });
        asked
            .await
            .unwrap_or(Err(rdkafka::error::KafkaError::Canceled))
            .map_err(|source| self.unreachable(source))
    }

    /// The same, where Kafka still holds everything that it has acknowledged.
    pub(super) async fn intact_partitions(
        &self,
        acknowledged: &[Progress],
    ) -> Result<Vec<Partition>, RelayError> {
        let partitions = self.partitions_of(count(acknowledged)?).await?;
        for (partition, progress) in partitions.iter().zip(acknowledged) {
            judge(*partition, progress)?;
        }
        Ok(partitions)
    }
}

fn count(progress: &[Progress]) -> Result<ShardCount, RelayError> {
    u16::try_from(progress.len())
        .ok()
        .and_then(ShardCount::new)
        .ok_or(RelayError::NoShards)
}

fn judge(partition: Partition, progress: &Progress) -> Result<(), Halt> {
    let Partition { shard, start, end } = partition;
    if start > progress.kafka_start {
        let expected = progress.kafka_start;
        return Err(Halt::Truncated {
            shard,
            found: start,
            expected,
        });
    }
    if end <= progress.kafka_offset {
        let acknowledged = progress.kafka_offset;
        return Err(Halt::Shortened {
            shard,
            end,
            acknowledged,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use orderfold_events::Position;

    use super::*;

    fn judged(start: i64, end: i64) -> Result<(), Halt> {
        let progress = Progress {
            shard: Shard(3),
            position: Position(10),
            kafka_offset: 11,
            kafka_start: 2,
        };
        let shard = Shard(3);
        judge(Partition { shard, start, end }, &progress)
    }

    #[test]
    fn a_partition_holds_what_it_acknowledged_from_its_beginning_to_its_end() {
        assert_eq!(judged(2, 12), Ok(()));
        assert_eq!(judged(0, 50), Ok(()));
        assert!(matches!(judged(3, 12), Err(Halt::Truncated { .. })));
        assert!(matches!(judged(2, 11), Err(Halt::Shortened { .. })));
        assert!(
            matches!(judged(0, 0), Err(Halt::Shortened { .. })),
            "made anew"
        );
    }
}
