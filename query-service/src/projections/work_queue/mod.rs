//! The read model `work_queue`: what is to be done about each order, by stage, and since when.

mod fold;

use orderfold_events::{
    Coordinate, Currency, CustomerId, OrderId, OrderNumber, Timestamp, Version, closed_list,
    order::Terms,
};
use serde::{Deserialize, Serialize};

use super::units::Units;
use crate::database::stored;

/// Marker of the projection; see [`crate::projections::DocumentView`].
#[derive(Debug, Clone, Copy)]
pub struct WorkQueue;

closed_list! {
    /// What is to be done. An order can be in several stages at once.
    Stage {
        /// Placed, and nobody has taken it on.
        Unconfirmed = "unconfirmed",
        /// A hold is open.
        OnHold = "on_hold",
        /// Prepaid, and not paid in full.
        AwaitingPayment = "awaiting_payment",
        /// Units are open, and nothing stands in their way.
        ToShip = "to_ship",
        /// Units are on their way.
        InTransit = "in_transit",
        /// More was paid than is owed.
        RefundDue = "refund_due",
    }
}

/// One placed order; it stays, with no stage, when nothing is left to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkDocument {
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
    pub digital: bool,
    pub units: Units,
    /// Minor units; so is `balance`.
    pub total_sales: i64,
    pub balance: i64,
    pub since: Since,
}

/// Since when an order is in each stage; a stage that it is not in is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Since {
    #[serde(
        with = "stored::optional_time",
        skip_serializing_if = "Option::is_none"
    )]
    pub unconfirmed: Option<Timestamp>,
    #[serde(
        with = "stored::optional_time",
        skip_serializing_if = "Option::is_none"
    )]
    pub on_hold: Option<Timestamp>,
    #[serde(
        with = "stored::optional_time",
        skip_serializing_if = "Option::is_none"
    )]
    pub awaiting_payment: Option<Timestamp>,
    #[serde(
        with = "stored::optional_time",
        skip_serializing_if = "Option::is_none"
    )]
    pub to_ship: Option<Timestamp>,
    #[serde(
        with = "stored::optional_time",
        skip_serializing_if = "Option::is_none"
    )]
    pub in_transit: Option<Timestamp>,
    #[serde(
        with = "stored::optional_time",
        skip_serializing_if = "Option::is_none"
    )]
    pub refund_due: Option<Timestamp>,
}

impl Since {
    /// Since when the order is in a stage.
    #[must_use]
    pub const fn of(&self, stage: Stage) -> Option<Timestamp> {
        match stage {
            Stage::Unconfirmed => self.unconfirmed,
            Stage::OnHold => self.on_hold,
            Stage::AwaitingPayment => self.awaiting_payment,
            Stage::ToShip => self.to_ship,
            Stage::InTransit => self.in_transit,
            Stage::RefundDue => self.refund_due,
        }
    }
}
