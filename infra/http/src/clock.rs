//! The only place that reads the clock or makes an id; everywhere else they are values.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The instant it is.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// A new id, ordered by time.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}
