//! What an order decides by and cannot know itself: the time, and what other aggregates say.

use orderfold_events::Timestamp;

use super::OrderError;

/// The world around an order at the moment of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    pub now: Timestamp,
    pub customer: CustomerStanding,
}

/// How the business stands with a customer, as far as orders care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerStanding {
    Active,
    /// Places nothing new; what was placed goes on.
    Blocked,
    /// Places and drafts nothing, and nothing personal is written for it any more.
    Erased,
}

impl CustomerStanding {
    pub(super) fn check_placing(self) -> Result<(), OrderError> {
        match self {
            Self::Active => Ok(()),
            Self::Blocked => Err(OrderError::CustomerBlocked),
            Self::Erased => Err(OrderError::CustomerErased),
        }
    }

    pub(super) fn check_not_erased(self) -> Result<(), OrderError> {
        match self {
            Self::Active | Self::Blocked => Ok(()),
            Self::Erased => Err(OrderError::CustomerErased),
        }
    }

    /// Free text that came with a command: dropped where nobody may read it any more.
    pub(super) fn kept(self, note: Option<&String>) -> Option<String> {
        match self {
            Self::Active | Self::Blocked => note.cloned(),
            Self::Erased => None,
        }
    }
}
