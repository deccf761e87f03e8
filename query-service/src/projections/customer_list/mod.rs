//! The read model `customer_list`: one document per customer, for lists and filters, and for the names in lists of
//! orders.

mod fold;

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
}
