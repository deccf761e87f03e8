//! Waiting until projections have reached what a consistency token says.

use orderfold_events::{ConsistencyToken, Coordinate};
use tokio::time::{Instant, timeout_at};

use super::{Progress, State, wanting::Wanted};
use crate::{database::Checkpoint, projections::ReadModel, store::Heads};

/// Most readers that wait at once.
pub const WAITERS_MAX: usize = 1000;

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// Every projection has folded everything that the token names.
    Reached,
    TimedOut,
    /// The token names a shard that the store does not have.
    UnknownShard,
    /// The token names events of a history that was forked away: they will never be folded.
    ForkedAway,
    /// Too many readers wait already.
    TooMany,
}

impl Progress {
    /// Waits until every projection has reached every coordinate of the token, until `deadline` at most. With a
    /// deadline that is past, it looks once.
    pub async fn wait_for(
        &self,
        read_models: &[ReadModel],
        token: &ConsistencyToken,
        deadline: Instant,
    ) -> Wait {
        let mut moved = self.moved.subscribe();
        if let Some(outcome) = self.read().judge(read_models, token) {
            return outcome;
        }
        let Ok(_permit) = self.waiters.try_acquire() else {
            return Wait::TooMany;
        };
        let _wanted = Wanted::register(self, read_models, token);
        loop {
            if timeout_at(deadline, moved.changed()).await.is_err() {
                return Wait::TimedOut;
            }
            if let Some(outcome) = self.read().judge(read_models, token) {
                return outcome;
            }
        }
    }
}

impl Progress {
    /// Whether every build of every read model has folded the event there, also those that do not answer.
    #[must_use]
    pub fn has_passed(&self, coordinate: Coordinate) -> bool {
        let state = self.read();
        state.builds().into_iter().all(|(read_model, build)| {
            let known = state
                .checkpoints
                .get(&(read_model, build, coordinate.shard));
            known.is_some_and(|checkpoint| is_at(checkpoint, coordinate))
        })
    }
}

impl State {
    /// The end of a wait, if it can be told by now.
    fn judge(&self, read_models: &[ReadModel], token: &ConsistencyToken) -> Option<Wait> {
        if let Some(polled) = &self.heads {
            let refusal = token
                .coordinates()
                .find_map(|coordinate| refuse(&polled.heads, coordinate));
            if refusal.is_some() {
                return refusal;
            }
        }
        token
            .coordinates()
            .all(|coordinate| self.has_reached(read_models, coordinate))
            .then_some(Wait::Reached)
    }

    fn has_reached(&self, read_models: &[ReadModel], coordinate: Coordinate) -> bool {
        read_models.iter().all(|&read_model| {
            self.checkpoint(read_model, coordinate.shard)
                .is_some_and(|checkpoint| is_at(checkpoint, coordinate))
        })
    }
}

/// A checkpoint of an older history may stand further, on events that are no more.
fn is_at(checkpoint: &Checkpoint, coordinate: Coordinate) -> bool {
    checkpoint.position >= coordinate.position
        && (checkpoint.epoch >= coordinate.epoch || coordinate.position.0 == 0)
}

