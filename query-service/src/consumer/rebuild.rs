//! Brings a rebuild to its end: when the new build has caught up, it is compared with a sample of what the events say,
//! and answers from then on. Retired builds are dropped. The replica that works on the first shard does it for all.

use std::{collections::BTreeMap, convert::Infallible, time::Duration};

use metrics::gauge;
use orderfold_events::Shard;
use orderfold_http::clock;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{info, warn};

use super::{
    Shared,
    replay::{Replay, ReplayError},
    setup::Store,
};
use crate::{
    database::{
        Build, DatabaseError,
        audit::{AuditAction, AuditRecord, SYSTEM},
        builds::Registration,
        comparing::Comparison,
    },
    projections::ReadModel,
    store::Heads,
};

const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Whoever works on this shard drives the rebuilds.
const DRIVING: Shard = Shard(0);
/// A build that lacks no more events than this has caught up.
const BEHIND_EVENTS_MAX: u64 = 1_000;
/// About so many events are folded again to compare a new build.
const SAMPLE_EVENTS: u64 = 50_000;
/// How long a retired build is kept: replicas that still answer from it learn of the switch in a fraction of that, and
/// one that cannot reach MongoDB for so long does not answer from it either.
const RETIRE_AFTER: Duration = Duration::from_secs(5);
/// Differences that the note of a failed build names.
const NAMED_MAX: usize = 5;

/// The driver of rebuilds in one replica.
pub(super) struct Rebuilds {
    shared: Shared,
    replay: Replay,
    /// Since when a build is known to be retired.
    retired: BTreeMap<(ReadModel, Build), Instant>,
}

impl Rebuilds {
    pub(super) fn new(shared: Shared, store: Store) -> Self {
        let replay = Replay::new(
            shared.database.clone(),
            (shared.store.clone(), shared.keys.clone()),
            store,
        );
        Self {
            shared,
            replay,
            retired: BTreeMap::new(),
        }
    }

    /// Works for as long as it is polled.
    pub(super) async fn drive(mut self) -> Infallible {
        let mut look = interval(LOOK_INTERVAL);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            if self.shared.progress.assignments().of(DRIVING).is_none() {
                continue;
            }
            for &read_model in ReadModel::ALL {
                let Some(registration) = self.shared.progress.registration(read_model) else {
                    continue;
                };
                if let Err(error) = self.step(&registration).await {
                    let error = &error as &dyn std::error::Error;
                    warn!(error, projection = %read_model, "a rebuild does not get on");
                }
            }
        }
    }

    async fn step(&mut self, registration: &Registration) -> Result<(), ReplayError> {
        self.drop_retired(registration).await?;
        let (Some(filling), Some(heads)) = (registration.filling(), self.shared.progress.heads())
        else {
            publish_left(registration.projection, 0);
            return Ok(());
        };
        let left = self.events_left(registration.projection, filling.number, &heads);
        publish_left(registration.projection, left.unwrap_or(u64::MAX));
        if left.is_none_or(|left| left > BEHIND_EVENTS_MAX) {
            return Ok(());
        }
        let events: u64 = heads.positions.values().map(|position| position.0).sum();
        let one_in = (events / SAMPLE_EVENTS).max(1);
        let read_model = registration.projection;
        let found = self
            .replay
            .verify(read_model, filling.number, one_in)
            .await?;
        self.decide(registration, filling.number, &found).await?;
        Ok(())
    }

    /// How many events a build lacks; `None` while not all of its checkpoints are known.
    fn events_left(&self, read_model: ReadModel, build: Build, heads: &Heads) -> Option<u64> {
        let known = self.shared.progress.checkpoints_of(read_model, build);
        (known.len() == heads.positions.len()).then(|| {
            known
                .iter()
                .map(|checkpoint| {
                    let head = heads.positions.get(&checkpoint.shard).copied();
                    head.unwrap_or_default()
                        .0
                        .saturating_sub(checkpoint.position.0)
                })
                .sum()
        })
    }

    /// One compare-and-set makes the build answer, or keeps it from ever doing so.
    async fn decide(
        &self,
        before: &Registration,
        build: Build,
        found: &Comparison,
    ) -> Result<(), DatabaseError> {
        let (after, action, note) = if found.count == 0 {
            let note = format!("{} documents were compared", found.documents);
            (before.completed(build), AuditAction::RebuildCompleted, note)
        } else {
            let note = note_of(found);
            let after = before.failed(build, &note);
            (after, AuditAction::RebuildFailed, note)
        };
        let Ok(after) = after else {
            return Ok(());
        };
        let database = &self.shared.database;
        if database.replace_registration(before, &after).await? {
            info!(projection = %before.projection, %build, note, "a rebuild came to its end");
            let now = (clock::new_id(), clock::now().into());
            let about = (before.projection, build);
            let record = AuditRecord::new(now, SYSTEM, action, about).because(note);
            database.audit(&record).await?;
        }
        Ok(())
    }

    async fn drop_retired(&mut self, registration: &Registration) -> Result<(), DatabaseError> {
        let read_model = registration.projection;
        let database = &self.shared.database;
        for build in registration.retiring() {
            let since = *self
                .retired
                .entry((read_model, build))
                .or_insert_with(Instant::now);
            if since.elapsed() < RETIRE_AFTER {
                continue;
            }
            database.drop_build(read_model, build).await?;
            let after = registration.without(build);
            if database.replace_registration(registration, &after).await? {
                self.retired.remove(&(read_model, build));
                info!(projection = %read_model, %build, "a build was dropped");
            }
            // The registry has changed: the rest is for the next look.
            break;
        }
        Ok(())
    }
}

fn note_of(found: &Comparison) -> String {
    let named: Vec<String> = found
        .differences
        .iter()
        .take(NAMED_MAX)
        .map(ToString::to_string)
        .collect();
    format!(
        "{} of {} documents differ from what the events say: {}",
        found.count,
        found.documents,
        named.join("; ")
    )
}

fn publish_left(read_model: ReadModel, left: u64) {
    gauge!("orderfold_projection_build_events_left", "projection" => read_model.as_str())
        .set(u32::try_from(left).unwrap_or(u32::MAX));
}
