//! What keeps the read models from following the store, for readiness and metrics: a consumer that does not run, and
//! shards that were halted because the log cannot be followed, or too much of it cannot be folded. Nothing is skipped:
//! it stands here until it is solved.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use metrics::gauge;
use orderfold_events::{EventId, Position, Shard};

use super::builds::Target;
use crate::{database::Build, projections::ReadModel};

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
    halted: Mutex<Halted>,
}

type Halted = BTreeMap<(Target, Shard), Halt>;

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

    /// Every halted shard among those that this replica works on, in the builds that answer.
    #[must_use]
    pub fn halted(&self) -> Vec<(ReadModel, Shard, Halt)> {
        lock(&self.halted)
            .iter()
            .filter(|((target, _), _)| target.is_active)
            .map(|(&(target, shard), halt)| (target.read_model, shard, halt.clone()))
            .collect()
    }

    /// Every halted shard of one build among those that this replica works on.
    #[must_use]
    pub fn halted_in(&self, read_model: ReadModel, build: Build) -> Vec<(Shard, Halt)> {
        lock(&self.halted)
            .iter()
            .filter(|((target, _), _)| (target.read_model, target.build) == (read_model, build))
            .map(|(&(_, shard), halt)| (shard, halt.clone()))
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
    pub(super) fn halt(&self, target: Target, shard: Shard, halt: &Halt) -> bool {
        let mut halted = lock(&self.halted);
        let before = halted.insert((target, shard), halt.clone());
        publish(&halted, target.read_model);
        before.as_ref() != Some(halt)
    }

    pub(super) fn clear(&self, target: Target, shard: Shard) {
        let mut halted = lock(&self.halted);
        if halted.remove(&(target, shard)).is_some() {
            publish(&halted, target.read_model);
        }
    }

    /// Forgets a projector that ended.
    pub(super) fn clear_all(&self, target: Target) {
        let mut halted = lock(&self.halted);
        halted.retain(|(of, _), _| *of != target);
        publish(&halted, target.read_model);
    }

    /// Makes the metric of every projection visible before anything halts.
    pub(crate) fn publish_all(&self) {
        let halted = lock(&self.halted);
        for &read_model in ReadModel::ALL {
            publish(&halted, read_model);
        }
    }
}

fn publish(halted: &Halted, read_model: ReadModel) {
    let count = halted
        .keys()
        .filter(|(of, _)| of.is_active && of.read_model == read_model)
        .count();
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
        let target = Target {
            read_model: ReadModel::OrderList,
            build: Build::FIRST,
            is_active: true,
            catches_up: false,
        };
        assert!(health.halt(target, Shard(3), &halt));
        assert!(
            !health.halt(target, Shard(3), &halt),
            "the same halt is no news"
        );
        assert_eq!(
            health.problems(),
            ["order_list halted in shard 3 at position 7: no such event type"]
        );

        health.clear(target, Shard(3));
        assert!(health.problems().is_empty());

        let building = Target {
            is_active: false,
            ..target
        };
        assert!(health.halt(building, Shard(3), &halt));
        assert!(
            health.problems().is_empty(),
            "what does not answer yet keeps nobody from answering"
        );
        assert_eq!(
            health.halted_in(ReadModel::OrderList, Build::FIRST),
            [(Shard(3), halt)]
        );
    }

    #[test]
    fn a_consumer_that_has_not_started_is_a_problem() {
        assert_eq!(Health::default().problems().len(), 1);
    }
}
