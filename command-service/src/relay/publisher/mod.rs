//! Publishing: sends each shard's events in order, and keeps the contiguous acknowledged prefix.

mod sending;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use orderfold_events::{EventId, Position, Shard};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    error::RelayError,
    halt::Halt,
    kafka::{Delivery, KafkaConfig, KafkaLog},
};
use crate::{
    database::{Database, Lease, Progress},
    event_sourcing::Appended,
};

/// Records on their way at once.
const IN_FLIGHT_MAX: usize = 10_000;
/// A look at the database and a request to the broker cost about the same whatever they carry: the more comes, the
/// longer the relay gathers, and the event that comes alone waits for nothing.
const GATHERING_PER_RECORD: Duration = Duration::from_millis(2);
const GATHERING_MAX: Duration = Duration::from_millis(20);
/// So many are worth a look of their own.
const MANY_RECORDS: usize = 200;
/// Progress is written this often at most: it only saves sending again what was sent.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(75);
/// How often it is looked at while nothing happens here: another replica's appends ring no bell.
const POLL_MIN: Duration = Duration::from_millis(10);
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
    /// Where the next look at the shards begins: the last one had no room for all of it.
    next_shard: Shard,
    poll: Duration,
    /// This replica has appended something since.
    is_rung: bool,
    /// Until then it is enough to send what this replica appends.
    look_by: Instant,
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
            is_rung: false,
            look_by: Instant::now(),
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

    /// Sends what is new, then takes deliveries until there may be something new again, or until `until`.
    pub async fn advance(
        &mut self,
        appended: &Appended,
        until: Instant,
        stop: &CancellationToken,
    ) -> Result<(), RelayError> {
        let sent = self.send_new(appended).await?;
        let may_have_left_some = sent >= MANY_RECORDS || !self.has_room();
        self.poll = if sent > 0 {
            POLL_MIN
        } else {
            (self.poll * 2).min(POLL_MAX)
        };
        if (1..MANY_RECORDS).contains(&sent) {
            let records = u32::try_from(sent).unwrap_or(u32::MAX);
            let gathering = GATHERING_PER_RECORD.saturating_mul(records);
            tokio::time::sleep(gathering.min(GATHERING_MAX)).await;
        }
        let look_at = until.min(Instant::now() + self.poll);
        loop {
            let mut is_time = may_have_left_some;
            let wake = if self.unsaved.is_empty() {
                look_at
            } else {
                look_at.min(self.save_at)
            };
            tokio::select! {
                () = stop.cancelled() => is_time = true,
                () = appended.rung() => {
                    self.poll = POLL_MIN;
                    self.is_rung = true;
                    is_time = true;
                }
                Some(delivery) = self.deliveries.recv() => self.take(delivery)?,
                () = tokio::time::sleep_until(wake) => {}
            }
            while let Ok(delivery) = self.deliveries.try_recv() {
                self.take(delivery)?;
            }
            if !self.unsaved.is_empty() && Instant::now() >= self.save_at {
                self.save().await?;
            }
            if is_time || Instant::now() >= look_at {
                return Ok(());
            }
        }
    }

    fn has_room(&self) -> bool {
        !self.full && self.in_flight < IN_FLIGHT_MAX
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