fn refuse(heads: &Heads, coordinate: Coordinate) -> Option<Wait> {
    let Coordinate {
        epoch,
        shard,
        position,
    } = coordinate;
    if !heads.positions.contains_key(&shard) {
        Some(Wait::UnknownShard)
    } else if position.0 > 0 && epoch < heads.epochs.epoch_at(shard, position) {
        Some(Wait::ForkedAway)
    } else {
        None
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::{sync::Arc, time::Duration};

    use orderfold_events::{Epoch, Position, Shard, ShardCount};
    use secrecy::SecretString;
    use uuid::Uuid;

    use super::*;
    use crate::{
        database::Database,
        progress::Polled,
        store::{EpochTable, StoreClient},
    };

    pub(in crate::progress) const MODELS: [ReadModel; 2] =
        [ReadModel::OrderList, ReadModel::OrderDetail];

    /// Nothing listens there: these tests tell the progress themselves.
    pub(in crate::progress) async fn progress() -> Progress {
        let database = Database::open("mongodb://127.0.0.1:1/?directConnection=true")
            .await
            .unwrap();
        let store = StoreClient::new(&[], SecretString::from("x")).unwrap();
        Progress::new(database, Arc::new(store))
    }

    fn checkpoint(read_model: ReadModel, shard: u16, epoch: u32, position: u64) -> Checkpoint {
        Checkpoint {
            epoch: Epoch(epoch),
            position: Position(position),
            ..Checkpoint::start(read_model, Shard(shard))
        }
    }

    pub(in crate::progress) fn token(epoch: u32, shard: u16, position: u64) -> ConsistencyToken {
        ConsistencyToken::from(Coordinate {
            epoch: Epoch(epoch),
            shard: Shard(shard),
            position: Position(position),
        })
    }

    fn heads(forks: &[(u32, u16, u64)]) -> Polled {
        let epochs = forks
            .iter()
            .map(|&(epoch, shard, from)| (Epoch(epoch), Shard(shard), Position(from)));
        Polled {
            heads: Arc::new(Heads {
                store_id: Uuid::nil(),
                shards: ShardCount::new(2).unwrap(),
                epochs: EpochTable::new(epochs),
                positions: [(Shard(0), Position(9)), (Shard(1), Position(9))].into(),
                now: "2026-11-24T10:00:00.000Z".parse().unwrap(),
            }),
            at: Instant::now(),
            is_stale: false,
        }
    }

    #[tokio::test]
    async fn a_wait_ends_when_the_last_projection_arrives() {
        let progress = progress().await;
        progress.observe([checkpoint(MODELS[0], 0, 1, 7)]);
        let token = token(1, 0, 7);
        let deadline = Instant::now() + Duration::from_mins(1);
        let wait = progress.wait_for(&MODELS, &token, deadline);
        let arrive = async {
            while progress.read().wanted.is_empty() {
                tokio::task::yield_now().await;
            }
            progress.observe([checkpoint(MODELS[1], 0, 1, 6)]);
            tokio::task::yield_now().await;
            progress.observe([checkpoint(MODELS[1], 0, 1, 8)]);
        };
        let (outcome, ()) = tokio::join!(wait, arrive);
        assert_eq!(outcome, Wait::Reached);
        assert!(progress.read().wanted.is_empty(), "nobody waits any more");
    }

    #[tokio::test]
    async fn a_wait_that_is_not_fulfilled_times_out_and_one_that_is_needs_no_time() {
        let progress = progress().await;
        progress.observe(MODELS.map(|read_model| checkpoint(read_model, 0, 1, 7)));
        let past = Instant::now();
        assert_eq!(
            progress.wait_for(&MODELS, &token(1, 0, 7), past).await,
            Wait::Reached
        );
        assert_eq!(
            progress.wait_for(&MODELS, &token(1, 0, 8), past).await,
            Wait::TimedOut
        );
        assert_eq!(
            progress
                .wait_for(&MODELS, &ConsistencyToken::default(), past)
                .await,
            Wait::Reached,
            "an empty token asks for nothing"
        );
    }

    #[tokio::test]
    async fn tokens_that_can_never_be_reached_are_told_apart() {
        let progress = progress().await;
        progress.write().heads = Some(heads(&[(1, 0, 1), (1, 1, 1), (2, 0, 5)]));
        let past = Instant::now();
        assert_eq!(
            progress.wait_for(&MODELS, &token(1, 9, 1), past).await,
            Wait::UnknownShard
        );
        assert_eq!(
            progress.wait_for(&MODELS, &token(1, 0, 5), past).await,
            Wait::ForkedAway
        );
        assert_eq!(
            progress.wait_for(&MODELS, &token(1, 0, 4), past).await,
            Wait::TimedOut
        );
    }

    #[tokio::test]
    async fn a_checkpoint_of_an_older_history_has_not_reached_a_newer_one() {
        let progress = progress().await;
        progress.observe(MODELS.map(|read_model| checkpoint(read_model, 0, 1, 9)));
        let past = Instant::now();
        assert_eq!(
            progress.wait_for(&MODELS, &token(2, 0, 7), past).await,
            Wait::TimedOut
        );
    }

    #[tokio::test]
    async fn a_checkpoint_never_goes_back() {
        let progress = progress().await;
        progress.observe(MODELS.map(|read_model| checkpoint(read_model, 0, 1, 9)));
        progress.observe(MODELS.map(|read_model| checkpoint(read_model, 0, 1, 3)));
        let past = Instant::now();
        assert_eq!(
            progress.wait_for(&MODELS, &token(1, 0, 9), past).await,
            Wait::Reached
        );
    }

    #[tokio::test]
    async fn reading_starts_at_the_lowest_offset_of_all_projections() {
        let progress = progress().await;
        assert_eq!(
            progress.start_offset(Shard(0)),
            None,
            "nothing known: from the beginning"
        );
        progress.observe(
            ReadModel::ALL
                .iter()
                .zip(10..)
                .map(|(&read_model, offset)| Checkpoint {
                    next_offset: Some(offset),
                    ..checkpoint(read_model, 0, 1, 1)
                }),
        );
        assert_eq!(progress.start_offset(Shard(0)), Some(10));
    }
}
