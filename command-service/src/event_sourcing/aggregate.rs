//! What a stream folds into.

use orderfold_events::{DecodeError, Version};

/// State that is the fold of its events.
pub trait Aggregate: Clone + Send + Sync + Sized + 'static {
    type Event;

    /// The form in which snapshots hold the state, raised whenever its meaning changes; none where it is never kept.
    const SNAPSHOT_SCHEMA: Option<i32> = None;

    /// The state before the first event.
    fn initial() -> Self;

    /// The state after one more event; total, because what was recorded happened.
    #[must_use]
    fn evolve(self, event: &Self::Event) -> Self;

    /// Reads a stored event.
    ///
    /// # Errors
    /// [`DecodeError`] when the bytes are no event of this aggregate.
    fn decode(event_type: &str, data: &[u8]) -> Result<Self::Event, DecodeError>;

    /// The state as a snapshot holds it: nothing personal may be in it.
    fn to_snapshot(&self) -> Option<Vec<u8>> {
        None
    }

    /// Reads a snapshot; `None` where it is of another form, and the events tell instead.
    fn from_snapshot(_snapshot: &[u8]) -> Option<Self> {
        None
    }
}

/// An aggregate as it was loaded, at the version a decision about it has to name.
#[derive(Debug, Clone)]
pub struct Loaded<A> {
    pub state: A,
    pub version: Version,
}
