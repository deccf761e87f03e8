//! How fresh an answer is: the same in headers and, for lists and reports, in the body.

use orderfold_events::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::schemas;

/// How fresh an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct FreshnessBody {
    /// When the newest event folded was recorded; null before the first.
    #[schema(schema_with = schemas::optional_instant)]
    pub as_of: Option<Timestamp>,
    /// Events not folded yet; null where it cannot be told.
    pub lag_events: Option<u64>,
    /// Milliseconds; null where it cannot be told.
    pub lag_ms: Option<u64>,
}
