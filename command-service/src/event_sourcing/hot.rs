//! Hot streams: what streams fold into, kept so that a decision reads nothing. Streams with commands in this replica's
//! queues stand where those will leave them; the rest as the store last told. Nothing invalidates them: the append
//! checks what a decision saw, by version and event, and whatever drops out there takes its streams along.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use moka::future::Cache;
use orderfold_events::{EventId, StreamId, Version};

use super::{
    Aggregate, StoreError, Submission,
    dropped::Dropped,
    entry::{Entry, Folded},
};

/// About half of what the streams that wait for nothing may take, counted in bytes of the events that they came of: ten
/// thousand orders and more.
const SETTLED_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hot {
    settled: Cache<StreamId, Entry>,
    queued: Arc<Mutex<Queued>>,
}

/// Streams that commands in the queues append to.
#[derive(Default)]
struct Queued {
    streams: HashMap<StreamId, Ahead>,
    dropped: Dropped,
    lineages: u64,
}

/// A stream as the commands in the queue leave it.
struct Ahead {
    entry: Entry,
    lineage: u64,
    /// Commands in the queue that append to it.
    commands: usize,
}

/// Which run of decisions about a stream, each on top of the one before, a command belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tie {
    stream: StreamId,
    lineage: u64,
}

/// What the queue knows of a command beside the command itself.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Beside each member of the read set the event that led to that version, where it is known. A version alone does
    /// not tell a decision that dropped out from one of another replica in its place.
    pub events: Vec<Option<EventId>>,
    pub ties: Vec<Tie>,
}

/// A command that has left the queue.
pub(crate) struct Settled<'a> {
    pub submission: &'a Submission,
    pub ties: &'a [Tie],
    pub accepted: bool,
}

impl Default for Hot {
    fn default() -> Self {
        Self {
            settled: Cache::builder()
                .max_capacity(SETTLED_BYTES_MAX)
                .weigher(|_, entry: &Entry| entry.weight())
                .build(),
            queued: Arc::default(),
        }
    }
}

impl Hot {
    /// When the making of a decision begins: no stream that it sees may drop out from then until it is queued.
    pub fn generation(&self) -> u64 {
        self.queued().dropped.generation()
    }

    /// A stream that is hot, and whether nothing in the queues changes it.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when an event cannot be read.
    pub async fn find<A: Aggregate>(
        &self,
        stream: StreamId,
    ) -> Result<Option<(Folded<A>, bool)>, StoreError> {
        let ahead = self.queued().streams.get(&stream).map(|a| a.entry.clone());
        let settled = ahead.is_none();
        let Some(entry) = (match ahead {
            Some(entry) => Some(entry),
            None => self.settled.get(&stream).await,
        }) else {
            return Ok(None);
        };
        let folded = entry.fold::<A>()?;
        if entry.is_folded() {
            return Ok(Some((folded, settled)));
        }
        // Whoever comes next need not fold again.
        let entry = Entry::of(&folded);
        if settled {
            self.settled.insert(stream, entry).await;
        } else if let Some(ahead) = self.queued().streams.get_mut(&stream)
            && ahead.entry.event == entry.event
        {
            ahead.entry = entry;
        }
        Ok(Some((folded, settled)))
    }

    /// Keeps a stream that was read from the store. One that does not exist is not kept: it may come to exist in
    /// another replica, and nothing is asked of the store before its absence is answered.
    pub async fn remember<A: Aggregate>(&self, stream: StreamId, folded: &Folded<A>) {
        if folded.loaded.version != Version::NONE {
            self.settled.insert(stream, Entry::of(folded)).await;
        }
    }

    /// Queues a decision that was made in this generation, with what it saw, unless a stream of its read set is
    /// elsewhere by now: `None`, and it has to be made again.
    pub async fn queue<T>(
        &self,
        generation: u64,
        submission: Submission,
        send: impl FnOnce(Submission, Seen) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut settled = HashMap::with_capacity(submission.read_set.len());
        for (stream, _) in &submission.read_set {
            if let Some(entry) = self.settled.get(stream).await {
                settled.insert(*stream, entry);
            }
        }
        let mut queued = self.queued();
        if queued.dropped.misled(generation, &submission.read_set) {
            return Ok(None);
        }
        let Some(events) = queued.seen(&submission, &settled) else {
            return Ok(None);
        };
        let ahead = queued.advanced(&submission, &settled);
        let ties = ahead.iter().map(|(tie, _)| *tie).collect();
        let sent = send(submission, Seen { events, ties })?;
        queued.adopt(ahead);
        Ok(Some(sent))
    }

