//! One hot stream: its state, and the events after it that nobody has asked for yet.

use std::{any::Any, sync::Arc};

use bytes::Bytes;
use orderfold_events::{EventId, Version};

use super::{Aggregate, Loaded, NewEvent, StoreError};

/// A stream that was folded, and what is worth knowing about the folding.
#[derive(Debug, Clone)]
pub(crate) struct Folded<A> {
    pub loaded: Loaded<A>,
    /// The event that led to the version; [`EventId::NIL`] where there is none.
    pub event: EventId,
    /// The version of the stream's snapshot.
    pub snapshot: Version,
    /// Of the events that are folded since.
    pub bytes: usize,
}

/// A stream of any aggregate. Cheap to clone.
#[derive(Clone)]
pub(super) struct Entry {
    pub version: Version,
    pub event: EventId,
    /// None before the first event that was looked at.
    state: Option<Arc<dyn Any + Send + Sync>>,
    unfolded: Vec<Unfolded>,
    snapshot: Version,
    bytes: usize,
}

#[derive(Clone)]
struct Unfolded {
    event_type: &'static str,
    data: Bytes,
}

impl Default for Entry {
    /// A stream without events.
    fn default() -> Self {
        Self {
            version: Version::NONE,
            event: EventId::NIL,
            state: None,
            unfolded: Vec::new(),
            snapshot: Version::NONE,
            bytes: 0,
        }
    }
}

impl Entry {
    pub fn of<A: Aggregate>(folded: &Folded<A>) -> Self {
        Self {
            version: folded.loaded.version,
            event: folded.event,
            state: Some(Arc::new(folded.loaded.state.clone())),
            unfolded: Vec::new(),
            snapshot: folded.snapshot,
            bytes: folded.bytes,
        }
    }

    /// One more event, to be folded when somebody looks.
    pub fn push(&mut self, event: &NewEvent) {
        self.version = self.version.plus(1);
        self.event = event.event_id;
        self.bytes += event.data.len();
        self.unfolded.push(Unfolded {
            event_type: event.event_type,
            data: event.data.clone(),
        });
    }

    pub fn is_folded(&self) -> bool {
        self.unfolded.is_empty()
    }

    /// The stream as the aggregate that it belongs to.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when an event is none of the aggregate, or the stream was another's before.
    pub fn fold<A: Aggregate>(&self) -> Result<Folded<A>, StoreError> {
        let mut state = match &self.state {
            None => A::initial(),
            Some(state) => state
                .downcast_ref::<A>()
                .ok_or_else(|| StoreError::Corrupt("a stream of two aggregates".into()))?
                .clone(),
        };
        for event in &self.unfolded {
            state = state.evolve(&A::decode(event.event_type, &event.data)?);
        }
        Ok(Folded {
            loaded: Loaded {
                state,
                version: self.version,
            },
            event: self.event,
            snapshot: self.snapshot,
            bytes: self.bytes,
        })
    }

    pub fn weight(&self) -> u32 {
        const ROW_BYTES: usize = 256;
        u32::try_from(self.bytes + ROW_BYTES).unwrap_or(u32::MAX)
    }
}
