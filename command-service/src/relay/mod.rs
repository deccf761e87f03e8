//! The relay: publishes the log to Kafka, every event of a shard in order, by the one replica that holds the lease.
//! The event table is its outbox. What it sends twice, every consumer drops; it never sends past a hole.

mod kafka;
mod publisher;
mod topic;

use std::{sync::Arc, time::Duration};

use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::publisher::{Publisher, RelayError};
pub use self::{kafka::KafkaConfig, topic::TopicError};
use crate::database::{Database, Lease};

/// How long a lease lasts that is not renewed; another replica takes over after it.
const LEASE_DURATION: Duration = Duration::from_secs(4);
/// How often it is renewed, and how often another replica tries for it.
const LEASE_RENEWAL: Duration = Duration::from_secs(1);
/// How long the relay waits after a failure before it begins again from the stored progress.
const RESTART_DELAY: Duration = Duration::from_secs(1);

/// What the relay is made of.
pub struct Relay {
    pub database: Database,
    pub kafka: KafkaConfig,
    pub store_id: Uuid,
    /// Names this replica in the lease.
    pub owner: Uuid,
    /// Rung by this replica's own appends.
    pub appended: Arc<Notify>,
}

impl Relay {
    /// Publishes while this replica holds the lease, and waits for it while another does, until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut last_failure = String::new();
        while !stop.is_cancelled() {
            match self.database.hold_lease(self.owner, LEASE_DURATION).await {
                Ok(Some(lease)) => {
                    let begun = Instant::now();
                    let published = self.publish(lease, &stop).await;
                    if begun.elapsed() > LEASE_DURATION {
                        // It worked for a while: the same failure is news again.
                        last_failure.clear();
                    }
                    if let Err(error) = published {
                        report(&error, &mut last_failure);
                    }
                }
                Ok(None) => metrics::gauge!("orderfold_relay_leader").set(0),
                Err(error) => report(&error, &mut last_failure),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(RESTART_DELAY) => {}
            }
        }
        if let Err(error) = self.database.release_lease(self.owner).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the relay's lease was not given up"
            );
        }
    }

    /// Publishes until the lease is lost, something fails, or it is told to stop.
    async fn publish(&self, lease: Lease, stop: &CancellationToken) -> Result<(), RelayError> {
        tracing::info!(epoch = lease.epoch, "this replica publishes");
        metrics::gauge!("orderfold_relay_leader").set(1);
        let mut publisher =
            Publisher::start(&self.database, &self.kafka, self.store_id, lease).await?;
        let mut renew_at = Instant::now() + LEASE_RENEWAL;
        while !stop.is_cancelled() {
            if Instant::now() >= renew_at {
                if self.database.hold_lease(self.owner, LEASE_DURATION).await? != Some(lease) {
                    tracing::warn!("the lease has gone to another replica");
                    return Ok(());
                }
                renew_at = Instant::now() + LEASE_RENEWAL;
            }
            publisher.advance(&self.appended, renew_at, stop).await?;
        }
        publisher.finish().await
    }
}

/// Says what is wrong once, not every second while it lasts.
fn report(error: &(dyn std::error::Error + 'static), last: &mut String) {
    metrics::counter!("orderfold_relay_failures_total").increment(1);
    let text = std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ");
    if *last != text {
        tracing::error!(error = text, "the relay starts again");
        *last = text;
    }
}
