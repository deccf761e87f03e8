//! The shards that one projector works on: how far each is, where its next event comes from, what waits in it, and what
//! stopped it.

use std::{collections::BTreeMap, time::Duration};

use orderfold_events::{Position, Shard, ShardCount, StreamId};
use tokio::{sync::mpsc, time::Instant};
use tracing::{debug, error, info};

use super::{
    Shared,
    acceptance::is_beyond_fork,
    admission::{Batch, Following, Mode},
    builds::Target,
    fill::{Page, Wish, fill},
    health::Halt,
};
use crate::{
    database::{Checkpoint, DatabaseError, moment::Moment},
    progress::Assignment,
};

/// A shard that stands still for so long, although the store is ahead and nothing is on its way, is read from the feed.
const STALL: Duration = Duration::from_secs(10);
/// A halted shard is tried again from the feed after so long: its event may have been put right.
const HALT_RETRY: Duration = Duration::from_secs(30);

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
            .filter_map(|shard| Some((shard, self.shared.assignments.of(shard)?)))
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
            assignments,
            health,
            ..
        } = &self.shared;
        self.followed.retain(|&shard, following| {
            let is_ours = assignments.holds(shard, following.assignment);
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

    /// Forks, shards that stand still, and halted ones whose time has come.
    pub(super) async fn look_around(&mut self, is_queue_empty: bool) {
        let ours = self.shared.assignments.all();
        if let Err(error) = self.take_on(ours.into_iter().map(|(shard, _)| shard)).await {
            debug!(
                error = &error as &dyn std::error::Error,
                "checkpoints cannot be read"
            );
            return;
        }
        let Some(heads) = self.shared.progress.heads() else {
            return;
        };
        let comes_more = !is_queue_empty || self.shared.pressure.was_within(STALL, Instant::now());
        let mut beyond = Vec::new();
        let mut behind = Vec::new();
        for (&shard, following) in &self.followed {
            let head = heads.positions.get(&shard).copied().unwrap_or_default();
            let is_stalled = !comes_more && following.moved.elapsed() > STALL;
            match following.mode {
                _ if is_beyond_fork(&following.checkpoint, &heads.epochs) => beyond.push(shard),
                Mode::Live
                    if (is_stalled || self.target.catches_up)
                        && head > following.checkpoint.position =>
                {
                    behind.push((shard, head));
                }
                Mode::Halted { since, .. } if since.elapsed() > HALT_RETRY => {
                    behind.push((shard, head));
                }
                Mode::Live | Mode::Filling { .. } | Mode::Halted { .. } => {}
            }
        }
        for shard in beyond {
            self.halt(shard, &forked());
        }
        for (shard, head) in behind {
            self.retry(shard, head);
        }
    }

    /// Has the feed read, unless that is going on already.
    pub(super) fn ask(&mut self, shard: Shard, until: Position) {
        let Some(following) = self.followed.get_mut(&shard) else {
            return;
        };
        match &mut following.mode {
            Mode::Filling { until: known } => *known = until.max(*known),
            Mode::Live => {
                following.mode = Mode::Filling { until };
                info!(
                    projection = %self.target,
                    shard = shard.0,
                    after = following.checkpoint.position.0,
                    until = until.0,
                    "reading the feed"
                );
                self.start_fill(shard);
            }
            Mode::Halted { .. } => {}
        }
    }

    /// Reads the feed although the shard stands still.
    fn retry(&mut self, shard: Shard, head: Position) {
        if let Some(following) = self.followed.get_mut(&shard) {
            following.moved = Instant::now();
            following.mode = Mode::Live;
            self.ask(shard, head);
        }
    }

    fn start_fill(&self, shard: Shard) {
        let Some(following) = self.followed.get(&shard) else {
            return;
        };
        let wish = Wish {
            shard,
            assignment: following.assignment,
            after: following.checkpoint.position,
        };
        tokio::spawn(fill(
            self.shared.clone(),
            self.count,
            wish,
            self.pages.clone(),
        ));
    }

    /// Whether a page goes on from where the shard is, or from before that. If not, it is read anew.
    pub(super) fn fits(&self, page: &Page) -> bool {
        let Some(following) = self.followed.get(&page.shard) else {
            return false;
        };
        let fits =
            following.assignment == page.assignment && page.after <= following.checkpoint.position;
        if !fits && matches!(following.mode, Mode::Filling { .. }) {
            self.start_fill(page.shard);
        }
        fits
    }

    /// After a page was folded: reads the next one, or is done, or finds that the store lacks what Kafka promised.
    pub(super) fn after_page(&mut self, page: &Page) {
        let Some(following) = self.followed.get(&page.shard) else {
            return;
        };
        let Mode::Filling { until } = following.mode else {
            return;
        };
        let position = following.checkpoint.position;
        if position >= until {
            self.settle(page.shard);
        } else if page.records.is_empty() && position == page.after {
            let halt = Halt {
                position: position.next(),
                event_id: None,
                cause: page
                    .failure
                    .clone()
                    .unwrap_or_else(|| "Kafka has it, but the store does not".to_owned()),
            };
            self.halt(page.shard, &halt);
        } else {
            self.start_fill(page.shard);
        }
    }

    /// Ends filling where the goal is reached.
    fn settle(&mut self, shard: Shard) {
        if let Some(following) = self.followed.get_mut(&shard)
            && matches!(following.mode, Mode::Filling { until } if following.checkpoint.position >= until)
        {
            following.mode = Mode::Live;
            self.shared.health.clear(self.target, shard);
        }
    }

    /// Stops one shard at one event, and says so.
    pub(super) fn halt(&mut self, shard: Shard, halt: &Halt) {
        if let Some(following) = self.followed.get_mut(&shard) {
            following.mode = Mode::Halted {
                at: halt.position,
                since: Instant::now(),
            };
        }
        if self.shared.health.halt(self.target, shard, halt) {
            error!(
                projection = %self.target,
                shard = shard.0,
                position = halt.position.0,
                event_id = halt.event_id.map(|id| id.to_string()),
                cause = halt.cause,
                "a shard was halted"
            );
        }
    }
}

fn forked() -> Halt {
    Halt {
        position: Position::START,
        event_id: None,
        cause: "the store was forked below what is folded: the read model must be rebuilt"
            .to_owned(),
    }
}
