//! What can be asked of an order. Every member is already parsed and within its own limits; what the state decides is
//! not checked yet.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use orderfold_events::{
    Currency, CustomerId, OrderId, OrderNumber, TaxRate, Timestamp,
    order::{
        AdjustmentKind, CancelReason, ContentHash, LineTax, OrderPersonal, PaymentMethod,
        ReturnCondition, ReturnReason, Terms,
    },
};

use super::lines::DistinctLines;

/// One command to one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderCommand {
    Place(Box<Place>),
    Cancel(Cancel),
    RecordPayment(RecordPayment),
    RecordShipment(RecordShipment),
    RecordDelivery(RecordDelivery),
    RecordReturn(RecordReturn),
}

/// A whole order, placed at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub order_id: OrderId,
    pub customer_id: CustomerId,
    pub number: OrderNumber,
    pub channel: String,
    pub currency: Currency,
    pub terms: Terms,
    pub prices_include_tax: bool,
    pub digital: bool,
    pub due_on: Option<NaiveDate>,
    pub reference: Option<String>,
    pub customer_reference: Option<String>,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    pub lines: Vec<NewLine>,
    pub adjustments: Vec<NewAdjustment>,
    /// The snapshots: as sent, or the customer's defaults.
    pub personal: OrderPersonal,
    pub occurred_at: Option<Timestamp>,
}

/// A line as asked for; its number comes from its place in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLine {
    pub sku: String,
    pub name: String,
    pub category: Option<String>,
    pub reference: Option<String>,
    pub quantity: i64,
    pub unit_price: i64,
    pub discount: i64,
    pub tax: LineTax,
    pub metadata: BTreeMap<String, String>,
}

/// An adjustment as asked for; never a reversal, which the system alone makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAdjustment {
    pub kind: AdjustmentKind,
    pub label: Option<String>,
    pub amount: i64,
    pub tax_rate: TaxRate,
}

/// Who asks, as far as the rules tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requester {
    /// The trading business, through a system or a person of its own.
    Trader,
    /// The customer whose order it is.
    Customer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancel {
    pub reason: CancelReason,
    pub note: Option<String>,
    /// None cancels everything open.
    pub lines: Option<DistinctLines>,
    pub requester: Requester,
    pub occurred_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPayment {
    pub reference: String,
    pub amount: i64,
    pub method: PaymentMethod,
    pub content: ContentHash,
    pub occurred_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordShipment {
    pub reference: String,
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
    /// None ships everything open.
    pub lines: Option<DistinctLines>,
    pub content: ContentHash,
    pub occurred_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordDelivery {
    pub reference: String,
    /// None takes all shipments, the oldest first.
    pub shipment: Option<String>,
    /// None delivers everything under way.
    pub lines: Option<DistinctLines>,
    pub content: ContentHash,
    pub occurred_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordReturn {
    pub reference: String,
    pub shipment: Option<String>,
    pub reason: ReturnReason,
    pub condition: Option<ReturnCondition>,
    /// Refused or lost on the way: units under way come back before delivered ones.
    pub undelivered: bool,
    pub lines: DistinctLines,
    pub adjustments: Vec<NewAdjustment>,
    pub content: ContentHash,
    pub occurred_at: Option<Timestamp>,
}

impl OrderCommand {
    /// When it happened, where the command itself says so.
    #[must_use]
    pub fn occurred_at(&self) -> Option<Timestamp> {
        match self {
            Self::Place(place) => place.occurred_at,
            Self::Cancel(cancel) => cancel.occurred_at,
            Self::RecordPayment(payment) => payment.occurred_at,
            Self::RecordShipment(shipment) => shipment.occurred_at,
            Self::RecordDelivery(delivery) => delivery.occurred_at,
            Self::RecordReturn(returned) => returned.occurred_at,
        }
    }
}
