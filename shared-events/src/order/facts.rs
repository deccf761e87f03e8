//! What each event of an order says of its own, beside the summary and the change that every one carries.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    Totals,
    words::{
        AdjustmentKind, AmendReason, CancelReason, HoldReason, PaymentMethod, RefundReason,
        ReturnCondition, ReturnReason,
    },
};
use crate::{
    Personal, TaxRate,
    personal::{Address, Contact, Note},
};

/// `orderfold.order.placed.v1`: the whole order as it was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    pub prices_include_tax: bool,
    pub digital: bool,
    /// On account only: the day payment is due, in the store's reporting zone.
    pub due_on: Option<NaiveDate>,
    /// The caller's own key of the order, unique in the channel.
    pub reference: Option<String>,
    /// The customer's own key of the order; not unique.
    pub customer_reference: Option<String>,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    pub lines: Vec<Line>,
    pub adjustments: Vec<Adjustment>,
    pub personal: Personal<OrderPersonal>,
}

/// `orderfold.order.drafted.v1` and `orderfold.order.draft_changed.v1`: the whole draft as it is from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftContent {
    /// What placing it as it is would record.
    #[serde(flatten)]
    pub order: Placed,
    /// The totals that placing it as it is would book; a draft itself books none.
    pub preview: Totals,
}

/// `orderfold.order.discarded.v1`: a draft is given up; carries nothing of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discarded {}

/// The personal part of an order: address snapshots and contact, as they were at placing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct OrderPersonal {
    pub ship_to: Option<Address>,
    pub bill_to: Option<Address>,
    pub contact: Option<Contact>,
}

/// One line as ordered. `line` counts from 1 in the order given and is never reused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub line: u32,
    pub sku: String,
    pub name: String,
    pub category: Option<String>,
    pub reference: Option<String>,
    /// Units, 1 to 1 000 000.
    pub quantity: i64,
    /// Minor units, as given: including tax when the order's prices do.
    pub unit_price: i64,
    /// Minor units off the whole line, as given.
    pub discount: i64,
    #[serde(flatten)]
    pub tax: LineTax,
    pub metadata: BTreeMap<String, String>,
}

/// How the tax of a line is known: `{"tax_rate": "0.19"}` or `{"tax": 559}` for the whole line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineTax {
    #[serde(rename = "tax_rate")]
    Rate(TaxRate),
    #[serde(rename = "tax")]
    Amount(i64),
}

/// Something charged or credited beside the lines; numbered from 1 within the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    pub number: u32,
    pub kind: AdjustmentKind,
    pub label: Option<String>,
    /// Minor units, signed, never zero when a caller sent it; as given.
    pub amount: i64,
    pub tax_rate: TaxRate,
    /// What it adds to the figure `adjustments`: without tax, minor units.
    pub net: i64,
    /// What it adds to the figure `taxes`, minor units.
    pub tax: i64,
}

/// Units of one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineQuantity {
    pub line: u32,
    pub quantity: i64,
}

/// `orderfold.order.confirmed.v1`: the order is taken on; carries nothing of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {}

/// `orderfold.order.completed.v1`: all has arrived or come back and nothing is owed; carries nothing of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completed {}

/// `orderfold.order.held.v1`: nothing is shipped while a hold is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// From 1 within the order, never reused.
    pub hold: u32,
    pub reason: HoldReason,
    pub personal: Personal<Note>,
}

/// `orderfold.order.released.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// The holds that this event closed, ascending.
    pub holds: Vec<u32>,
    pub personal: Personal<Note>,
}

/// `orderfold.order.amended.v1`: what was agreed after placing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amended {
    pub reason: AmendReason,
    /// Lines as they are ordered from now on: those that are new, and those whose quantity was raised or whose price,
    /// discount or tax is another.
    pub lines: Vec<Line>,
    /// Units that the amendment cancelled.
    pub cancelled: Vec<LineQuantity>,
    pub adjustments: Vec<Adjustment>,
    pub personal: Personal<AmendedPersonal>,
}

/// The personal part of an amendment; an address that is absent stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AmendedPersonal {
    pub ship_to: Option<Address>,
    pub bill_to: Option<Address>,
}

/// `orderfold.order.details_updated.v1`: all details as they are from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetailsUpdated {
    pub reference: Option<String>,
    pub customer_reference: Option<String>,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
}

/// `orderfold.order.items_cancelled.v1`: some units will not be shipped; others stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemsCancelled {
    pub reason: CancelReason,
    pub lines: Vec<LineQuantity>,
    /// At most one reversal, made by the system.
    pub adjustments: Vec<Adjustment>,
    pub personal: Personal<Note>,
}

/// `orderfold.order.cancelled.v1`: the last unit of the order was cancelled; all adjustments are void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancelled {
    pub reason: CancelReason,
    /// The units that this event cancelled.
    pub lines: Vec<LineQuantity>,
    pub personal: Personal<Note>,
}

/// `orderfold.order.payment_recorded.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentRecorded {
    pub reference: String,
    /// Minor units, above zero.
    pub amount: i64,
    pub method: PaymentMethod,
    pub content: ContentHash,
}

/// `orderfold.order.refund_recorded.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRecorded {
    pub reference: String,
    /// Minor units, above zero.
    pub amount: i64,
    pub reason: RefundReason,
    /// The reference of the payment that it gives back, when the caller named one.
    pub payment: Option<String>,
    /// The reference of the return that it is for, when the caller named one.
    #[serde(rename = "return")]
    pub return_reference: Option<String>,
    pub adjustments: Vec<Adjustment>,
    pub content: ContentHash,
}

/// `orderfold.order.note_added.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteAdded {
    pub personal: Personal<Note>,
}

/// `orderfold.order.shipment_recorded.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipmentRecorded {
    pub reference: String,
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
    pub lines: Vec<LineQuantity>,
    pub content: ContentHash,
}

/// `orderfold.order.delivery_recorded.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryRecorded {
    pub reference: String,
    /// The reference of the shipment that arrived; none means the oldest first.
    pub shipment: Option<String>,
    pub lines: Vec<LineQuantity>,
    pub content: ContentHash,
}

/// `orderfold.order.return_recorded.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnRecorded {
    pub reference: String,
    pub shipment: Option<String>,
    pub reason: ReturnReason,
    pub condition: Option<ReturnCondition>,
    /// What the caller said of the goods: refused or lost on the way.
    pub undelivered: bool,
    pub lines: Vec<ReturnedUnits>,
    /// Those the caller added, and at most one reversal, made by the system.
    pub adjustments: Vec<Adjustment>,
    pub content: ContentHash,
}

/// Units of one line that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedUnits {
    pub line: u32,
    pub quantity: i64,
    /// How many of `quantity` had been in transit and never arrived.
    pub undelivered: i64,
}

/// HMAC of a fact as it was sent (without `occurred_at`), in hexadecimal: tells a repetition from a reused reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(pub String);
