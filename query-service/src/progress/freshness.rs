//! How fresh an answer from some projections is.

use std::time::Duration;

use orderfold_events::{Position, Shard, Timestamp};

use super::{Polled, Progress, State};
use crate::projections::ReadModel;

/// How far read models are behind the store. What cannot be told is `None`, never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Freshness {
    /// Events that are recorded but not folded.
    pub lag_events: Option<u64>,
    /// Milliseconds between `as_of` and now, by the store's clock.
    pub lag_ms: Option<u64>,
    /// Everything recorded up to here is folded.
    pub as_of: Option<Timestamp>,
}

impl Progress {
    /// The freshness of an answer that reads these projections: that of the one which is furthest behind.
    #[must_use]
    pub fn freshness(&self, read_models: &[ReadModel]) -> Freshness {
        self.read().freshness(read_models)
    }
}

impl State {
    fn freshness(&self, read_models: &[ReadModel]) -> Freshness {
        let as_of = self.as_of(read_models);
        let Some(polled) = &self.heads else {
            return Freshness {
                as_of,
                ..Freshness::default()
            };
        };
        let now = polled
            .heads
            .now
            .millis()
            .saturating_add(millis(polled.at.elapsed()));
        Freshness {
            lag_events: if polled.is_stale {
                None
            } else {
                self.lag_events(polled, read_models)
            },
            lag_ms: as_of
                .map(|as_of| u64::try_from(now.saturating_sub(as_of.millis())).unwrap_or_default()),
            as_of,
        }
    }

    fn lag_events(&self, polled: &Polled, read_models: &[ReadModel]) -> Option<u64> {
        let lags = read_models.iter().map(|&read_model| {
            polled
                .heads
                .positions
                .iter()
                .map(|(&shard, head)| {
                    let checkpoint = self.checkpoint(read_model, shard)?;
                    Some(head.0.saturating_sub(checkpoint.position.0))
                })
                .sum::<Option<u64>>()
        });
        // The furthest behind; one that is not known makes the whole unknown.
        lags.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// The minimum over all shards of all projections.
    fn as_of(&self, read_models: &[ReadModel]) -> Option<Timestamp> {
        let checkpoints = self
            .checkpoints
            .iter()
            .filter(|((read_model, build, _), _)| {
                read_models.contains(read_model) && *build == self.serving.of(*read_model)
            });
        match &self.heads {
            Some(polled) => checkpoints
                .map(|(&(_, _, shard), checkpoint)| {
                    shard_as_of(polled, shard, checkpoint.position, checkpoint.as_of)
                })
                // A shard of which nothing is folded yet leaves no moment to state.
                .collect::<Option<Vec<_>>>()?
                .into_iter()
                .min(),
            // Without heads, shards that hold nothing cannot be told from shards that hold something new.
            None => checkpoints
                .filter_map(|(_, checkpoint)| checkpoint.as_of)
                .min(),
        }
    }
}

/// A shard at its head is as fresh as the poll; one that went further is as fresh as its newest event.
fn shard_as_of(
    polled: &Polled,
    shard: Shard,
    position: Position,
    folded: Option<Timestamp>,
) -> Option<Timestamp> {
    let head = polled.heads.positions.get(&shard).copied()?;
    if position >= head {
        Some(folded.map_or(polled.heads.now, |folded| folded.max(polled.heads.now)))
    } else {
        folded
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use orderfold_events::ShardCount;
    use tokio::time::Instant;
    use uuid::Uuid;

    use super::*;
    use crate::{
        database::{Build, Checkpoint},
        store::{EpochTable, Heads},
    };

    const LIST: ReadModel = ReadModel::OrderList;
    const DETAIL: ReadModel = ReadModel::OrderDetail;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn polled(positions: [u64; 2]) -> Polled {
        let positions: BTreeMap<_, _> = (0..)
            .map(Shard)
            .zip(positions.into_iter().map(Position))
            .collect();
        Polled {
            heads: Arc::new(Heads {
                store_id: Uuid::nil(),
                shards: ShardCount::new(2).unwrap(),
                epochs: EpochTable::default(),
                positions,
                now: time("2026-11-24T10:00:00.000Z"),
            }),
            at: Instant::now(),
            is_stale: false,
        }
    }

    fn state(checkpoints: &[(ReadModel, u16, u64, Option<&str>)]) -> State {
        let checkpoints = checkpoints
            .iter()
            .map(|&(read_model, shard, position, as_of)| {
                let checkpoint = Checkpoint {
                    position: Position(position),
                    as_of: as_of.map(time),
                    ..Checkpoint::start(read_model, Shard(shard))
                };
                ((read_model, Build::FIRST, Shard(shard)), checkpoint)
            })
            .collect();
        State {
            checkpoints,
            ..State::default()
        }
    }

    #[test]
    fn at_the_heads_nothing_is_behind_and_the_poll_is_the_moment() {
        let mut state = state(&[
            (LIST, 0, 7, Some("2026-11-24T08:00:00.000Z")),
            (LIST, 1, 0, None),
        ]);
        state.heads = Some(polled([7, 0]));
        let freshness = state.freshness(&[LIST]);
        assert_eq!(freshness.lag_events, Some(0));
        assert_eq!(freshness.as_of, Some(time("2026-11-24T10:00:00.000Z")));
    }

    #[test]
    fn the_furthest_behind_decides() {
        let early = Some("2026-11-24T08:00:00.000Z");
        let mut state = state(&[
            (LIST, 0, 7, early),
            (LIST, 1, 4, Some("2026-11-24T09:00:00.000Z")),
            (DETAIL, 0, 5, early),
            (DETAIL, 1, 4, early),
        ]);
        state.heads = Some(polled([7, 5]));
        assert_eq!(state.freshness(&[LIST]).lag_events, Some(1));
        assert_eq!(
            state.freshness(&[LIST]).as_of,
            Some(time("2026-11-24T09:00:00.000Z"))
        );
        let both = state.freshness(&[LIST, DETAIL]);
        assert_eq!(both.lag_events, Some(3));
        assert_eq!(both.as_of, Some(time("2026-11-24T08:00:00.000Z")));
        assert!(both.lag_ms.is_some_and(|ms| ms >= 7_200_000));
    }

    #[test]
    fn a_store_that_does_not_answer_makes_the_lag_unknown_and_not_zero() {
        let mut state = state(&[
            (LIST, 0, 7, Some("2026-11-24T08:00:00.000Z")),
            (LIST, 1, 0, None),
        ]);
        assert_eq!(state.freshness(&[LIST]).lag_events, None);
        state.heads = Some(Polled {
            is_stale: true,
            ..polled([7, 0])
        });
        let freshness = state.freshness(&[LIST]);
        assert_eq!(freshness.lag_events, None);
        assert_eq!(
            freshness.as_of,
            Some(time("2026-11-24T10:00:00.000Z")),
            "as of the last answer"
        );
    }

    #[test]
    fn a_shard_of_which_nothing_is_folded_leaves_no_moment_to_state() {
        let mut state = state(&[(LIST, 0, 0, None), (LIST, 1, 0, None)]);
        state.heads = Some(polled([7, 0]));
        let freshness = state.freshness(&[LIST]);
        assert_eq!((freshness.lag_events, freshness.as_of), (Some(7), None));
    }

    #[test]
    fn a_missing_checkpoint_makes_the_lag_unknown() {
        let mut state = state(&[(LIST, 0, 7, None)]);
        state.heads = Some(polled([7, 0]));
        assert_eq!(state.freshness(&[LIST]).lag_events, None);
    }
}
