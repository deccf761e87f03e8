//! Going over from one build of a read model to another. A reader that was told of a position must not be answered by a
//! build that is behind it: a replica goes over when the new build has reached whatever it knows of the old one, and
//! learns nothing new of the old one meanwhile.

use orderfold_events::{Position, Shard};

use super::{Progress, State};
use crate::{
    database::{Build, Checkpoint, builds::Registration},
    projections::ReadModel,
};

impl Progress {
    /// The builds of a read model, as the registry had them last.
    #[must_use]
    pub fn registration(&self, read_model: ReadModel) -> Option<Registration> {
        self.read().registered.get(&read_model).cloned()
    }

    /// Every checkpoint of a build that is known here, in the order of shards.
    #[must_use]
    pub fn checkpoints_of(&self, read_model: ReadModel, build: Build) -> Vec<Checkpoint> {
        let state = self.read();
        let known = state.checkpoints.iter();
        known
            .filter(|((of, number, _), _)| (*of, *number) == (read_model, build))
            .map(|(_, checkpoint)| checkpoint.clone())
            .collect()
    }
}

impl State {
    /// Takes note of the registry.
    pub(super) fn register(&mut self, registrations: Vec<Registration>) {
        for registration in registrations {
            let kept: Vec<Build> = registration.folded().collect();
            let read_model = registration.projection;
            let serving = self.serving.of(read_model);
            self.checkpoints.retain(|(of, build, _), _| {
                *of != read_model || kept.contains(build) || *build == serving
            });
            self.registered.insert(read_model, registration);
        }
        self.go_over();
    }

    /// Every build whose checkpoints are followed.
    pub(super) fn builds(&self) -> Vec<(ReadModel, Build)> {
        ReadModel::ALL
            .iter()
            .flat_map(|&read_model| {
                let registered = self.registered.get(&read_model);
                let mut builds: Vec<Build> = registered
                    .map_or_else(Vec::new, |registration| registration.folded().collect());
                builds.push(self.serving.of(read_model));
                builds.sort_unstable();
                builds.dedup();
                builds.into_iter().map(move |build| (read_model, build))
            })
            .collect()
    }

    /// Takes note of checkpoints; answers whether one of them is news.
    pub(super) fn observe(&mut self, checkpoints: impl IntoIterator<Item = Checkpoint>) -> bool {
        let mut has_moved = false;
        for checkpoint in checkpoints {
            if self.is_leaving(checkpoint.projection, checkpoint.build) {
                continue;
            }
            let key = (checkpoint.projection, checkpoint.build, checkpoint.shard);
            let known = self.checkpoints.get(&key);
            if known.is_none_or(|known| known.position < checkpoint.position) {
                self.checkpoints.insert(key, checkpoint);
                has_moved = true;
            }
        }
        self.go_over() || has_moved
    }

    /// Whether a build answers here, but no more according to the registry.
    fn is_leaving(&self, read_model: ReadModel, build: Build) -> bool {
        let registered = self.registered.get(&read_model);
        self.serving.of(read_model) == build
            && registered.is_some_and(|registration| registration.active != build)
            && self
                .checkpoints
                .keys()
                .any(|(of, number, _)| (*of, *number) == (read_model, build))
    }

    /// Goes over to what the registry says, where that is far enough; answers whether it did anywhere.
    fn go_over(&mut self) -> bool {
        let mut has_gone = false;
        for registration in self.registered.values() {
            let read_model = registration.projection;
            let from = self.serving.of(read_model);
            if from != registration.active
                && self.has_caught_up(read_model, from, registration.active)
            {
                self.serving.switch(read_model, registration.active);
                has_gone = true;
            }
        }
        has_gone
    }

    /// Whether a build is at least as far as all that is known of another.
    fn has_caught_up(&self, read_model: ReadModel, from: Build, to: Build) -> bool {
        let position = |build: Build, shard: Shard| {
            let known = self.checkpoints.get(&(read_model, build, shard));
            known.map_or(Position::START, |checkpoint| checkpoint.position)
        };
        self.checkpoints
            .keys()
            .filter(|(of, build, _)| (*of, *build) == (read_model, from))
            .all(|&(_, _, shard)| position(to, shard) >= position(from, shard))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::builds::BuildState;

    const MODEL: ReadModel = ReadModel::OrderList;
    const NEXT: Build = Build(2);

    fn at(build: Build, shard: u16, position: u64) -> Checkpoint {
        Checkpoint {
            position: Position(position),
            ..Checkpoint::start_of(MODEL, build, Shard(shard))
        }
    }

    fn switched() -> Registration {
        let mut registration = Registration::first(MODEL);
        let mut entry = registration.builds[0].clone();
        entry.number = NEXT;
        entry.state = BuildState::Ready;
        registration.builds.push(entry);
        registration.active = NEXT;
        registration
    }

    #[test]
    fn a_replica_goes_over_when_the_new_build_has_all_that_it_has_shown() {
        let mut state = State::default();
        state.observe([
            at(Build::FIRST, 0, 7),
            at(Build::FIRST, 1, 3),
            at(NEXT, 0, 9),
            at(NEXT, 1, 2),
        ]);
        state.register(vec![switched()]);
        assert_eq!(
            state.serving.of(MODEL),
            Build::FIRST,
            "shard 1 would go back"
        );

        state.observe([at(Build::FIRST, 1, 8)]);
        let shown = state.checkpoint(MODEL, Shard(1)).unwrap();
        assert_eq!(
            shown.position,
            Position(3),
            "nothing more is promised of the old build"
        );

        assert!(state.observe([at(NEXT, 1, 3)]));
        assert_eq!(state.serving.of(MODEL), NEXT);
        assert_eq!(
            state.checkpoint(MODEL, Shard(0)).unwrap().position,
            Position(9)
        );
    }

    #[test]
    fn a_replica_that_has_shown_nothing_starts_with_the_active_build() {
        let mut state = State::default();
        state.register(vec![switched()]);
        assert_eq!(state.serving.of(MODEL), NEXT);
        assert!(
            state.builds().contains(&(MODEL, Build::FIRST)),
            "it stands by"
        );
    }
}
