//! The end of the topic: everything that lies in some partitions from some offsets on, read in batches.

use std::{collections::BTreeMap, time::Duration};

use orderfold_events::{Envelope, Shard};
use rdkafka::{
    Message, Offset, TopicPartitionList,
    consumer::{Consumer, StreamConsumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::{BorrowedMessage, Headers},
};
use uuid::Uuid;

use super::{KafkaConfig, error::RelayError, halt::Halt, partitions::Partition};

const BATCH_RECORDS_MAX: usize = 1_000;
/// A broker that says nothing for so long is away.
const RECORD_TIMEOUT: Duration = Duration::from_secs(10);

/// A record as it lies on Kafka.
pub(crate) struct TailRecord {
    pub envelope: Envelope,
    pub data: Vec<u8>,
}

/// Reads up to where the partitions ended when it was opened.
pub(crate) struct Tail {
    kafka: KafkaConfig,
    consumer: StreamConsumer,
    source: String,
    /// Partitions that are not read to their end, and those ends.
    unfinished: BTreeMap<i32, i64>,
}

impl Tail {
    /// Opens the partitions, each at its offset.
    pub fn open(
        kafka: &KafkaConfig,
        store_id: Uuid,
        partitions: impl Iterator<Item = (Partition, i64)>,
    ) -> Result<Self, RelayError> {
        let consumer: StreamConsumer = kafka
            .client()
            // Never used: nothing is committed, and partitions are assigned by hand.
            .set("group.id", "orderfold-relay")
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "error")
            .create()
            .map_err(|source| kafka.unreachable(source))?;
        let mut assignment = TopicPartitionList::new();
        let mut unfinished = BTreeMap::new();
        for (Partition { shard, start, end }, from) in partitions {
            let (partition, from) = (i32::from(shard.0), from.max(start));
            if from < end {
                assignment
                    .add_partition_offset(&kafka.topic, partition, Offset::Offset(from))
                    .map_err(|source| kafka.unreachable(source))?;
                unfinished.insert(partition, end);
            }
        }
        consumer
            .assign(&assignment)
            .map_err(|source| kafka.unreachable(source))?;
        Ok(Self {
            kafka: kafka.clone(),
            consumer,
            source: format!("/orderfold/{store_id}"),
            unfinished,
        })
    }

    /// The next records; none at the end.
    pub async fn next_batch(&mut self) -> Result<Vec<TailRecord>, RelayError> {
        let mut batch = Vec::new();
        while !self.unfinished.is_empty() && batch.len() < BATCH_RECORDS_MAX {
            let received = tokio::time::timeout(RECORD_TIMEOUT, self.consumer.recv()).await;
            let late = KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut);
            let message = received
                .unwrap_or(Err(late))
                .map_err(|source| self.kafka.unreachable(source))?;
            batch.push(read(&message, &self.source)?);
            let (partition, offset) = (message.partition(), message.offset());
            if self
                .unfinished
                .get(&partition)
                .is_some_and(|end| offset + 1 >= *end)
            {
                self.unfinished.remove(&partition);
            }
        }
        Ok(batch)
    }
}

/// An event of this store, in the partition of its shard.
fn read(message: &BorrowedMessage<'_>, source: &str) -> Result<TailRecord, Halt> {
    let shard = Shard(u16::try_from(message.partition()).unwrap_or(u16::MAX));
    let foreign = || Halt::Foreign {
        shard,
        offset: message.offset(),
    };
    let headers = message.headers().ok_or_else(foreign)?;
    let pairs = || {
        headers
            .iter()
            .filter_map(|header| Some((header.key, header.value?)))
    };
    let is_ours = pairs().any(|pair| pair == ("ce_source", source.as_bytes()));
    let envelope = Envelope::from_headers(pairs()).map_err(|_malformed| foreign())?;
    if !is_ours || envelope.coordinate.shard != shard {
        return Err(foreign());
    }
    let data = message.payload().unwrap_or_default().to_vec();
    Ok(TailRecord { envelope, data })
}
