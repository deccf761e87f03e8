//! Why the stack cannot do something, in sentences for the person at the terminal: what is
//! missing or failed, why, and what to do.

use std::{error::Error, io, path::PathBuf, time::Duration};

pub type Result<T> = std::result::Result<T, StackError>;

#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// Something that must be on the machine is not; `advice` is a command to type.
    #[error("{what} cannot be had: {why}. {advice}")]
    Missing {
        what: String,
        why: String,
        advice: String,
    },
    #[error("could not {doing}")]
    Io { doing: String, source: io::Error },
    #[error("could not {doing}: {reason}")]
    Failed { doing: String, reason: String },
    #[error("waited {} s for {awaited} in vain (last seen: {last_seen})", limit.as_secs())]
    TimedOut {
        awaited: String,
        limit: Duration,
        last_seen: String,
    },
    #[error("{name} ended ({how}) while it was starting; the end of {}:\n{tail}", log.display())]
    Ended {
        name: String,
        how: String,
        log: PathBuf,
        tail: String,
    },
    #[error("there is no {0} in this stack")]
    NotInStack(String),
}

impl StackError {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "`map_err` hands errors over by value"
    )]
    pub fn failed(doing: impl Into<String>, reason: impl ToString) -> Self {
        Self::Failed {
            doing: doing.into(),
            reason: reason.to_string(),
        }
    }
}

/// Says what was being done when an operation of the system failed.
pub trait Doing<T> {
    /// # Errors
    /// The same failure, with the sentence.
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| StackError::Io {
            doing: doing(),
            source,
        })
    }
}

/// An error with everything that led to it, in one go.
#[must_use]
pub fn sentence(error: &dyn Error) -> String {
    let mut sentence = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        sentence.push_str(": ");
        sentence.push_str(&cause.to_string());
        source = cause.source();
    }
    sentence
}