    /// Takes note of what became of commands, before anybody hears of it.
    pub async fn settle(&self, commands: &[Settled<'_>]) {
        let mut arrived = Vec::new();
        let mut left = Vec::new();
        {
            let mut queued = self.queued();
            for command in commands {
                if command.accepted {
                    arrived.extend(command.ties.iter().filter_map(|tie| queued.arrive(*tie)));
                } else {
                    queued.drop_out(command.ties);
                    left.extend(
                        command
                            .submission
                            .read_set
                            .iter()
                            .map(|(stream, _)| *stream),
                    );
                }
            }
        }
        for (stream, entry) in arrived {
            self.settled.insert(stream, entry).await;
        }
        for stream in left {
            self.settled.invalidate(&stream).await;
        }
    }

    fn queued(&self) -> MutexGuard<'_, Queued> {
        self.queued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queued {
    /// The events that a decision saw its streams at; `None` where one of them stands elsewhere by now.
    fn seen(
        &self,
        submission: &Submission,
        settled: &HashMap<StreamId, Entry>,
    ) -> Option<Vec<Option<EventId>>> {
        let event = |(stream, version): &(StreamId, Version)| {
            let ahead = self.streams.get(stream).map(|ahead| &ahead.entry);
            match ahead.or_else(|| settled.get(stream)) {
                Some(entry) if entry.version == *version => Some(Some(entry.event)),
                Some(_) => None,
                None => Some(None),
            }
        };
        submission.read_set.iter().map(event).collect()
    }

    /// The streams that a decision appends to, as it leaves them. One that is known no more is left out: the next
    /// decision about it reads it from the store.
    fn advanced(
        &mut self,
        submission: &Submission,
        settled: &HashMap<StreamId, Entry>,
    ) -> Vec<(Tie, Entry)> {
        let mut ahead: Vec<(Tie, Entry)> = Vec::with_capacity(1);
        for event in &submission.events {
            if let Some((_, entry)) = ahead.iter_mut().find(|(tie, _)| tie.stream == event.stream) {
                entry.push(event);
                continue;
            }
            let known = match self.streams.get(&event.stream) {
                Some(known) => Some((known.lineage, known.entry.clone())),
                None => base(submission, settled, event.stream).map(|entry| {
                    self.lineages += 1;
                    (self.lineages, entry)
                }),
            };
            if let Some((lineage, mut entry)) = known {
                entry.push(event);
                let stream = event.stream;
                ahead.push((Tie { stream, lineage }, entry));
            }
        }
        ahead
    }

    fn adopt(&mut self, ahead: Vec<(Tie, Entry)>) {
        for (tie, entry) in ahead {
            let commands = self
                .streams
                .get(&tie.stream)
                .map_or(0, |known| known.commands);
            let ahead = Ahead {
                entry,
                lineage: tie.lineage,
                commands: commands + 1,
            };
            self.streams.insert(tie.stream, ahead);
        }
    }

    /// A command took effect; the stream itself where it was the last in the queue.
    fn arrive(&mut self, tie: Tie) -> Option<(StreamId, Entry)> {
        let ahead = self.of(tie)?;
        ahead.commands -= 1;
        if ahead.commands > 0 {
            return None;
        }
        let ahead = self.streams.remove(&tie.stream)?;
        Some((tie.stream, ahead.entry))
    }

    /// A command did not take effect: its streams do not stand where it would have left them.
    fn drop_out(&mut self, ties: &[Tie]) {
        for tie in ties {
            if self.of(*tie).is_some() {
                self.streams.remove(&tie.stream);
                self.dropped.note(tie.stream);
            }
        }
    }

    fn of(&mut self, tie: Tie) -> Option<&mut Ahead> {
        self.streams
            .get_mut(&tie.stream)
            .filter(|ahead| ahead.lineage == tie.lineage)
    }
}

/// Where a stream stands that no command in the queue appends to.
fn base(
    submission: &Submission,
    settled: &HashMap<StreamId, Entry>,
    stream: StreamId,
) -> Option<Entry> {
    let (_, version) = submission
        .read_set
        .iter()
        .find(|(read, _)| *read == stream)?;
    match settled.get(&stream) {
        Some(entry) if entry.version == *version => Some(entry.clone()),
        Some(_) => None,
        None => (*version == Version::NONE).then(Entry::default),
    }
}
