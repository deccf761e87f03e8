//! What is sent next: what this replica has just appended, from memory, and everything else as the store has it.

use std::time::Duration;

use orderfold_events::{Position, Shard, internal::Head};
use tokio::time::Instant;

use super::{IN_FLIGHT_MAX, Publisher};
use crate::{database::LogRecord, event_sourcing::Appended, relay::error::RelayError};

/// Records and bytes of one shard that are read at once: a busy one does not keep the others waiting.
const READ_RECORDS_MAX: u32 = 250;
const READ_BYTES_MAX: u32 = 1024 * 1024;
/// How long after a look that found nothing the store is looked at again at the soonest, unless something is missing.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

impl Publisher<'_> {
    /// Sends what is new, as far as there is room, and says how many that were. What this replica has just appended
    /// need not be read; that others append too, or that something got lost on the way here, only a look shows.
    pub(super) async fn send_new(&mut self, appended: &Appended) -> Result<usize, RelayError> {
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
}
