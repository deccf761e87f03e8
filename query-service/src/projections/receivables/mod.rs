//! The read model `receivables`: what is still owed for each order on account, and by when. How old a debt is depends
//! on the day it is asked for, so that is computed when it is read.

mod fold;

use chrono::NaiveDate;
use orderfold_events::{Coordinate, Currency, CustomerId, OrderId, OrderNumber, Version};
use serde::{Deserialize, Serialize};

use crate::database::stored;

/// Marker of the projection; see [`crate::projections::DocumentView`].
#[derive(Debug, Clone, Copy)]
pub struct Receivables;

/// One placed order on account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivableDocument {
    #[serde(rename = "_id", with = "stored::id")]
    pub order_id: OrderId,
    /// Version of the order's stream that is folded in.
    pub version: Version,
    /// Where the event of that version stands in the log.
    pub coordinate: Coordinate,
    pub number: OrderNumber,
    #[serde(with = "stored::id")]
    pub customer_id: CustomerId,
    pub currency: Currency,
    /// In the store's reporting zone.
    pub due_on: Option<NaiveDate>,
    /// What is owed, minor units; zero when it is settled or overpaid.
    pub open: i64,
}
