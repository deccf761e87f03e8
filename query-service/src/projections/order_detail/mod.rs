//! The read model `order_detail`: one order whole, with its lines, ledger and facts.

mod fold;
mod lines;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use orderfold_events::{
    Coordinate, Currency, CustomerId, OrderId, OrderNumber, Personal, Timestamp, Version,
    order::{
        Adjustment, CancelReason, FulfilmentStatus, Lifecycle, Line, LineQuantity, OrderPersonal,
        PaymentMethod, PaymentStatus, ReturnCondition, ReturnReason, ReturnedUnits, Terms, Totals,
    },
    personal::Note,
};
use serde::{Deserialize, Serialize};

use crate::database::stored;

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
    pub number: OrderNumber,
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
    #[serde(with = "stored::time")]
    pub placed_at: Timestamp,
    /// When the event of `version` was recorded.
    #[serde(with = "stored::time")]
    pub updated_at: Timestamp,
    pub lifecycle: Lifecycle,
    pub payment_status: PaymentStatus,
    pub fulfilment_status: FulfilmentStatus,
    pub on_hold: bool,
    pub totals: Totals,
    /// In the order of their numbers.
    pub lines: Vec<OrderLine>,
    pub adjustments: Vec<OrderAdjustment>,
    pub payments: Vec<OrderPayment>,
    pub shipments: Vec<OrderShipment>,
    pub deliveries: Vec<OrderDelivery>,
    pub returns: Vec<OrderReturn>,
    pub cancellations: Vec<OrderCancellation>,
    pub personal: Personal<OrderPersonal>,
}

impl OrderDocument {
    /// Whose keys open what is personal in it.
    pub fn keys(&self) -> impl Iterator<Item = CustomerId> {
        let notes = self.cancellations.iter().map(|it| it.personal.key());
        std::iter::once(self.personal.key()).chain(notes).flatten()
    }
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

/// One adjustment, and whether the cancellation of the whole order voided it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAdjustment {
    #[serde(flatten)]
    pub adjustment: Adjustment,
    pub voided: bool,
}

/// Which event brought a fact, and when it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactTime {
    pub version: Version,
    #[serde(with = "stored::time")]
    pub occurred_at: Timestamp,
    #[serde(with = "stored::time")]
    pub recorded_at: Timestamp,
}

/// A payment received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPayment {
    pub at: FactTime,
    pub reference: String,
    pub amount: i64,
    pub method: PaymentMethod,
}

/// Units sent off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderShipment {
    pub at: FactTime,
    pub reference: String,
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
    pub lines: Vec<LineQuantity>,
}

/// Units that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDelivery {
    pub at: FactTime,
    pub reference: String,
    /// The reference of the shipment, when the caller named one.
    pub shipment: Option<String>,
    pub lines: Vec<LineQuantity>,
}

/// Units that came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderReturn {
    pub at: FactTime,
    pub reference: String,
    pub shipment: Option<String>,
    pub reason: ReturnReason,
    pub condition: Option<ReturnCondition>,
    pub undelivered: bool,
    pub lines: Vec<ReturnedUnits>,
}

/// Units that will not be shipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCancellation {
    pub at: FactTime,
    pub reason: CancelReason,
    pub lines: Vec<LineQuantity>,
    pub personal: Personal<Note>,
}
