//! What keeps the read models from following the store, for readiness and metrics: a consumer that does not run, and
//! shards that were halted because an event cannot be folded. Nothing is skipped: it stands here until it is solved.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use metrics::gauge;
use orderfold_events::{EventId, Position, Shard};

use crate::projections::ReadModel;

/// A shard that one projection cannot go on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halt {
    /// The event at which it stands still.
    pub position: Position,
    pub event_id: Option<EventId>,
    pub cause: String,
}

/// The state of the consumer in this replica.
#[derive(Debug, Default)]
pub struct Health {
    running: AtomicBool,
    refusal: Mutex<Option<String>>,
    halted: Mutex<BTreeMap<(ReadModel, Shard), Halt>>,
}

impl Health {
    /// Whether the consumer is set up and reading.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.load(Ordering::Acquire)
    }

    /// Why the consumer will not start without an operator, such as a database filled from another store.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        lock(&self.refusal).clone()
    }

    /// Every halted shard among those that this replica works on.
    #[must_use]
    pub fn halted(&self) -> Vec<(ReadModel, Shard, Halt)> {
        lock(&self.halted)
            .iter()
            .map(|(&(read_model, shard), halt)| (read_model, shard, halt.clone()))
            .collect()
    }

    /// One sentence for each thing that is wrong; empty when this replica follows the store.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self.refusal().into_iter().collect();
        if problems.is_empty() && !self.is_running() {
            problems.push("the consumer is not running yet".to_owned());
        }
        problems.extend(self.halted().into_iter().map(|(read_model, shard, halt)| {
            let Halt {
                position, cause, ..
            } = halt;
            format!("{read_model} halted in shard {shard} at position {position}: {cause}")
        }));
        problems
    }

    pub(crate) fn set_running(&self, running: bool) {
        self.running.store(running, Ordering::Release);
    }

    pub(crate) fn refuse(&self, refusal: String) {
        *lock(&self.refusal) = Some(refusal);
    }

    /// Notes a halt; answers whether it is news.
    pub(crate) fn halt(&self, read_model: ReadModel, shard: Shard, halt: &Halt) -> bool {
        let mut halted = lock(&self.halted);
        let before = halted.insert((read_model, shard), halt.clone());
        publish(&halted, read_model);
        before.as_ref() != Some(halt)
    }

    pub(crate) fn clear(&self, read_model: ReadModel, shard: Shard) {
        let mut halted = lock(&self.halted);
        if halted.remove(&(read_model, shard)).is_some() {
            publish(&halted, read_model);
        }
    }

    /// Makes the metric of every projection visible before anything halts.
    pub(crate) fn publish_all(&self) {
        let halted = lock(&self.halted);
        for &read_model in ReadModel::ALL {
            publish(&halted, read_model);
        }
    }
}

fn publish(halted: &BTreeMap<(ReadModel, Shard), Halt>, read_model: ReadModel) {
    let count = halted.keys().filter(|(of, _)| *of == read_model).count();
    gauge!("orderfold_projection_halted_shards", "projection" => read_model.as_str())
        .set(u32::try_from(count).unwrap_or(u32::MAX));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_halt_is_a_problem_until_it_is_cleared() {
        let health = Health::default();
        health.set_running(true);
        assert!(health.problems().is_empty());

        let halt = Halt {
            position: Position(7),
            event_id: None,
            cause: "no such event type".to_owned(),
        };
        assert!(health.halt(ReadModel::OrderList, Shard(3), &halt));
        assert!(
            !health.halt(ReadModel::OrderList, Shard(3), &halt),
            "the same halt is no news"
        );
        assert_eq!(
            health.problems(),
            ["order_list halted in shard 3 at position 7: no such event type"]
        );

        health.clear(ReadModel::OrderList, Shard(3));
        assert!(health.problems().is_empty());
    }

    #[test]
    fn a_consumer_that_has_not_started_is_a_problem() {
        assert_eq!(Health::default().problems().len(), 1);
    }
}
