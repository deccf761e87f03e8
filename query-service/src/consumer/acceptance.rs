//! Which record is the next one of a shard. Pure: a checkpoint, the store's histories and a record decide.

use orderfold_events::{Envelope, Position};

use super::record::{Record, Source};
use crate::{database::Checkpoint, store::EpochTable};

/// What a record is to a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The very next event.
    Next,
    /// Folded before, or of a history that does not hold at its position: counts for nothing.
    Drop,
    /// Something lies between, or it does not follow, or its history is not known yet: the store has to tell.
    Ask,
}

/// Judges a record by its coordinate and its link to the event before it.
#[must_use]
pub fn judge(checkpoint: &Checkpoint, envelope: &Envelope, epochs: &EpochTable) -> Verdict {
    let coordinate = envelope.coordinate;
    if coordinate.epoch > epochs.newest(checkpoint.shard) {
        return Verdict::Ask;
    }
    if coordinate.epoch != epochs.epoch_at(checkpoint.shard, coordinate.position)
        || coordinate.position <= checkpoint.position
    {
        return Verdict::Drop;
    }
    let follows = coordinate.position == checkpoint.position.next()
        && envelope.previous_id == checkpoint.event_id;
    if follows { Verdict::Next } else { Verdict::Ask }
}

/// Whether the store's history was forked at or below the checkpoint: what was folded is no longer what happened.
#[must_use]
pub fn is_beyond_fork(checkpoint: &Checkpoint, epochs: &EpochTable) -> bool {
    checkpoint.position > Position::START
        && epochs.epoch_at(checkpoint.shard, checkpoint.position) != checkpoint.epoch
}

/// The checkpoint after the record.
#[must_use]
pub fn advanced(checkpoint: &Checkpoint, record: &Record) -> Checkpoint {
    let envelope = &record.envelope;
    Checkpoint {
        epoch: envelope.coordinate.epoch,
        position: envelope.coordinate.position,
        event_id: envelope.event_id,
        next_offset: match record.source {
            Source::Kafka { offset } => Some(offset.saturating_add(1)),
            // Kafka has it at some offset not before the last known one.
            Source::Feed => checkpoint.next_offset,
        },
        as_of: Some(envelope.recorded_at),
        ..checkpoint.clone()
    }
}

#[cfg(test)]
mod tests {
    use orderfold_events::{
        Actor, Coordinate, Epoch, EventId, OrderId, Shard, ShardCount, StreamId, Version,
    };
    use uuid::Uuid;

    use super::*;
    use crate::projections::ReadModel;

    const SHARD: Shard = Shard(3);

    fn id(n: u128) -> EventId {
        EventId(Uuid::from_u128(n))
    }

    fn envelope(epoch: u32, position: u64, event: u128, previous: u128) -> Envelope {
        Envelope {
            event_id: id(event),
            event_type: "orderfold.order.confirmed.v1".to_owned(),
            stream: StreamId::Order(OrderId(Uuid::from_u128(1))),
            version: Version(2),
            coordinate: Coordinate {
                epoch: Epoch(epoch),
                shard: SHARD,
                position: Position(position),
            },
            previous_id: id(previous),
            occurred_at: "2026-11-24T10:00:00.000Z".parse().unwrap(),
            recorded_at: "2026-11-24T10:00:00.000Z".parse().unwrap(),
            correlation_id: Uuid::nil(),
            causation_id: Uuid::nil(),
            actor: Actor("service:x".to_owned()),
            traceparent: None,
        }
    }

    fn checkpoint(epoch: u32, position: u64, event: u128) -> Checkpoint {
        Checkpoint {
            epoch: Epoch(epoch),
            position: Position(position),
            event_id: id(event),
            next_offset: Some(40),
            ..Checkpoint::start(ReadModel::OrderList, SHARD)
        }
    }

    fn one_history() -> EpochTable {
        EpochTable::new([(Epoch(1), SHARD, Position(1))])
    }

    fn forked_at(position: u64) -> EpochTable {
        EpochTable::new([
            (Epoch(1), SHARD, Position(1)),
            (Epoch(2), SHARD, Position(position)),
        ])
    }

    #[test]
    fn only_the_next_position_with_the_right_link_is_next() {
        let at_ten = checkpoint(1, 10, 10);
        let judge = |envelope: Envelope| judge(&at_ten, &envelope, &one_history());
        assert_eq!(judge(envelope(1, 11, 11, 10)), Verdict::Next);
        assert_eq!(judge(envelope(1, 10, 10, 9)), Verdict::Drop);
        assert_eq!(judge(envelope(1, 3, 3, 2)), Verdict::Drop);
        assert_eq!(judge(envelope(1, 12, 12, 11)), Verdict::Ask, "a gap");
        assert_eq!(
            judge(envelope(1, 11, 11, 99)),
            Verdict::Ask,
            "another event before it"
        );
    }

    #[test]
    fn the_first_event_follows_the_nil_id() {
        let start = Checkpoint::start(ReadModel::OrderList, SHARD);
        assert_eq!(
            judge(&start, &envelope(1, 1, 1, 0), &one_history()),
            Verdict::Next
        );
        assert_eq!(
            judge(&start, &envelope(1, 1, 1, 7), &one_history()),
            Verdict::Ask
        );
    }

    #[test]
    fn records_of_a_history_that_does_not_hold_are_dropped() {
        let at_ten = checkpoint(1, 10, 10);
        let epochs = forked_at(11);
        assert_eq!(
            judge(&at_ten, &envelope(1, 11, 11, 10), &epochs),
            Verdict::Drop
        );
        assert_eq!(
            judge(&at_ten, &envelope(2, 11, 12, 10), &epochs),
            Verdict::Next
        );
        assert_eq!(
            judge(&at_ten, &envelope(3, 11, 12, 10), &epochs),
            Verdict::Ask,
            "a history that the table does not know yet"
        );
    }

    #[test]
    fn a_checkpoint_is_beyond_a_fork_that_begins_at_or_below_it() {
        assert!(is_beyond_fork(&checkpoint(1, 10, 10), &forked_at(10)));
        assert!(is_beyond_fork(&checkpoint(1, 10, 10), &forked_at(5)));
        assert!(!is_beyond_fork(&checkpoint(1, 10, 10), &forked_at(11)));
        assert!(!is_beyond_fork(&checkpoint(2, 10, 10), &forked_at(10)));
        let start = Checkpoint::start(ReadModel::OrderList, SHARD);
        assert!(
            !is_beyond_fork(&start, &forked_at(1)),
            "nothing was folded yet"
        );
    }

    #[test]
    fn only_kafka_moves_the_offset() {
        let shards = ShardCount::new(32).unwrap();
        let read = |source| Record::read(envelope(1, 11, 11, 10), b"{}", shards, source);
        let at_ten = checkpoint(1, 10, 10);
        let by_kafka = advanced(&at_ten, &read(Source::Kafka { offset: 77 }));
        assert_eq!(
            (by_kafka.position, by_kafka.next_offset),
            (Position(11), Some(78))
        );
        let by_feed = advanced(&at_ten, &read(Source::Feed));
        assert_eq!(
            (by_feed.position, by_feed.next_offset),
            (Position(11), Some(40))
        );
    }
}
