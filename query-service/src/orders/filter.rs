//! Which orders a list asks for: typed values only, so that nothing a caller writes can become an operator.

use orderfold_events::{
    Currency, CustomerId, Timestamp, closed_list,
    order::{FulfilmentStatus, Lifecycle, PaymentStatus},
};
use serde::Serialize;

/// What a list of orders is narrowed to. Of several values any may match; an empty list does not narrow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct OrderFilter {
    /// Only this customer's, whatever else is asked for: a customer sees only their own.
    pub owner: Option<CustomerId>,
    pub lifecycle: Vec<Lifecycle>,
    pub payment_status: Vec<PaymentStatus>,
    pub fulfilment_status: Vec<FulfilmentStatus>,
    pub channel: Vec<String>,
    pub currency: Vec<Currency>,
    pub customer_id: Vec<CustomerId>,
    pub reference: Vec<String>,
    /// First instant in.
    pub placed_from: Option<Timestamp>,
    /// First instant out.
    pub placed_to: Option<Timestamp>,
}

closed_list! {
    /// The order of a list; rows placed at the same instant are told apart by their id.
    OrderSort { PlacedAt = "placed_at", PlacedAtDescending = "-placed_at" }
}
