//! The read model `customer_list`: one document per customer, for lists and filters, and for the names in lists of
//! orders.

mod fold;
pub mod tokens;

use orderfold_events::{
    Coordinate, CustomerId, Personal, Timestamp, Version,
    customer::{CustomerPersonal, CustomerStatus, ExternalReference},
};
use serde::{Deserialize, Serialize};

use crate::database::stored;

/// Marker of the projection; see [`crate::projections::DocumentView`].
#[derive(Debug, Clone, Copy)]
pub struct CustomerList;

/// One customer in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRow {
    #[serde(rename = "_id", with = "stored::id")]
    pub customer_id: CustomerId,
    /// Version of the customer's stream that is folded in.
    pub version: Version,
    /// Where the event of that version stands in the log.
    pub coordinate: Coordinate,
    pub status: CustomerStatus,
    pub reference: Option<ExternalReference>,
    /// Sorted, each once.
    pub tags: Vec<String>,
    /// What a search without personal words finds the customer by; see
    /// [`search`](crate::projections::order_list::search).
    pub search: Vec<String>,
    /// When the customer was registered, by the server's clock.
    #[serde(with = "stored::time")]
    pub created_at: Timestamp,
    /// When the event of `version` was recorded.
    #[serde(with = "stored::time")]
    pub updated_at: Timestamp,
    /// Kept in one piece, as the newest event had it; none once the customer is erased.
    pub personal: Option<Personal<CustomerPersonal>>,
    /// What the customer is found by of what is personal, see [`tokens`]; none once erased.
    pub tokens: Vec<i64>,
    /// When the customer was erased.
    #[serde(with = "stored::optional_time")]
    pub erased_at: Option<Timestamp>,
    pub key_end: Option<KeyEnd>,
}

/// Where and when the destruction of the customer's key was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEnd {
    pub coordinate: Coordinate,
    #[serde(with = "stored::time")]
    pub recorded_at: Timestamp,
}
