//! What a projector knows of the shards it works on, and which of the delivered records make the next batch. Pure but
//! for the map it keeps: no database, no broker.

use std::{collections::BTreeMap, sync::Arc};

use orderfold_events::{Position, Shard};
use tokio::time::Instant;

use super::{
    acceptance::{Verdict, advanced, judge},
    assignments::Assignment,
    health::Halt,
    record::{Record, Source},
};
use crate::{
    database::{Checkpoint, transaction::Move},
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
    /// The event at `at` cannot be folded: those before it still are.
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
            Verdict::Next if record.content.is_ok() => {
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
            Verdict::Next | Verdict::Ask if record.source == Source::Feed => {
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

/// Why a record of the feed cannot be folded.
fn halt_at(record: &Record) -> Halt {
    Halt {
        position: record.envelope.coordinate.position,
        event_id: Some(record.envelope.event_id),
        cause: match &record.content {
            Err(unreadable) => unreadable.to_string(),
            Ok(_) => "it does not follow the event before it".to_owned(),
        },
    }
}
