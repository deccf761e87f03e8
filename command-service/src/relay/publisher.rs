//! Publishing: reads each shard after what was sent, sends it in order, and keeps the contiguous acknowledged prefix.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use orderfold_events::{Position, Shard};
use rdkafka::error::KafkaError;
use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::kafka::{Delivery, KafkaConfig, KafkaLog};
use crate::{
    database::{Database, Lease, Progress},
    event_sourcing::StoreError,
};

/// Records on their way at once.
const IN_FLIGHT_MAX: usize = 10_000;
/// Records and bytes read from one shard at once.
const READ_RECORDS_MAX: u32 = 1_000;
const READ_BYTES_MAX: u32 = 8 * 1024 * 1024;
/// Progress is written this often at most: it only saves sending again what was sent.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(75);
/// How often the heads are looked at while nothing happens here: another replica's appends ring no bell.
const POLL_MIN: Duration = Duration::from_millis(5);
const POLL_MAX: Duration = Duration::from_millis(250);
/// How long a stopping relay waits for records on their way.
const FINISH_TIMEOUT: Duration = Duration::from_secs(3);

/// Why publishing stops; it starts again from the stored progress.
#[derive(Debug, thiserror::Error)]
pub(super) enum RelayError {
    #[error("the relay cannot read or write the store")]
    Store(#[from] StoreError),
    #[error("Kafka refuses the producer")]
    Producer(#[source] KafkaError),
    #[error("shard {shard} position {position} was not taken by Kafka")]
    NotDelivered {
        shard: Shard,
        position: Position,
        source: KafkaError,
    },
    #[error("the store's shard {shard} has a hole before position {next}")]
    Hole { shard: Shard, next: Position },
    #[error("the lease has gone to another replica")]
    LeaseLost,
}

/// One shard on its way: `acknowledged ≤ sent`, and everything up to `acknowledged` is on Kafka.
struct Track {
    sent: Position,
    acknowledged: Position,
    kafka_offset: i64,
}

pub(super) struct Publisher<'a> {
    database: &'a Database,
    kafka: KafkaLog,
    deliveries: mpsc::UnboundedReceiver<Delivery>,
    lease: Lease,
    tracks: BTreeMap<Shard, Track>,
    unsaved: BTreeSet<Shard>,
    in_flight: usize,
    /// The producer had no room for a record; it has after the next delivery.
    full: bool,
    /// Where the next look at the shards begins.
    next_shard: Shard,
    poll: Duration,
    save_at: Instant,
}

impl<'a> Publisher<'a> {
    pub async fn start(
        database: &'a Database,
        config: &KafkaConfig,
        store_id: Uuid,
        lease: Lease,
    ) -> Result<Self, RelayError> {
        let (kafka, deliveries) =
            KafkaLog::connect(config, store_id).map_err(RelayError::Producer)?;
        let tracks = database
            .relay_progress()
            .await?
            .into_iter()
            .map(
                |Progress {
                     shard,
                     position,
                     kafka_offset,
                 }| {
                    (
                        shard,
                        Track {
                            sent: position,
                            acknowledged: position,
                            kafka_offset,
                        },
                    )
                },
            )
            .collect();
        Ok(Self {
            database,
            kafka,
            deliveries,
            lease,
            tracks,
            unsaved: BTreeSet::new(),
            in_flight: 0,
            full: false,
            next_shard: Shard(0),
            poll: POLL_MIN,
            save_at: Instant::now(),
        })
    }

    /// Sends what is new, then waits for a delivery, a bell, the next poll or `until`, whichever is first.
    pub async fn advance(
        &mut self,
        appended: &Notify,
        until: Instant,
        stop: &CancellationToken,
    ) -> Result<(), RelayError> {
        let sent = self.send_new().await?;
        self.poll = if sent {
            POLL_MIN
        } else {
            (self.poll * 2).min(POLL_MAX)
        };
        let now = Instant::now();
        let mut wake = until.min(now + self.poll);
        if !self.unsaved.is_empty() {
            wake = wake.min(self.save_at);
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = appended.notified() => self.poll = POLL_MIN,
            Some(delivery) = self.deliveries.recv() => self.take(delivery)?,
            () = tokio::time::sleep_until(wake) => {}
        }
        while let Ok(delivery) = self.deliveries.try_recv() {
            self.take(delivery)?;
        }
        if !self.unsaved.is_empty() && Instant::now() >= self.save_at {
            self.save().await?;
        }
        Ok(())
    }

