//! Why an order refuses a command, with the facts that explain it. Refusals are compared, never wrapped; statuses and
//! documents are the controller's.

use orderfold_events::{Timestamp, order::Lifecycle};

/// A refusal by an order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    #[error("the order does not exist")]
    NotFound,
    #[error("the order is {lifecycle}, which does not allow it")]
    WrongState { lifecycle: Lifecycle },
    #[error("the reference {reference} was used with other content")]
    ReferenceReused { reference: String },
    #[error("it would have happened before the order was placed")]
    OccurredBeforePlacing {
        placed_at: Timestamp,
        occurred_at: Timestamp,
    },
    #[error("an order needs at least one line")]
    NoLines,
    #[error("line {line} is not valid: {rule}")]
    InvalidLine { line: u32, rule: LineRule },
    #[error("an order that is not digital needs a shipping address")]
    ShippingAddressRequired,
    #[error("the total would be below zero")]
    TotalNegative { total_sales: i64 },
    #[error("a figure of the order would be beyond {limit} minor units")]
    TotalTooLarge { limit: i64 },
    #[error("the order has no line {line}")]
    LineNotFound { line: u32 },
    #[error("the order has no shipment {shipment}")]
    ShipmentNotFound { shipment: String },
    #[error("line {line} has {available} such units, {requested} were asked for")]
    TooManyUnits {
        line: u32,
        requested: i64,
        available: i64,
    },
    #[error("nothing is left to ship or to cancel")]
    AlreadyShipped,
    #[error("nothing is under way")]
    NothingToDeliver,
    #[error("a prepaid order is not shipped before it is paid")]
    Unpaid { balance: i64 },
    #[error("a digital order takes no shipment")]
    Digital,
    #[error("the order has {limit} adjustments already, or would have more")]
    TooManyAdjustments { limit: usize },
    #[error("the order has {limit} payments already")]
    TooManyPayments { limit: usize },
    #[error("the order has {limit} shipments already")]
    TooManyShipments { limit: usize },
    #[error("the order has {limit} deliveries already")]
    TooManyDeliveries { limit: usize },
    #[error("the order has {limit} returns already")]
    TooManyReturns { limit: usize },
}

/// What is wrong with one line by itself; the edge checks the same rules to point at the member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineRule {
    #[error("the quantity is not between 1 and 1000000")]
    Quantity,
    #[error("the unit price is below zero or too large")]
    UnitPrice,
    #[error("the discount is not between zero and unit price × quantity")]
    Discount,
    #[error("the tax is below zero or too large")]
    Tax,
    #[error("a line without value carries no tax")]
    TaxWithoutValue,
    #[error("the tax included in the price exceeds the value of the line")]
    TaxAboveValue,
}

impl OrderError {
    /// The stable code that clients see.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "order_not_found",
            Self::WrongState { .. } => "wrong_state",
            Self::ReferenceReused { .. } => "reference_reused",
            Self::OccurredBeforePlacing { .. } => "occurred_before_placing",
            Self::NoLines => "order_without_lines",
            Self::InvalidLine { .. } => "invalid_line",
            Self::ShippingAddressRequired => "shipping_address_required",
            Self::TotalNegative { .. } => "total_negative",
            Self::TotalTooLarge { .. } => "total_too_large",
            Self::LineNotFound { .. } => "line_not_found",
            Self::ShipmentNotFound { .. } => "shipment_not_found",
            Self::TooManyUnits { .. } => "too_many_units",
            Self::AlreadyShipped => "order_already_shipped",
            Self::NothingToDeliver => "nothing_to_deliver",
            Self::Unpaid { .. } => "order_unpaid",
            Self::Digital => "order_is_digital",
            Self::TooManyAdjustments { .. } => "too_many_adjustments",
            Self::TooManyPayments { .. } => "too_many_payments",
            Self::TooManyShipments { .. } => "too_many_shipments",
            Self::TooManyDeliveries { .. } => "too_many_deliveries",
            Self::TooManyReturns { .. } => "too_many_returns",
        }
    }

    /// Whether it is answered even where `If-Match` names another version: what a command repeats, or contradicts, is
    /// looked at before the version. (So are repetitions, which are no refusal: they yield no events.)
    #[must_use]
    pub fn outranks_if_match(&self) -> bool {
        matches!(self, Self::NotFound | Self::ReferenceReused { .. })
    }
}
