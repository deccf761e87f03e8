//! Keeping up to date: checkpoints every 250 ms, those that readers wait for every 10 ms unless this replica moves them
//! itself, the heads of the store every second.

use std::{convert::Infallible, time::Duration};

use metrics::gauge;
use orderfold_events::Shard;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{Progress, Subject};
use crate::{database::DatabaseError, projections::ReadModel};

const CHECKPOINTS_INTERVAL: Duration = Duration::from_millis(250);
const WANTED_INTERVAL: Duration = Duration::from_millis(10);
/// What a reader waits for is hardly there when it begins to.
const FIRST_LOOK: Duration = Duration::from_millis(4);
const HEADS_INTERVAL: Duration = Duration::from_secs(1);

impl Progress {
    /// Follows the checkpoints and the heads until cancelled.
    pub async fn follow(&self, cancel: &CancellationToken) {
        let following = async { tokio::join!(self.follow_checkpoints(), self.follow_heads()) };
        cancel.run_until_cancelled(following).await;
    }

    async fn follow_checkpoints(&self) -> Infallible {
        let mut is_reachable = true;
        loop {
            let started = Instant::now();
            match self.read_checkpoints().await {
                Ok(()) => is_reachable = true,
                Err(error) if is_reachable => {
                    is_reachable = false;
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "the checkpoints cannot be read"
                    );
                }
                Err(_) => {}
            }
            self.look_closely_until(started + CHECKPOINTS_INTERVAL)
                .await;
        }
    }

    /// Looks every few milliseconds for what readers wait for and others fold; sleeps while there is no such thing.
    async fn look_closely_until(&self, end: Instant) {
        loop {
            let wanted: Vec<_> = self.read().wanted_elsewhere(&self.assignments).collect();
            if wanted.is_empty() {
                tokio::select! {
                    () = sleep_until(end) => return,
                    () = self.until(|state| state.wanted_elsewhere(&self.assignments).next().is_some()) => {
                        sleep(FIRST_LOOK).await;
                        continue;
                    }
                }
            }
            let started = Instant::now();
            match self.read_wanted(&wanted).await {
                Ok(()) => {}
                Err(error) => {
                    debug!(
                        error = &error as &dyn std::error::Error,
                        "checkpoints cannot be read"
                    );
                }
            }
            if Instant::now() >= end {
                return;
            }
            sleep_until(end.min(started + WANTED_INTERVAL)).await;
        }
    }

    async fn read_wanted(&self, wanted: &[(ReadModel, Shard)]) -> Result<(), DatabaseError> {
        let mut keys = Vec::new();
        for (read_model, build) in self.read().builds() {
            for &(_, shard) in wanted.iter().filter(|(of, _)| *of == read_model) {
                keys.push((read_model, build, shard));
            }
        }
        let checkpoints = self.database.some_checkpoints(keys.into_iter()).await?;
        let missing = self.database.missing().await?;
        self.write().missing = missing;
        self.observe(checkpoints);
        Ok(())
    }

    async fn follow_heads(&self) -> Infallible {
        let mut is_reachable = true;
        loop {
            let next = Instant::now() + HEADS_INTERVAL;
            match self.read_heads().await {
                Ok(_) => is_reachable = true,
                Err(error) if is_reachable => {
                    is_reachable = false;
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "the store's heads are unknown"
                    );
                }
                Err(_) => {}
            }
            self.publish_lags();
            sleep_until(next).await;
        }
    }

    /// A lag that is not known is no number, and never zero.
    fn publish_lags(&self) {
        for &read_model in ReadModel::ALL {
            let freshness = self.freshness(&[read_model]);
            let name = read_model.as_str();
            let events = freshness.lag_events.map_or(f64::NAN, |events| {
                f64::from(u32::try_from(events).unwrap_or(u32::MAX))
            });
            let seconds = freshness
                .lag_ms
                .map_or(f64::NAN, |ms| Duration::from_millis(ms).as_secs_f64());
            gauge!("orderfold_projection_lag_events", "projection" => name).set(events);
            gauge!("orderfold_projection_lag_seconds", "projection" => name).set(seconds);
            let parked = self.missing(&[read_model], Subject::Many);
            gauge!("orderfold_projection_parked_streams", "projection" => name)
                .set(u32::try_from(parked).unwrap_or(u32::MAX));
        }
    }
}
