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
    #[error("the customer is blocked")]
    CustomerBlocked,
    #[error("the customer was erased")]
    CustomerErased,
    #[error("the timer's reason no longer holds")]
    NotDue,
    #[error("the order is on hold")]
    OnHold,
    #[error("the order has no hold {hold}")]
    HoldNotFound { hold: u32 },
    #[error("a prepaid order has no due date")]
    DueDateOfPrepaid,
    #[error("the order has no payment {payment}")]
    PaymentNotFound { payment: String },
    #[error("the order has no return {returned}")]
    ReturnNotFound { returned: String },
    #[error("more would be refunded than was paid")]
    RefundExceedsPayments { requested: i64, available: i64 },
    #[error("more would be refunded than is owed back")]
    RefundExceedsDue { requested: i64, available: i64 },
    #[error("units of line {line} were cancelled, shipped or returned")]
    LineUnderWay { line: u32 },
    #[error("line {line} is taxed by amount and needs the new tax")]
    TaxRequired { line: u32 },
    #[error("line {line} cannot be lowered and priced anew at once")]
    LoweredAndRepriced { line: u32 },
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
    /// A bug of the caller: what is personal has to be opened for a decision that looks at it.
    #[error("what is personal in the order was not opened")]
    Sealed,
    #[error("the order would have more than {limit} lines")]
    TooManyLines { limit: usize },
    #[error("the order would have more than {limit} members of metadata")]
    TooManyMetadata { limit: usize },
    #[error("the order has {limit} notes already")]
    TooManyNotes { limit: usize },
    #[error("the order had {limit} holds already")]
    TooManyHolds { limit: u32 },
    #[error("the order has {limit} refunds already")]
    TooManyRefunds { limit: usize },
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
    /// Whether it is answered even where `If-Match` names another version: what a command repeats, or contradicts, is
    /// looked at before the version. (So are repetitions, which are no refusal: they yield no events.)
    #[must_use]
    pub fn outranks_if_match(&self) -> bool {
        matches!(self, Self::NotFound | Self::ReferenceReused { .. })
    }
}
