//! Where the next event of a shard comes from when it does not come from Kafka, and what stops a shard.

use std::time::Duration;

use orderfold_events::{Position, Shard};
use tokio::time::Instant;
use tracing::{debug, error, info};

use super::Shards;
use crate::consumer::{
    acceptance::is_beyond_fork,
    admission::Mode,
    fill::{Page, Wish, fill},
    health::Halt,
};

/// A shard that stands still for so long, although the store is ahead and nothing is on its way, is read from the feed.
const STALL: Duration = Duration::from_secs(10);
/// A halted shard is tried again from the feed after so long: its event may have been put right.
const HALT_RETRY: Duration = Duration::from_secs(30);

impl Shards {
    /// Forks, shards that stand still, and halted ones whose time has come.
    pub(in crate::consumer) async fn look_around(&mut self, is_queue_empty: bool) {
        let ours = self.shared.progress.assignments().all();
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
    pub(in crate::consumer) fn ask(&mut self, shard: Shard, until: Position) {
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
    pub(in crate::consumer) fn fits(&self, page: &Page) -> bool {
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
    pub(in crate::consumer) fn after_page(&mut self, page: &Page) {
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
    pub(super) fn settle(&mut self, shard: Shard) {
        if let Some(following) = self.followed.get_mut(&shard)
            && matches!(following.mode, Mode::Filling { until } if following.checkpoint.position >= until)
        {
            following.mode = Mode::Live;
            self.shared.health.clear(self.target, shard);
        }
    }

    /// Stops one shard at one event, and says so.
    pub(in crate::consumer) fn halt(&mut self, shard: Shard, halt: &Halt) {
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