    /// Sends what the store has beyond what was sent, until there is no room; says whether there was anything. It
    /// begins with another shard each time, so that a busy one does not keep the others waiting.
    async fn send_new(&mut self) -> Result<bool, RelayError> {
        let mut heads = self.database.heads().await?;
        let lag = heads
            .iter()
            .filter_map(|head| {
                let track = self.tracks.get(&head.shard)?;
                Some(head.position.0.saturating_sub(track.acknowledged.0))
            })
            .sum();
        metrics::gauge!("orderfold_relay_lag_events").set(lossy(lag));
        if self.full || self.in_flight >= IN_FLIGHT_MAX {
            return Ok(false);
        }
        heads.retain(|head| {
            self.tracks
                .get(&head.shard)
                .is_some_and(|track| track.sent < head.position)
        });
        let first = heads.partition_point(|head| head.shard < self.next_shard);
        heads.rotate_left(first);
        for head in &heads {
            self.next_shard = Shard(head.shard.0.saturating_add(1));
            self.send_shard(head.shard).await?;
            if self.full || self.in_flight >= IN_FLIGHT_MAX {
                break;
            }
        }
        Ok(!heads.is_empty())
    }

    /// Sends a part of what is new in one shard, as far as there is room.
    async fn send_shard(&mut self, shard: Shard) -> Result<(), RelayError> {
        let Some(track) = self.tracks.get_mut(&shard) else {
            return Ok(());
        };
        let records = self
            .database
            .log_after(shard, track.sent, READ_RECORDS_MAX, READ_BYTES_MAX)
            .await?;
        for record in &records {
            let next = record.envelope.coordinate.position;
            if next != track.sent.next() {
                return Err(RelayError::Hole { shard, next });
            }
            if !self.kafka.send(record).map_err(RelayError::Producer)? {
                self.full = true;
                break;
            }
            track.sent = next;
            self.in_flight += 1;
        }
        Ok(())
    }

    fn take(&mut self, delivery: Delivery) -> Result<(), RelayError> {
        let Delivery {
            shard,
            position,
            result,
        } = delivery;
        self.in_flight = self.in_flight.saturating_sub(1);
        self.full = false;
        let offset = match result {
            Ok(offset) => offset,
            Err(source) => {
                // What is behind it must not arrive without it.
                self.kafka.purge();
                return Err(RelayError::NotDelivered {
                    shard,
                    position,
                    source,
                });
            }
        };
        metrics::counter!("orderfold_relay_published_total").increment(1);
        if let Some(track) = self.tracks.get_mut(&shard)
            && track.acknowledged.next() == position
        {
            track.acknowledged = position;
            track.kafka_offset = offset;
            if self.unsaved.is_empty() {
                self.save_at = Instant::now() + PROGRESS_INTERVAL;
            }
            self.unsaved.insert(shard);
        }
        Ok(())
    }

    async fn save(&mut self) -> Result<(), RelayError> {
        let progress: Vec<Progress> = self
            .unsaved
            .iter()
            .filter_map(|shard| {
                let track = self.tracks.get(shard)?;
                Some(Progress {
                    shard: *shard,
                    position: track.acknowledged,
                    kafka_offset: track.kafka_offset,
                })
            })
            .collect();
        if !self
            .database
            .save_relay_progress(self.lease, &progress)
            .await?
        {
            self.kafka.purge();
            return Err(RelayError::LeaseLost);
        }
        self.unsaved.clear();
        Ok(())
    }

    /// Waits for what is on its way, and saves the progress.
    pub async fn finish(mut self) -> Result<(), RelayError> {
        let deadline = Instant::now() + FINISH_TIMEOUT;
        while self.in_flight > 0 {
            match tokio::time::timeout_at(deadline, self.deliveries.recv()).await {
                Ok(Some(delivery)) => self.take(delivery)?,
                Ok(None) | Err(_) => break,
            }
        }
        self.save().await
    }
}

/// Gauges are floats; counts stay far below where these lose whole numbers.
#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge may be off by one beyond 2^53 events"
)]
fn lossy(count: u64) -> f64 {
    count as f64
}
