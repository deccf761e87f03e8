//! The read model `order_detail`: one order whole, with its lines, ledger and facts.

mod changes;
mod facts;
mod fold;
mod lines;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use orderfold_events::{
    Coordinate, Currency, CustomerId, OrderId, OrderNumber, Personal, Timestamp, Version,
    order::{FulfilmentStatus, Lifecycle, Line, OrderPersonal, PaymentStatus, Terms, Totals},
};
use serde::{Deserialize, Serialize};

pub use self::facts::{
    FactTime, OrderAdjustment, OrderAmendment, OrderCancellation, OrderDelivery, OrderHold,
    OrderNote, OrderPayment, OrderRefund, OrderReturn, OrderShipment,
};
use crate::database::stored;

/// Most facts of a kind that an order's document keeps: the newest.
pub const FACTS_MAX: usize = 200;
/// Most amendments: more than other facts, because an old one may have brought the address that still holds.
pub const AMENDMENTS_MAX: usize = 1_000;
/// The newest notes; the timeline has all.
pub const NOTES_MAX: usize = 20;

/// Marker of the projection; see [`crate::projections::DocumentView`].
#[derive(Debug, Clone, Copy)]
pub struct OrderDetail;

/// One order, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDocument {
    #[serde(rename = "_id", with = "stored::id")]
    pub order_id: OrderId,
    /// Version of the order's stream that is folded in.
    pub version: Version,
    /// Where the event of that version stands in the log.
    pub coordinate: Coordinate,
    /// Given at placing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<OrderNumber>,
    #[serde(with = "stored::id")]
    pub customer_id: CustomerId,
    pub channel: String,
    pub currency: Currency,
    pub terms: Terms,
    pub prices_include_tax: bool,
    pub digital: bool,
    /// On account only.
    pub due_on: Option<NaiveDate>,
    pub reference: Option<String>,
    pub customer_reference: Option<String>,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    #[serde(with = "stored::optional_time")]
    pub placed_at: Option<Timestamp>,
    /// When the event of `version` was recorded.
    #[serde(with = "stored::time")]
    pub updated_at: Timestamp,
    pub lifecycle: Lifecycle,
    pub payment_status: PaymentStatus,
    pub fulfilment_status: FulfilmentStatus,
    pub on_hold: bool,
    pub totals: Totals,
    /// A draft's own: the totals that placing it would book.
    pub preview: Option<Totals>,
    /// In the order of their numbers.
    pub lines: Vec<OrderLine>,
    pub adjustments: Vec<OrderAdjustment>,
    pub payments: Vec<OrderPayment>,
    pub refunds: Vec<OrderRefund>,
    pub shipments: Vec<OrderShipment>,
    pub deliveries: Vec<OrderDelivery>,
    pub returns: Vec<OrderReturn>,
    pub cancellations: Vec<OrderCancellation>,
    pub amendments: Vec<OrderAmendment>,
    pub holds: Vec<OrderHold>,
    pub notes: Vec<OrderNote>,
    /// How many notes there are, also those that are not kept here.
    pub note_count: u32,
    /// As placed; amendments carry the addresses that they changed.
    pub personal: Personal<OrderPersonal>,
}

/// One line: as it was ordered, what became of its units, and what it is worth now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// As ordered; `quantity` is the number of units ordered. Nested, because both have a member `tax`.
    pub ordered: Line,
    pub cancelled: i64,
    pub shipped: i64,
    pub delivered: i64,
    pub returned: i64,
    /// How many of `returned` never arrived.
    pub returned_undelivered: i64,
    /// Value of what is still chargeable, without tax, minor units.
    pub net: i64,
    /// Tax on what is still chargeable, minor units.
    pub tax: i64,
}
