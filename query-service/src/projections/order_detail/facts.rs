//! The facts within an order's document, each with the event that brought it.

use orderfold_events::{
    Personal, Timestamp, Version,
    order::{
        Adjustment, AmendReason, AmendedPersonal, CancelReason, HoldReason, LineQuantity,
        PaymentMethod, RefundReason, ReturnCondition, ReturnReason, ReturnedUnits,
    },
    personal::Note,
};
use serde::{Deserialize, Serialize};

use crate::database::stored;

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

/// Money given back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRefund {
    pub at: FactTime,
    pub reference: String,
    pub amount: i64,
    pub reason: RefundReason,
    /// The references of the payment and of the return, when the caller named them.
    pub payment: Option<String>,
    pub return_reference: Option<String>,
}

/// What was agreed after placing. The lines of the order already are as it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAmendment {
    pub at: FactTime,
    pub reason: AmendReason,
    /// The lines that it added or changed.
    pub lines: Vec<u32>,
    pub cancelled: Vec<LineQuantity>,
    /// The addresses that it changed.
    pub personal: Personal<AmendedPersonal>,
}

/// A hold, open until it is released or the order ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderHold {
    pub hold: u32,
    pub at: FactTime,
    pub reason: HoldReason,
    pub personal: Personal<Note>,
    /// None while it is open.
    pub closed: Option<FactTime>,
    /// What was noted at its release; none where the end of the order closed it.
    pub release: Option<Personal<Note>>,
}

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderNote {
    pub at: FactTime,
    pub personal: Personal<Note>,
}
