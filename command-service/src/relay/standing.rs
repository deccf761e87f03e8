//! How the relay stands, as every replica sees it, whoever publishes: its lag and what halts it, for metrics and for
//! readiness, which it never takes away: commands do not need Kafka.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::database::{Database, RelayState};

const INTERVAL: Duration = Duration::from_secs(1);
/// An event that Kafka does not have after so long is worth a warning.
const LAG_SECONDS_MAX: f64 = 10.0;

/// Cheap to clone.
#[derive(Clone)]
pub struct Standing(Arc<watch::Sender<Option<RelayState>>>);

impl Default for Standing {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(None)))
    }
}

impl Standing {
    /// Looks again and again until told to stop.
    pub async fn follow(self, database: Database, stop: CancellationToken) {
        while !stop.is_cancelled() {
            // Without the database nothing is known, and readiness says so anyway.
            let state = database.relay_state().await.ok();
            if let Some(state) = &state {
                measure(state);
            }
            self.0.send_replace(state);
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }

    /// # Errors
    /// What is wrong with the relay, in one sentence.
    pub fn warning(&self) -> Result<(), String> {
        match &*self.0.borrow() {
            Some(RelayState {
                halted: Some(reason),
                ..
            }) => Err(format!("halted: {reason}")),
            Some(RelayState { lag_seconds, .. }) if *lag_seconds > LAG_SECONDS_MAX => Err(format!(
                "the oldest of the events that Kafka does not have is {lag_seconds:.0} s old"
            )),
            Some(_) | None => Ok(()),
        }
    }
}

fn measure(state: &RelayState) {
    metrics::gauge!("orderfold_relay_lag_events").set(lossy(state.lag_events));
    metrics::gauge!("orderfold_relay_lag_seconds").set(state.lag_seconds);
    metrics::gauge!("orderfold_relay_halted").set(u8::from(state.halted.is_some()));
}

/// Gauges are floats; counts stay far below where these lose whole numbers.
#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge may be off by one beyond 2^53 events"
)]
fn lossy(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_halt_and_a_long_lag_are_worth_a_warning_and_a_short_lag_is_not() {
        let warned = |lag_seconds, halted: Option<&str>| {
            let standing = Standing::default();
            standing.0.send_replace(Some(RelayState {
                lag_events: 1,
                lag_seconds,
                halted: halted.map(str::to_owned),
            }));
            standing.warning()
        };
        assert_eq!(warned(0.5, None), Ok(()));
        assert!(warned(31.0, None).unwrap_err().contains("31 s"));
        assert_eq!(
            warned(0.0, Some("no topic")),
            Err("halted: no topic".to_owned())
        );
        assert_eq!(Standing::default().warning(), Ok(()), "nothing is known");
    }
}
