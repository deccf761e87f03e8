//! Which streams dropped out lately: a decision that saw one of them meanwhile has to be made again, and no other.

use std::collections::{HashMap, VecDeque};

use orderfold_events::{StreamId, Version};

/// Drop-outs that are remembered; a decision older than all of them is made again.
const DROPPED_MAX: usize = 4_096;

/// The streams that turned out, not long ago, not to stand where they were said to.
#[derive(Default)]
pub(super) struct Dropped {
    /// Grows with each of them.
    generation: u64,
    last: HashMap<StreamId, u64>,
    order: VecDeque<(u64, StreamId)>,
    /// Up to which generation nothing is known any more.
    forgotten: u64,
}

impl Dropped {
    pub fn generation(&self) -> u64 {
        self.generation
    }

    pub fn note(&mut self, stream: StreamId) {
        self.generation += 1;
        self.last.insert(stream, self.generation);
        self.order.push_back((self.generation, stream));
        if self.order.len() > DROPPED_MAX
            && let Some((generation, stream)) = self.order.pop_front()
        {
            if self.last.get(&stream) == Some(&generation) {
                self.last.remove(&stream);
            }
            self.forgotten = generation;
        }
    }

    /// Whether a decision that was begun in a generation may have seen a stream where it does not stand.
    pub fn misled(&self, generation: u64, read_set: &[(StreamId, Version)]) -> bool {
        let since = |(stream, _): &(StreamId, Version)| {
            let dropped = self.last.get(stream);
            dropped.is_some_and(|dropped| *dropped > generation)
        };
        generation < self.forgotten || read_set.iter().any(since)
    }
}

#[cfg(test)]
mod tests {
    use orderfold_events::OrderId;

    use super::*;

    fn stream(number: usize) -> StreamId {
        StreamId::Order(OrderId(uuid::Uuid::from_u128(number as u128)))
    }

    fn saw(number: usize) -> [(StreamId, Version); 1] {
        [(stream(number), Version(1))]
    }

    #[test]
    fn only_who_saw_a_stream_before_it_dropped_out_is_misled() {
        let mut dropped = Dropped::default();
        let before = dropped.generation();
        dropped.note(stream(1));
        assert!(dropped.misled(before, &saw(1)));
        assert!(!dropped.misled(before, &saw(2)));
        assert!(!dropped.misled(dropped.generation(), &saw(1)));
    }

    #[test]
    fn a_decision_older_than_what_is_remembered_is_made_again() {
        let mut dropped = Dropped::default();
        let before = dropped.generation();
        for number in 0..=DROPPED_MAX {
            dropped.note(stream(number));
        }
        assert!(dropped.misled(before, &saw(DROPPED_MAX + 1)));
        assert!(dropped.misled(before + 1, &saw(1)));
        assert!(
            !dropped.misled(before + 1, &saw(0)),
            "it dropped out before"
        );
    }
}
