//! What an append does to the timer of a stream.

use std::time::Duration;

use orderfold_events::StreamId;
use uuid::Uuid;

/// Something to be done about a stream when nothing else has happened for a while. Delays count from the server's own
/// time of the append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Armed {
    pub kind: &'static str,
    pub delay: Duration,
}

/// What becomes of a stream's one timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimerEffect {
    /// The stream has a timer from now on, whether it is armed or not.
    Begins(Option<Armed>),
    /// Where the stream has a timer, it is armed like this: anew if it was armed for something else, or not at all.
    Follows(Option<Armed>),
    /// The stream has no timer any more.
    Ends,
}

/// The effect of one decision on one stream's timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimerChange {
    pub stream: StreamId,
    /// What the timer is called if it is armed by this.
    pub timer_id: Uuid,
    pub effect: TimerEffect,
}

impl TimerEffect {
    pub(crate) fn begins(self) -> bool {
        matches!(self, Self::Begins(_))
    }

    pub(crate) fn ends(self) -> bool {
        matches!(self, Self::Ends)
    }

    pub(crate) fn armed(self) -> Option<Armed> {
        match self {
            Self::Begins(armed) | Self::Follows(armed) => armed,
            Self::Ends => None,
        }
    }
}
