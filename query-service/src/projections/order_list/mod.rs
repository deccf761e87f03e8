//! The read model `order_list`: one small document per order, for lists and filters. It holds no name of a customer:
//! names are joined when a page is read.

mod fold;

use orderfold_events::{
    Coordinate, Currency, CustomerId, OrderId, OrderNumber, Timestamp, Version,
    order::{FulfilmentStatus, Lifecycle, PaymentStatus, Terms, Totals},
};
use serde::{Deserialize, Serialize};

use crate::database::stored;

/// Marker of the projection; see [`crate::projections::DocumentView`].
#[derive(Debug, Clone, Copy)]
pub struct OrderList;

/// One order in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRow {
    #[serde(rename = "_id", with = "stored::id")]
    pub order_id: OrderId,
    /// Version of the order's stream that is folded in.
    pub version: Version,
    /// Where the event of that version stands in the log.
    pub coordinate: Coordinate,
    pub number: OrderNumber,
    #[serde(with = "stored::id")]
    pub customer_id: CustomerId,
    pub channel: String,
    pub currency: Currency,
    pub terms: Terms,
    /// The caller's own key of the order, unique in the channel.
    pub reference: Option<String>,
    #[serde(with = "stored::time")]
    pub placed_at: Timestamp,
    /// When the event of `version` was recorded.
    #[serde(with = "stored::time")]
    pub updated_at: Timestamp,
    pub lifecycle: Lifecycle,
    pub payment_status: PaymentStatus,
    pub fulfilment_status: FulfilmentStatus,
    pub on_hold: bool,
    pub line_count: u32,
    /// Figures after the event of `version`; `totals.units` is the number of units ordered.
    pub totals: Totals,
}
