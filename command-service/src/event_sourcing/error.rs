//! Why the store could not be asked, or what it holds cannot be trusted.

use orderfold_events::DecodeError;

/// A failure of the store; a refusal is none.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Too much is waiting already; nothing was done.
    #[error("the store has no room for another command")]
    Overloaded,
    /// The database is away, or was lost in the middle. Whether the command took effect may be unknown: the same key
    /// tells.
    #[error("the store cannot be reached")]
    Unavailable(#[source] Option<sqlx::Error>),
    /// The command kept meeting others on its streams until its deadline.
    #[error("the command's streams kept moving until its deadline")]
    Contended,
    #[error("an event is {bytes} bytes long, {bytes_max} are allowed")]
    EventTooLarge { bytes: usize, bytes_max: usize },
    /// The database refuses what it should accept, or holds what it should not. It is a bug or damage.
    #[error("the store contradicts itself")]
    Corrupt(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<DecodeError> for StoreError {
    fn from(error: DecodeError) -> Self {
        Self::Corrupt(Box::new(error))
    }
}
