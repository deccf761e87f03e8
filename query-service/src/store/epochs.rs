//! Which history of the store a position belongs to. A restored backup forks a shard: from some position on, a newer
//! epoch holds, and records of the older one beyond it count for nothing.

use std::collections::BTreeMap;

use orderfold_events::{Epoch, Position, Shard};

/// By shard: where each epoch begins, in the order of positions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EpochTable(BTreeMap<Shard, Vec<(Position, Epoch)>>);

impl EpochTable {
    /// A table of entries "`epoch` holds in `shard` from `position` on".
    pub fn new(entries: impl IntoIterator<Item = (Epoch, Shard, Position)>) -> Self {
        let mut table = BTreeMap::<Shard, Vec<_>>::new();
        for (epoch, shard, from) in entries {
            table.entry(shard).or_default().push((from, epoch));
        }
        for forks in table.values_mut() {
            forks.sort_unstable_by_key(|&(_, epoch)| epoch);
        }
        Self(table)
    }

    /// The epoch that holds at a position: the newest that begins at or before it.
    #[must_use]
    pub fn epoch_at(&self, shard: Shard, position: Position) -> Epoch {
        self.forks(shard)
            .iter()
            .rev()
            .find(|(from, _)| *from <= position)
            .map_or(Epoch::FIRST, |&(_, epoch)| epoch)
    }

    /// The newest epoch of a shard.
    #[must_use]
    pub fn newest(&self, shard: Shard) -> Epoch {
        self.forks(shard)
            .last()
            .map_or(Epoch::FIRST, |&(_, epoch)| epoch)
    }

    fn forks(&self, shard: Shard) -> &[(Position, Epoch)] {
        self.0.get(&shard).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_belongs_to_the_newest_history_that_covers_it() {
        let table = EpochTable::new([
            (Epoch(1), Shard(0), Position(1)),
            (Epoch(2), Shard(0), Position(50)),
            (Epoch(3), Shard(0), Position(20)),
        ]);
        let at = |position| table.epoch_at(Shard(0), Position(position));
        assert_eq!(at(19), Epoch(1));
        assert_eq!(at(20), Epoch(3));
        assert_eq!(at(50), Epoch(3), "the older fork was itself forked away");
        assert_eq!(table.newest(Shard(0)), Epoch(3));
    }

    #[test]
    fn a_shard_without_entries_is_in_its_first_history() {
        let table = EpochTable::default();
        assert_eq!(table.epoch_at(Shard(7), Position(1)), Epoch::FIRST);
        assert_eq!(table.newest(Shard(7)), Epoch::FIRST);
    }
}
