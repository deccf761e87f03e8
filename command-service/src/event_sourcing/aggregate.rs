//! What a stream folds into.

use orderfold_events::{DecodeError, Version};

/// State that is the fold of its events.
pub trait Aggregate: Sized {
    type Event;

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
}

/// An aggregate as it was loaded, at the version a decision about it has to name.
#[derive(Debug, Clone)]
pub struct Loaded<A> {
    pub state: A,
    pub version: Version,
}
