//! The receipt of an erasure, as callers see it.

use orderfold_events::{CustomerId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::schemas;

/// How far the erasure of a customer is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ErasureBody {
    #[schema(value_type = Uuid)]
    pub customer_id: CustomerId,
    /// `pending`, or `complete`: nothing personal of the customer can be read any more, anywhere.
    pub status: &'static str,
    #[schema(schema_with = schemas::instant)]
    pub erased_at: Timestamp,
    /// When the customer's key was destroyed.
    #[schema(schema_with = schemas::optional_instant)]
    pub key_destroyed_at: Option<Timestamp>,
}
