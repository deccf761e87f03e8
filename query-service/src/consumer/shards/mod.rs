//! The shards that one projector works on: how far each is, and what waits in it.

mod feed;

use std::collections::BTreeMap;

use orderfold_events::{Shard, ShardCount, StreamId};
use tokio::{sync::mpsc, time::Instant};

use super::{
    Shared,
    admission::{Batch, Following, Mode},
    builds::Target,
    fill::Page,
};
use crate::{
    database::{Checkpoint, DatabaseError, moment::Moment},
    progress::Assignment,
};

/// The shards of one projector.
pub(super) struct Shards {
    target: Target,
    shared: Shared,
    count: ShardCount,
    pages: mpsc::UnboundedSender<Page>,
    followed: BTreeMap<Shard, Following>,
    /// When the checkpoints that are certain stood there at the latest.
    moment: Moment,
}

impl Shards {
    pub(super) fn new(
        target: Target,
        shared: Shared,
        count: ShardCount,
        pages: mpsc::UnboundedSender<Page>,
    ) -> Self {
        Self {
            target,
            shared,
            count,
            pages,
            followed: BTreeMap::new(),
            moment: Moment::default(),
        }
    }

    pub(super) fn moment(&self) -> Moment {
        self.moment
    }

    /// Takes note of when checkpoints stood where they are known to, or were brought there.
    pub(super) fn saw(&mut self, moment: Moment) {
        self.moment = self.moment.max(moment);
    }

    pub(super) fn followed(&self) -> &BTreeMap<Shard, Following> {
        &self.followed
    }

    /// Reads the checkpoints of those shards that are ours but not known, or not known any more; lets go of those that
    /// are no longer ours.
    pub(super) async fn take_on(
        &mut self,
        wanted: impl Iterator<Item = Shard>,
    ) -> Result<(), DatabaseError> {
        self.let_go();
        let missing: BTreeMap<Shard, Assignment> = wanted
            .filter(|shard| {
                !self
                    .followed
                    .get(shard)
                    .is_some_and(|known| known.is_certain)
            })
            .filter_map(|shard| Some((shard, self.shared.progress.assignments().of(shard)?)))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let Target {
            read_model, build, ..
        } = self.target;
        let database = self.shared.database.clone();
        let (checkpoints, moment) = database
            .checkpoints_now((read_model, build), missing.keys().copied())
            .await?;
        self.saw(moment);
        // After the checkpoints: what waits by then is at least what they have passed over.
        let mut parked = database
            .streams_parked_in((read_model, build), missing.keys().copied())
            .await?;
        for checkpoint in checkpoints {
            let shard = checkpoint.shard;
            let Some(&assignment) = missing.get(&shard) else {
                continue;
            };
            let known = self.followed.remove(&shard);
            let following = Following {
                assignment,
                checkpoint,
                is_certain: true,
                mode: known
                    .filter(|known| known.assignment == assignment)
                    .map_or(Mode::Live, |known| known.mode),
                parked: parked.remove(&shard).unwrap_or_default(),
                moved: Instant::now(),
            };
            self.followed.insert(shard, following);
        }
        Ok(())
    }

    fn let_go(&mut self) {
        let Shared {
            progress, health, ..
        } = &self.shared;
        self.followed.retain(|&shard, following| {
            let is_ours = progress.assignments().holds(shard, following.assignment);
            if !is_ours {
                health.clear(self.target, shard);
            }
            is_ours
        });
    }

    /// After an unknown or lost outcome, no checkpoint of the batch is known until it is read again.
    pub(super) fn doubt(&mut self, batch: &Batch) {
        for shard in batch.moves.keys() {
            if let Some(following) = self.followed.get_mut(shard) {
                following.is_certain = false;
            }
        }
    }

    /// No checkpoint of a shard is known until it is read again.
    pub(super) fn doubt_shard(&mut self, shard: Shard) {
        if let Some(following) = self.followed.get_mut(&shard) {
            following.is_certain = false;
        }
    }

    /// How many streams wait in all shards together.
    pub(super) fn parked_streams(&self) -> usize {
        let followed = self.followed.values();
        followed.map(|following| following.parked.len()).sum()
    }

    /// Whether a stream waits.
    pub(super) fn is_parked(&self, shard: Shard, stream: StreamId) -> bool {
        let following = self.followed.get(&shard);
        following.is_some_and(|following| following.parked.contains(&stream))
    }

    /// Takes note of streams that were parked by a batch that is committed.
    pub(super) fn parked(&mut self, streams: impl Iterator<Item = (Shard, StreamId)>) {
        for (shard, stream) in streams {
            if let Some(following) = self.followed.get_mut(&shard) {
                following.parked.insert(stream);
            }
        }
    }

    /// Takes note of a repair that is committed; the stream goes on if `is_free`.
    pub(super) fn repaired(&mut self, checkpoint: Checkpoint, stream: StreamId, is_free: bool) {
        if let Some(following) = self.followed.get_mut(&checkpoint.shard) {
            if is_free {
                following.parked.remove(&stream);
            }
            following.checkpoint = checkpoint;
        }
    }

    /// Takes note of a batch that is committed.
    pub(super) fn passed(&mut self, batch: Batch) {
        for (shard, step) in &batch.moves {
            if let Some(following) = self.followed.get_mut(shard) {
                following.checkpoint = step.to.clone();
                following.moved = Instant::now();
            }
            self.settle(*shard);
        }
        let checkpoints = batch.moves.into_values().map(|step| step.to);
        self.shared.progress.observe(checkpoints);
    }
}
