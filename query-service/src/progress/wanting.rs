//! What readers wait for: it makes the poller look closely, and tells projectors who goes first.

use std::time::Duration;

use orderfold_events::{ConsistencyToken, Shard};
use tokio::time::Instant;

use super::{Assignments, Progress, State};
use crate::projections::ReadModel;

/// A read model counts as waited for until so long after its last reader.
const FAVOUR: Duration = Duration::from_secs(1);

impl Progress {
    /// Ends as soon as a reader waits for the read model.
    pub async fn wanted(&self, read_model: ReadModel) {
        self.until(|state| state.wants(read_model)).await;
    }

    /// Ends as soon as no reader waits for anything else, or one waits for the read model too.
    pub async fn undisturbing(&self, read_model: ReadModel) {
        self.until(|state| state.wanted.is_empty() || state.wants(read_model))
            .await;
    }

    /// Whether readers have waited for other read models of late, and none for this one.
    #[must_use]
    pub fn stands_back(&self, read_model: ReadModel) -> bool {
        self.read().stands_back(read_model, Instant::now())
    }

    /// Ends as soon as something holds of what readers wait for.
    pub(super) async fn until(&self, holds: impl Fn(&State) -> bool) {
        let mut wanted = self.wanted.subscribe();
        while !holds(&self.read()) {
            // The sender lives as long as this does.
            let _told = wanted.changed().await;
        }
    }
}

impl State {
    fn wants(&self, read_model: ReadModel) -> bool {
        self.wanted.keys().any(|(wanted, _)| *wanted == read_model)
    }

    fn stands_back(&self, read_model: ReadModel, now: Instant) -> bool {
        let is_recent = |at: &Instant| now.duration_since(*at) < FAVOUR;
        let is_favoured = self.waited_for.get(&read_model).is_some_and(is_recent);
        !is_favoured && self.waited_for.values().any(is_recent)
    }

    /// What readers wait for and other replicas fold.
    pub(super) fn wanted_elsewhere(
        &self,
        here: &Assignments,
    ) -> impl Iterator<Item = (ReadModel, Shard)> {
        let wanted = self.wanted.keys().copied();
        wanted.filter(|(_, shard)| here.of(*shard).is_none())
    }
}

/// Makes the poller look closely while a reader waits; ends with the wait, also when the caller goes away.
pub(super) struct Wanted<'a> {
    progress: &'a Progress,
    keys: Vec<(ReadModel, Shard)>,
}

impl<'a> Wanted<'a> {
    pub(super) fn register(
        progress: &'a Progress,
        read_models: &[ReadModel],
        token: &ConsistencyToken,
    ) -> Self {
        let keys: Vec<_> = token
            .coordinates()
            .flat_map(|coordinate| {
                read_models
                    .iter()
                    .map(move |&read_model| (read_model, coordinate.shard))
            })
            .collect();
        let mut state = progress.write();
        let now = Instant::now();
        for &key in &keys {
            let waiting = state.wanted.entry(key).or_default();
            *waiting = waiting.saturating_add(1);
            state.waited_for.insert(key.0, now);
        }
        drop(state);
        progress.wanted.send_replace(());
        Self { progress, keys }
    }
}

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        let mut state = self.progress.write();
        let now = Instant::now();
        for key in &self.keys {
            state.waited_for.insert(key.0, now);
            if let Some(waiting) = state.wanted.get_mut(key) {
                *waiting = waiting.saturating_sub(1);
                if *waiting == 0 {
                    state.wanted.remove(key);
                }
            }
        }
        drop(state);
        self.progress.wanted.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::waiting::tests::{MODELS, progress, token};

    #[tokio::test]
    async fn what_nobody_waits_for_stands_back_for_a_while_behind_what_somebody_does() {
        let progress = progress().await;
        assert!(
            !progress.stands_back(MODELS[0]),
            "nobody waits for anything"
        );
        drop(Wanted::register(&progress, &MODELS[..1], &token(1, 0, 7)));
        assert!(!progress.stands_back(MODELS[0]));
        assert!(progress.stands_back(MODELS[1]));
        let later = Instant::now() + FAVOUR;
        assert!(!progress.read().stands_back(MODELS[1], later));
    }

    fn elsewhere(progress: &Progress) -> Vec<(ReadModel, Shard)> {
        let state = progress.read();
        state.wanted_elsewhere(progress.assignments()).collect()
    }

    #[tokio::test]
    async fn what_is_folded_here_is_not_looked_for() {
        let progress = progress().await;
        progress.assignments().assign(Shard(0));
        let _wanted = (
            Wanted::register(&progress, &MODELS, &token(1, 0, 7)),
            Wanted::register(&progress, &MODELS[..1], &token(1, 1, 7)),
        );
        assert_eq!(elsewhere(&progress), [(MODELS[0], Shard(1))]);
        progress.assignments().revoke_all();
        assert_eq!(elsewhere(&progress).len(), 3);
    }
}
