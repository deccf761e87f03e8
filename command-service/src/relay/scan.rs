//! The scan on taking over: every record from the stored offset on has to be the store's. Where Kafka has another event
//! at a position than the store, or one beyond its end, the store has lost a part of its history: a fork.

use std::collections::BTreeMap;

use orderfold_events::{Epoch, EventId, OrderNumber, Position, Shard, internal::EpochStart};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    KafkaConfig,
    error::RelayError,
    tail::{Tail, TailRecord},
};
use crate::database::{Database, Progress};

/// What was found on Kafka from the stored offsets on.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub forks: BTreeMap<Shard, Fork>,
    /// The newest epoch of each shard.
    pub epochs: BTreeMap<Shard, Epoch>,
    /// The highest number that was drawn for an order.
    pub last_number: u64,
}

/// Where Kafka and the store part in one shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fork {
    /// The first position at which they differ.
    pub from: Position,
    /// The last one that Kafka has.
    pub last: Position,
}

impl Scan {
    /// Reads every partition from where its last acknowledged record lies to its end.
    pub async fn run(
        database: &Database,
        kafka: &KafkaConfig,
        store_id: Uuid,
        progress: &[Progress],
    ) -> Result<Self, RelayError> {
        let partitions = kafka.intact_partitions(progress).await?;
        let from = progress.iter().map(|progress| progress.kafka_offset);
        let mut tail = Tail::open(kafka, store_id, partitions.into_iter().zip(from))?;
        let epochs = database.epochs().await?;
        let mut scan = Self::default();
        loop {
            let batch = tail.next_batch().await?;
            if batch.is_empty() {
                return Ok(scan);
            }
            let places: Vec<_> = batch
                .iter()
                .map(|record| {
                    let at = record.envelope.coordinate;
                    (at.shard, at.position)
                })
                .collect();
            // Asked after they were read: what is on Kafka was in the store before.
            let stored = database.ids_at(&places).await?;
            for (record, stored) in batch.iter().zip(stored) {
                scan.compare(record, stored, &epochs);
            }
        }
    }

    fn compare(&mut self, record: &TailRecord, stored: Option<EventId>, epochs: &[EpochStart]) {
        let at = record.envelope.coordinate;
        if let Some(number) = number(&record.data) {
            self.last_number = self.last_number.max(number.sequence());
        }
        let newest = self.epochs.entry(at.shard).or_insert(at.epoch);
        *newest = at.epoch.max(*newest);
        let is_of_a_past_history = at.epoch < epoch_at(epochs, at.shard, at.position);
        if is_of_a_past_history || stored == Some(record.envelope.event_id) {
            return;
        }
        let fork = self.forks.entry(at.shard).or_insert(Fork {
            from: at.position,
            last: at.position,
        });
        fork.from = fork.from.min(at.position);
        fork.last = fork.last.max(at.position);
    }
}

/// The epoch that holds at a position: the newest that begins at or before it.
fn epoch_at(epochs: &[EpochStart], shard: Shard, position: Position) -> Epoch {
    epochs
        .iter()
        .filter(|start| start.shard == shard && start.from_position <= position)
        .map(|start| start.epoch)
        .max()
        .unwrap_or(Epoch::FIRST)
}

/// The number of the order that an event is about, if it is about one that was placed.
fn number(data: &[u8]) -> Option<OrderNumber> {
    #[derive(Deserialize)]
    struct Numbered {
        number: Option<OrderNumber>,
    }
    serde_json::from_slice::<Numbered>(data).ok()?.number
}

#[cfg(test)]
mod tests {
    use orderfold_events::{Actor, Coordinate, CustomerId, Envelope, StreamId, Version};

    use super::*;

    const SHARD: Shard = Shard(0);

    fn record(epoch: u32, position: u64, id: u128) -> TailRecord {
        let time = "2026-01-01T00:00:00.000Z".parse().unwrap();
        let envelope = Envelope {
            event_id: EventId(Uuid::from_u128(id)),
            event_type: "orderfold.order.placed.v1".to_owned(),
            stream: StreamId::Customer(CustomerId(Uuid::nil())),
            version: Version(1),
            coordinate: Coordinate {
                epoch: Epoch(epoch),
                shard: SHARD,
                position: Position(position),
            },
            previous_id: EventId::NIL,
            occurred_at: time,
            recorded_at: time,
            correlation_id: Uuid::nil(),
            causation_id: Uuid::nil(),
            actor: Actor("service:x".to_owned()),
            traceparent: None,
        };
        TailRecord {
            envelope,
            data: br#"{"number": "17-0000001-9"}"#.to_vec(),
        }
    }

    /// Epoch 2 holds from position 5 on, and the store's ids are its positions.
    fn scanned(records: &[(u32, u64, u128)]) -> Scan {
        let start = |epoch, from| EpochStart {
            shard: SHARD,
            epoch: Epoch(epoch),
            from_position: Position(from),
        };
        let mut scan = Scan::default();
        for &(epoch, position, id) in records {
            let stored = (position <= 9).then(|| EventId(Uuid::from_u128(position.into())));
            let record = record(epoch, position, id);
            scan.compare(&record, stored, &[start(1, 1), start(2, 5)]);
        }
        scan
    }

    #[test]
    fn what_the_store_has_as_well_is_no_fork_and_neither_is_a_past_history() {
        let scan = scanned(&[(1, 3, 3), (1, 4, 4), (1, 5, 99), (2, 5, 5), (1, 3, 3)]);
        assert!(scan.forks.is_empty(), "{scan:?}");
        assert_eq!(scan.epochs[&SHARD], Epoch(2));
        assert_eq!(scan.last_number, 1);
    }

    #[test]
    fn another_event_or_one_beyond_the_end_is_a_fork_from_the_first_such_position_on() {
        let fork = |from, last| Fork {
            from: Position(from),
            last: Position(last),
        };
        let other = scanned(&[(2, 8, 8), (2, 9, 77), (2, 7, 70)]);
        assert_eq!(other.forks[&SHARD], fork(7, 9));
        let beyond = scanned(&[(2, 9, 9), (2, 10, 10), (2, 11, 11)]);
        assert_eq!(beyond.forks[&SHARD], fork(10, 11));
        let unknown_epoch = scanned(&[(3, 9, 90)]);
        assert_eq!(unknown_epoch.forks[&SHARD], fork(9, 9));
        assert_eq!(unknown_epoch.epochs[&SHARD], Epoch(3));
    }
}
