//! What a projector knows of the shards it works on, and which of the delivered records make the next batch. Pure but
//! for the map it keeps: no database, no broker.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use orderfold_events::{Position, Shard, StreamId};
use tokio::time::Instant;

use super::{
    acceptance::{Verdict, advanced, judge},
    health::Halt,
    record::{Record, Source},
};
use crate::{
    database::{Checkpoint, transaction::Move},
    progress::Assignment,
    store::EpochTable,
};

/// One shard, as far as this projector has brought it.
#[derive(Debug, Clone)]
pub(super) struct Following {
    pub(super) assignment: Assignment,
    /// As committed.
    pub(super) checkpoint: Checkpoint,
    /// Whether the checkpoint is known to stand there, after whatever happened last.
    pub(super) is_certain: bool,
    pub(super) mode: Mode,
    /// Streams of this shard that wait behind an event that cannot be folded.
    pub(super) parked: BTreeSet<StreamId>,
    /// When the checkpoint last moved, or the shard was taken on.
    pub(super) moved: Instant,
}

/// Where the next event of a shard comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    /// Kafka gives one event after the other.
    Live,
    /// The feed is being read, up to `until` at least.
    Filling { until: Position },
    /// The shard cannot go on at `at`: what is before it still is folded.
    Halted { at: Position, since: Instant },
}

/// What is to be folded and written at once.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) records: Vec<Arc<Record>>,
    pub(super) moves: BTreeMap<Shard, Move>,
}

/// What became of the records of a delivery that did not enter the batch.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    pub(super) batch: Batch,
    /// Shards where the feed has to be read, at least up to a position.
    pub(super) ask: BTreeMap<Shard, Position>,
    /// Shards that cannot go on.
    pub(super) halts: Vec<(Shard, Halt)>,
}

/// Picks the records that follow one another from the checkpoints on.
pub(super) fn admit(
    shards: &BTreeMap<Shard, Following>,
    epochs: &EpochTable,
    records: &[(Assignment, Arc<Record>)],
) -> Admitted {
    let mut admitted = Admitted::default();
    for (assignment, record) in records {
        let shard = record.envelope.coordinate.shard;
        let position = record.envelope.coordinate.position;
        let Some(following) = shards.get(&shard) else {
            continue;
        };
        if following.assignment != *assignment
            || matches!(following.mode, Mode::Halted { at, .. } if position >= at)
            || admitted.halts.iter().any(|(halted, _)| *halted == shard)
        {
            continue;
        }
        let from = admitted
            .batch
            .moves
            .get(&shard)
            .map_or(&following.checkpoint, |step| &step.to);
        match judge(from, &record.envelope, epochs) {
            Verdict::Drop => {}
            // What is unreadable in the store itself parks its stream; in Kafka it may just be garbled.
            Verdict::Next if record.content.is_ok() || record.source == Source::Feed => {
                let to = advanced(from, record);
                admitted
                    .batch
                    .moves
                    .entry(shard)
                    .or_insert_with(|| Move {
                        from: following.checkpoint.clone(),
                        to: following.checkpoint.clone(),
                    })
                    .to = to;
                admitted.batch.records.push(Arc::clone(record));
            }
            // The store itself has it like this.
            Verdict::Ask if record.source == Source::Feed => {
                admitted.halts.push((shard, halt_at(record)));
            }
            // Kafka may have it wrong.
            Verdict::Next | Verdict::Ask => {
                let until = admitted.ask.entry(shard).or_default();
                *until = position.max(*until);
            }
        }
    }
    admitted
}

