//! The read model `order_list`: one small document per order, for lists, search, filters, facets and export. It holds
//! no name of a customer: names are joined when a page is read.

mod fold;
pub mod search;

use chrono::NaiveDate;
use orderfold_events::{
    Coordinate, Currency, CustomerId, OrderId, OrderNumber, Timestamp, Version,
    order::{FulfilmentStatus, Lifecycle, PaymentStatus, Terms, Totals},
};
use serde::{Deserialize, Serialize};

use super::units::Units;
use crate::database::stored;

/// Marker of the projection; see [`crate::projections::DocumentView`].
#[derive(Debug, Clone, Copy)]
pub struct OrderList;

/// One order in a list. What is optional and not there is left out, so that indexes hold only those that have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is something that lists are narrowed to"
)]
pub struct OrderRow {
    #[serde(rename = "_id", with = "stored::id")]
    pub order_id: OrderId,
    /// Version of the order's stream that is folded in.
    pub version: Version,
    /// Where the event of that version stands in the log.
    pub coordinate: Coordinate,
    /// Given at placing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<OrderNumber>,
    /// Sorts as the numbers do; 0 for a draft.
    pub number_rank: i64,
    #[serde(with = "stored::id")]
    pub customer_id: CustomerId,
    pub channel: String,
    pub currency: Currency,
    pub terms: Terms,
    pub digital: bool,
    /// The caller's own key of the order, unique in the channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The customer's own key of the order; not unique.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_reference: Option<String>,
    /// On account only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_on: Option<NaiveDate>,
    /// Sorted, each once; so are the next five.
    pub tags: Vec<String>,
    pub skus: Vec<String>,
    pub payment_references: Vec<String>,
    pub tracking_numbers: Vec<String>,
    /// What a search finds the order by; see [`search`].
    pub search: Vec<String>,
    #[serde(with = "stored::optional_time")]
    pub placed_at: Option<Timestamp>,
    /// When it was placed; for a draft, when it was started.
    #[serde(with = "stored::time")]
    pub listed_at: Timestamp,
    /// When the event of `version` was recorded.
    #[serde(with = "stored::time")]
    pub updated_at: Timestamp,
    pub lifecycle: Lifecycle,
    pub payment_status: PaymentStatus,
    pub fulfilment_status: FulfilmentStatus,
    pub on_hold: bool,
    /// Units are open, and nothing stands in their way.
    pub to_ship: bool,
    /// More was paid than is owed.
    pub refund_due: bool,
    pub units: Units,
    pub line_count: u32,
    /// Figures after the event of `version`; `totals.units` is the number of units ordered.
    pub totals: Totals,
}
