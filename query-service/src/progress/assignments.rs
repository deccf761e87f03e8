//! Which shards this replica works on at the moment. The rebalance callback writes it; everybody else asks. It saves
//! work for nothing, no more: what keeps replicas apart is the fence in the database.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use orderfold_events::Shard;

/// Tells one assignment of a shard from a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Assignment(u64);

/// The shards assigned to this replica.
#[derive(Debug, Default)]
pub struct Assignments(Mutex<Assigned>);

#[derive(Debug, Default)]
struct Assigned {
    count: u64,
    shards: BTreeMap<Shard, Assignment>,
}

impl Assignments {
    /// Notes that a shard is ours from now on.
    pub fn assign(&self, shard: Shard) {
        let mut assigned = self.lock();
        assigned.count = assigned.count.wrapping_add(1);
        let assignment = Assignment(assigned.count);
        assigned.shards.insert(shard, assignment);
    }

    /// Notes that a shard is no longer ours.
    pub fn revoke(&self, shard: Shard) {
        self.lock().shards.remove(&shard);
    }

    /// Notes that no shard is ours any more.
    pub fn revoke_all(&self) {
        self.lock().shards.clear();
    }

    /// The assignment of a shard that is ours.
    #[must_use]
    pub fn of(&self, shard: Shard) -> Option<Assignment> {
        self.lock().shards.get(&shard).copied()
    }

    /// Whether an assignment still holds.
    #[must_use]
    pub fn holds(&self, shard: Shard, assignment: Assignment) -> bool {
        self.of(shard) == Some(assignment)
    }

    /// Every shard that is ours.
    #[must_use]
    pub fn all(&self) -> Vec<(Shard, Assignment)> {
        self.lock()
            .shards
            .iter()
            .map(|(&shard, &assignment)| (shard, assignment))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Assigned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_that_left_and_came_back_is_another_assignment() {
        let assignments = Assignments::default();
        assignments.assign(Shard(3));
        let first = assignments.of(Shard(3)).unwrap();
        assert!(assignments.holds(Shard(3), first));

        assignments.revoke(Shard(3));
        assert!(!assignments.holds(Shard(3), first));

        assignments.assign(Shard(3));
        assert!(!assignments.holds(Shard(3), first));
        assert_eq!(assignments.all().len(), 1);
    }
}