/// Why the shard cannot go on at a record of the feed.
fn halt_at(record: &Record) -> Halt {
    Halt {
        position: record.envelope.coordinate.position,
        event_id: Some(record.envelope.event_id),
        cause: "it does not follow the event before it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::Index};

    use super::*;
    use crate::{
        progress::Assignments,
        projections::{
            ReadModel,
            tests::history::{History, Recorded},
        },
    };

    /// One projector in a world where Kafka repeats, shuffles and loses, and transactions fail.
    struct World {
        history: History,
        followed: BTreeMap<Shard, Following>,
        folded: BTreeMap<Shard, Vec<Position>>,
        /// How far the feed has to be read.
        asked: BTreeMap<Shard, Position>,
    }

    fn world() -> World {
        let mut history = History::new(4);
        let assignments = Assignments::default();
        let mut followed = BTreeMap::new();
        for shard in history.shards.shards() {
            let customer = history.register_in(shard);
            for _ in 0..5 {
                let order = history.place(customer, &[(2, 100)]);
                history.pay(order, 200);
            }
            assignments.assign(shard);
            let following = Following {
                assignment: assignments.of(shard).unwrap(),
                checkpoint: Checkpoint::start(ReadModel::OrderList, shard),
                is_certain: true,
                mode: Mode::Live,
                parked: BTreeSet::new(),
                moved: Instant::now(),
            };
            followed.insert(shard, following);
        }
        World {
            history,
            followed,
            folded: BTreeMap::new(),
            asked: BTreeMap::new(),
        }
    }

    impl World {
        fn deliver(&mut self, events: &[Recorded], source: Source, is_committed: bool) {
            let records: Vec<_> = events
                .iter()
                .map(|Recorded { envelope, data, .. }| {
                    let shard = envelope.coordinate.shard;
                    let record = Record::read(envelope.clone(), data, self.history.shards, source);
                    (self.followed[&shard].assignment, Arc::new(record))
                })
                .collect();
            let admitted = admit(&self.followed, &EpochTable::default(), &records);
            assert!(admitted.halts.is_empty(), "{:?}", admitted.halts);
            for (shard, until) in admitted.ask {
                let asked = self.asked.entry(shard).or_default();
                *asked = until.max(*asked);
            }
            if !is_committed {
                return;
            }
            for record in admitted.batch.records {
                let coordinate = record.envelope.coordinate;
                self.folded
                    .entry(coordinate.shard)
                    .or_default()
                    .push(coordinate.position);
            }
            for (shard, step) in admitted.batch.moves {
                let following = self.followed.get_mut(&shard).unwrap();
                assert_eq!(following.checkpoint, step.from);
                following.checkpoint = step.to;
            }
        }

        /// Reads the feed in small pages until everything asked for is there.
        fn fill(&mut self) {
            while let Some((shard, until)) = self.asked.pop_first() {
                while self.followed[&shard].checkpoint.position < until {
                    let after = self.followed[&shard].checkpoint.position;
                    let page: Vec<_> = self
                        .history
                        .log
                        .iter()
                        .filter(|event| event.envelope.coordinate.shard == shard)
                        .filter(|event| event.envelope.coordinate.position > after)
                        .take(3)
                        .cloned()
                        .collect();
                    self.deliver(&page, Source::Feed, true);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_delivered_every_event_is_folded_once_and_in_order(
            deliveries in prop::collection::vec(
                (prop::collection::vec(any::<Index>(), 1..20), any::<bool>(), any::<bool>()),
                0..20,
            ),
        ) {
            let mut world = world();
            let log = world.history.log.clone();
            for (picks, is_committed, is_filled) in deliveries {
                let events: Vec<_> = picks.iter().map(|pick| pick.get(&log).clone()).collect();
                world.deliver(&events, Source::Kafka { offset: 0 }, is_committed);
                if is_filled {
                    world.fill();
                }
            }
            // The last event of each shard comes through in the end.
            let last: Vec<_> = log
                .iter()
                .filter(|event| {
                    let coordinate = event.envelope.coordinate;
                    world.history.head(coordinate.shard).0 == coordinate.position
                })
                .cloned()
                .collect();
            world.deliver(&last, Source::Kafka { offset: 0 }, true);
            world.fill();
            for shard in world.history.shards.shards() {
                let head = world.history.head(shard).0;
                let all: Vec<_> = (1..=head.0).map(Position).collect();
                prop_assert_eq!(&world.folded[&shard], &all);
            }
        }
    }

    #[test]
    fn records_of_an_earlier_assignment_are_left_alone() {
        let mut world = world();
        let assignments = Assignments::default();
        for shard in world
            .history
            .shards
            .shards()
            .chain(world.history.shards.shards())
        {
            assignments.assign(shard);
        }
        for (shard, following) in &mut world.followed {
            following.assignment = assignments.of(*shard).unwrap();
        }
        let event = &world.history.log[0];
        let shard = event.envelope.coordinate.shard;
        let stale = Assignments::default();
        stale.assign(shard);
        let source = Source::Kafka { offset: 0 };
        let record = Record::read(
            event.envelope.clone(),
            &event.data,
            world.history.shards,
            source,
        );
        let records = [(stale.of(shard).unwrap(), Arc::new(record))];
        let admitted = admit(&world.followed, &EpochTable::default(), &records);
        assert!(admitted.batch.records.is_empty());
    }
}
