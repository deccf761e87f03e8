//! The relay: publishes the log to Kafka, every event of a shard in order, by the one replica that holds the lease.
//! The event table is its outbox. What it sends twice, every consumer drops; it never sends past a hole, and not at all
//! where Kafka and the store contradict each other.

mod error;
mod halt;
mod kafka;
mod partitions;
mod publisher;
mod scan;
mod standing;
mod tail;
mod topic;

use std::{pin::pin, time::Duration};

use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::publisher::Publisher;
pub use self::{
    error::RelayError, halt::Halt, kafka::KafkaConfig, standing::Standing, topic::TopicError,
};
pub(crate) use self::{partitions::Partition, scan::Scan};
use crate::{
    database::{Database, Lease, Progress},
    event_sourcing::{Appended, StoreError},
};

/// How long a lease lasts that is not renewed; another replica takes over after it.
const LEASE_DURATION: Duration = Duration::from_secs(4);
/// How often it is renewed, and how often another replica tries for it.
const LEASE_RENEWAL: Duration = Duration::from_secs(1);
/// How long the relay waits after a failure before it begins again from the stored progress.
const RESTART_DELAY: Duration = Duration::from_secs(1);
/// The same after a halt; short enough to keep the lease.
const HALT_DELAY: Duration = Duration::from_secs(2);
/// How often Kafka is asked whether it still holds what it has acknowledged.
const GLANCE_INTERVAL: Duration = Duration::from_secs(5);

/// What the relay is made of.
pub struct Relay {
    pub database: Database,
    pub kafka: KafkaConfig,
    pub store_id: Uuid,
    /// Names this replica in the lease.
    pub owner: Uuid,
    /// What this replica appends itself.
    pub appended: Appended,
}

impl Relay {
    /// Publishes while this replica holds the lease, and waits for it while another does, until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut last_failure = String::new();
        while !stop.is_cancelled() {
            let mut delay = RESTART_DELAY;
            match self.database.hold_lease(self.owner, LEASE_DURATION).await {
                Ok(Some(lease)) => {
                    let begun = Instant::now();
                    let published = self.publish(lease, &stop).await;
                    self.appended.await_events(false);
                    if begun.elapsed() > LEASE_DURATION {
                        // It worked for a while: the same failure is news again.
                        last_failure.clear();
                    }
                    if let Err(error) = published {
                        report(&error, &mut last_failure);
                        if error.halts() {
                            delay = HALT_DELAY;
                            self.say_halted(lease, &error).await;
                        }
                    }
                }
                Ok(None) => metrics::gauge!("orderfold_relay_leader").set(0),
                Err(error) => report(&error, &mut last_failure),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(delay) => {}
            }
        }
        if let Err(error) = self.database.release_lease(self.owner).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the relay's lease was not given up"
            );
        }
    }

    async fn say_halted(&self, lease: Lease, error: &RelayError) {
        let reason = chain(error);
        if let Err(error) = self.database.record_halt(lease, Some(&reason)).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "that the relay is halted could not be written down");
        }
    }

    /// Publishes until the lease is lost, something fails, or it is told to stop.
    async fn publish(&self, lease: Lease, stop: &CancellationToken) -> Result<(), RelayError> {
        metrics::gauge!("orderfold_relay_leader").set(1);
        let progress = self.database.relay_progress().await?;
        if !self.scan(lease, &progress, stop).await? {
            return Ok(());
        }
        self.database.record_halt(lease, None).await?;
        tracing::info!(epoch = lease.epoch, "this replica publishes");
        self.appended.await_events(true);
        let mut publisher = Publisher::start(&self.database, &self.kafka, self.store_id, lease)?;
        publisher.go_on_from(progress);
        let mut glance = Glance::default();
        let mut renew_at = Instant::now() + LEASE_RENEWAL;
        while !stop.is_cancelled() {
            if Instant::now() >= renew_at {
                if !self.renewed(lease).await? {
                    return Ok(());
                }
                renew_at = Instant::now() + LEASE_RENEWAL;
                glance.at(&self.kafka, &publisher).await?;
            }
            publisher.advance(&self.appended, renew_at, stop).await?;
        }
        publisher.finish().await
    }

    /// Compares the topic's end with the store, however long it takes; `false` when the lease is lost over it.
    async fn scan(
        &self,
        lease: Lease,
        progress: &[Progress],
        stop: &CancellationToken,
    ) -> Result<bool, RelayError> {
        let scan = Scan::run(&self.database, &self.kafka, self.store_id, progress);
        let mut scan = pin!(scan);
        let found = loop {
            tokio::select! {
                found = &mut scan => break found?,
                () = stop.cancelled() => return Ok(false),
                () = tokio::time::sleep(LEASE_RENEWAL) => if !self.renewed(lease).await? {
                    return Ok(false);
                },
            }
        };
        match found.forks.first_key_value() {
            Some((shard, fork)) => {
                let (shard, from) = (*shard, fork.from);
                Err(Halt::Forked { shard, from }.into())
            }
            None => Ok(true),
        }
    }

    async fn renewed(&self, lease: Lease) -> Result<bool, StoreError> {
        let held = self.database.hold_lease(self.owner, LEASE_DURATION).await? == Some(lease);
        if !held {
            tracing::warn!("the lease has gone to another replica");
        }
        Ok(held)
    }
}

/// A look at Kafka's partitions from time to time, beside the publishing: a topic that is deleted while nothing happens
/// would show only with the next event.
struct Glance {
    running: Option<JoinHandle<Result<Vec<Partition>, RelayError>>>,
    next: Instant,
}

impl Default for Glance {
    fn default() -> Self {
        Self {
            running: None,
            next: Instant::now() + GLANCE_INTERVAL,
        }
    }
}

impl Glance {
    /// Starts a look when it is time, and takes its result when there is one. That Kafka is away is no result.
    async fn at(
        &mut self,
        kafka: &KafkaConfig,
        publisher: &Publisher<'_>,
    ) -> Result<(), RelayError> {
        if let Some(running) = self.running.take_if(|running| running.is_finished())
            && let Ok(Err(error)) = running.await
            && error.halts()
        {
            return Err(error);
        }
        if self.running.is_none() && Instant::now() >= self.next {
            let (kafka, acknowledged) = (kafka.clone(), publisher.acknowledged());
            self.running = Some(tokio::spawn(async move {
                kafka.intact_partitions(&acknowledged).await
            }));
            self.next = Instant::now() + GLANCE_INTERVAL;
        }
        Ok(())
    }
}

/// Says what is wrong once, not every second while it lasts.
fn report(error: &(dyn std::error::Error + 'static), last: &mut String) {
    metrics::counter!("orderfold_relay_failures_total").increment(1);
    let text = chain(error);
    if *last != text {
        tracing::error!(error = text, "the relay starts again");
        *last = text;
    }
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
