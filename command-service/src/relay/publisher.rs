//! Publishing: reads each shard after what was sent, sends it in order, and keeps the contiguous acknowledged prefix.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use orderfold_events::{EventId, Position, Shard, internal::Head};
use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    error::RelayError,
    halt::Halt,
    kafka::{Delivery, KafkaConfig, KafkaLog},
};
use crate::database::{Database, Lease, Progress};

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

/// One shard on its way: `acknowledged ≤ sent`, and everything up to `acknowledged` is on Kafka.
struct Track {
    sent: Position,
    /// The event at `sent`, once one was sent.
    last: Option<EventId>,
    acknowledged: Progress,
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
    pub fn start(
        database: &'a Database,
        config: &KafkaConfig,
        store_id: Uuid,
        lease: Lease,
    ) -> Result<Self, RelayError> {
        let (kafka, deliveries) =
            KafkaLog::connect(config, store_id).map_err(RelayError::Producer)?;
        Ok(Self {
            database,
            kafka,
            deliveries,
            lease,
            tracks: BTreeMap::new(),
            unsaved: BTreeSet::new(),
            in_flight: 0,
            full: false,
            next_shard: Shard(0),
            poll: POLL_MIN,
            save_at: Instant::now(),
        })
    }

    /// Publishes what is after this progress, of these shards.
    pub fn go_on_from(&mut self, progress: Vec<Progress>) {
        let track = |acknowledged: Progress| Track {
            sent: acknowledged.position,
            last: None,
            acknowledged,
        };
        self.tracks = progress
            .into_iter()
            .map(|progress| (progress.shard, track(progress)))
            .collect();
    }

    /// How far every shard is, in the order of shards.
    pub fn acknowledged(&self) -> Vec<Progress> {
        self.tracks
            .values()
            .map(|track| track.acknowledged)
            .collect()
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
        let behind = |head: &&Head| {
            let track = self.tracks.get(&head.shard);
            track.is_some_and(|track| head.position < track.acknowledged.position)
        };
        if let Some(head) = heads.iter().find(behind) {
            return Err(RelayError::Rewritten(head.shard));
        }
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
            if track
                .last
                .is_some_and(|last| last != record.envelope.previous_id)
            {
                return Err(RelayError::Rewritten(shard));
            }
            if !self.kafka.send(record).map_err(RelayError::Producer)? {
                self.full = true;
                break;
            }
            track.sent = next;
            track.last = Some(record.envelope.event_id);
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
            && track.acknowledged.position.next() == position
        {
            track.acknowledged.position = position;
            // Of a record that the broker had already it may not know where.
            if offset >= 0 {
                let acknowledged = track.acknowledged.kafka_offset;
                if offset <= acknowledged {
                    let end = offset;
                    return Err(Halt::Shortened {
                        shard,
                        end,
                        acknowledged,
                    }
                    .into());
                }
                track.acknowledged.kafka_offset = offset;
            }
            if self.unsaved.is_empty() {
                self.save_at = Instant::now() + PROGRESS_INTERVAL;
            }
            self.unsaved.insert(shard);
        }
        Ok(())
    }

    async fn save(&mut self) -> Result<(), RelayError> {
        let tracks = self
            .unsaved
            .iter()
            .filter_map(|shard| self.tracks.get(shard));
        let progress: Vec<Progress> = tracks.map(|track| track.acknowledged).collect();
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
