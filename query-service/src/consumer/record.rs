//! One event on its way to the projections: read once, shared by all of them.

use orderfold_events::{Envelope, Event, EventId, ShardCount};
use tokio::sync::OwnedSemaphorePermit;

/// An event with everything that came with it.
#[derive(Debug)]
pub struct Record {
    pub envelope: Envelope,
    /// The event, or why it cannot be read.
    pub content: Result<Content, Unreadable>,
    pub source: Source,
    pub bytes: usize,
    /// Its share of the memory for events in flight, given back when the last projection is done with it.
    pub budget: Option<OwnedSemaphorePermit>,
}

/// A readable event.
#[derive(Debug)]
pub struct Content {
    pub event: Event,
    /// The JSON text it was recorded with.
    pub data: String,
}

/// Where a record was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Kafka { offset: i64 },
    Feed,
}

/// Why the bytes of an event say nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("{0}")]
    Undecodable(String),
    #[error("its data belong to another stream")]
    OtherStream,
    #[error("its customer belongs to another shard")]
    OtherShard,
    #[error("what is personal in it was sealed for another event")]
    OtherEvent,
}

impl Record {
    /// Reads the data of an event; what cannot be read is kept as such, for the projections to park.
    #[must_use]
    pub fn read(envelope: Envelope, data: &[u8], shards: ShardCount, source: Source) -> Self {
        Self {
            content: read_content(&envelope, data, shards),
            bytes: data.len(),
            envelope,
            source,
            budget: None,
        }
    }

    #[must_use]
    pub fn event_id(&self) -> EventId {
        self.envelope.event_id
    }
}

fn read_content(
    envelope: &Envelope,
    data: &[u8],
    shards: ShardCount,
) -> Result<Content, Unreadable> {
    let undecodable = |error: &dyn std::error::Error| Unreadable::Undecodable(error.to_string());
    let event = Event::decode(&envelope.event_type, data).map_err(|error| undecodable(&error))?;
    let data = str::from_utf8(data).map_err(|error| undecodable(&error))?;
    if event.stream() != envelope.stream {
        return Err(Unreadable::OtherStream);
    }
    if shards.shard_of(event.customer_id()) != envelope.coordinate.shard {
        return Err(Unreadable::OtherShard);
    }
    if event
        .sealed_for()
        .is_some_and(|sealed_for| sealed_for != envelope.event_id)
    {
        return Err(Unreadable::OtherEvent);
    }
    Ok(Content {
        event,
        data: data.to_owned(),
    })
}
