//! Publishing: takes each shard's events after what was sent, sends them in order, and keeps the contiguous acknowledged
//! prefix.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use orderfold_events::{EventId, Position, Shard, internal::Head};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    error::RelayError,
    halt::Halt,
    kafka::{Delivery, KafkaConfig, KafkaLog},
};
use crate::{
    database::{Database, Lease, LogRecord, Progress},
    event_sourcing::Appended,
};

/// Records on their way at once.
const IN_FLIGHT_MAX: usize = 10_000;
/// Records and bytes of one shard that are read at once: a busy one does not keep the others waiting.
const READ_RECORDS_MAX: u32 = 250;
const READ_BYTES_MAX: u32 = 1024 * 1024;
/// A look at the database and a request to the broker cost about the same whatever they carry: the more comes, the
/// longer the relay gathers, and the event that comes alone waits for nothing.
const GATHERING_PER_RECORD: Duration = Duration::from_millis(2);
const GATHERING_MAX: Duration = Duration::from_millis(20);
/// So many are worth a look of their own.
const MANY_RECORDS: usize = 200;
/// Progress is written this often at most: it only saves sending again what was sent.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(75);
/// How long after a look that found nothing the store is looked at again at the soonest, unless something is missing.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
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

    /// Sends what is new, as far as there is room, and says how many that were. What this replica has just appended
    /// need not be read; that others append too, or that something got lost on the way here, only a look shows.
    async fn send_new(&mut self, appended: &Appended) -> Result<usize, RelayError> {
        if !self.has_room() {
            return Ok(0);
        }
        let is_rung = std::mem::take(&mut self.is_rung);
        let (sent, is_all) = self.send_appended(appended.take())?;
        let is_missing = !is_all || is_rung && sent == 0;
        if !is_missing && Instant::now() < self.look_by {
            return Ok(sent);
        }
        let stored = self.send_stored().await?;
        // Where others append, more of theirs will come.
        let pause = if stored > 0 {
            Duration::ZERO
        } else {
            LOOK_INTERVAL
        };
        self.look_by = Instant::now() + pause;
        Ok(sent + stored)
    }

    /// Sends what follows on what was sent, and says how many that were, and whether none is left.
    fn send_appended(&mut self, records: Vec<LogRecord>) -> Result<(usize, bool), RelayError> {
        let mut sent = 0;
        for mut record in records {
            let at = record.envelope.coordinate;
            let Some(track) = self.tracks.get(&at.shard) else {
                continue;
            };
            if at.position <= track.sent {
                continue;
            }
            let Some(last) = track.last.filter(|_| at.position == track.sent.next()) else {
                return Ok((sent, false));
            };
            record.envelope.previous_id = last;
            if !self.has_room() || !self.send(&record)? {
                return Ok((sent, false));
            }
            sent += 1;
        }
        Ok((sent, true))
    }

    /// Sends what the store has beyond what was sent, as far as there is room, and says how many that were.
    async fn send_stored(&mut self) -> Result<usize, RelayError> {
        let tracks = self.tracks.iter();
        let mut shards: Vec<(Shard, Position)> =
            tracks.map(|(&shard, track)| (shard, track.sent)).collect();
        let first = shards.partition_point(|(shard, _)| *shard < self.next_shard);
        shards.rotate_left(first);
        let records = self
            .database
            .log_after(&shards, READ_RECORDS_MAX, READ_BYTES_MAX)
            .await?;
        if records.is_empty() {
            // A store that has nothing new may have less than before; one that has, shows it by what goes before that.
            self.check_heads().await?;
        }
        for (sent, record) in records.iter().enumerate() {
            if self.in_flight >= IN_FLIGHT_MAX || !self.send(record)? {
                self.next_shard = record.envelope.coordinate.shard;
                return Ok(sent);
            }
        }
        Ok(records.len())
    }

    async fn check_heads(&self) -> Result<(), RelayError> {
        let heads = self.database.heads().await?;
        let is_behind = |head: &&Head| {
            let track = self.tracks.get(&head.shard);
            track.is_some_and(|track| head.position < track.acknowledged.position)
        };
        let rewritten = heads.iter().find(is_behind);
        rewritten.map_or(Ok(()), |head| Err(RelayError::Rewritten(head.shard)))
    }

    /// Sends the next record of a shard; `false` where the producer has no room for it.
    fn send(&mut self, record: &LogRecord) -> Result<bool, RelayError> {
        let (shard, next) = (
            record.envelope.coordinate.shard,
            record.envelope.coordinate.position,
        );
        let Some(track) = self.tracks.get_mut(&shard) else {
            return Ok(true);
        };
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
            return Ok(false);
        }
        track.sent = next;
        track.last = Some(record.envelope.event_id);
        self.in_flight += 1;
        Ok(true)
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
