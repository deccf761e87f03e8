//! The one place that maps refusals of orders to problems.

use orderfold_http::{Problem, ProblemCode};

use super::{
    body::member_of,
    case::Refusal,
    domain::{LineRule, OrderError},
};
use crate::{credit, http::codes};

pub(crate) fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Order(error) => order_problem(&error),
        Refusal::Invalid(error) => invalid(&error),
        Refusal::VersionConflict { current } => {
            Problem::from(codes::VERSION_CONFLICT).fact("current_version", current.0)
        }
        Refusal::CustomerNotFound => codes::CUSTOMER_NOT_FOUND.into(),
        Refusal::Credit(error) => credit::body::problem(error),
        // The label itself may name a person; the caller knows what was sent.
        Refusal::AddressNotFound { label: _ } => codes::ADDRESS_NOT_FOUND.into(),
    }
}

/// What the body alone decides; all else is the state's.
fn invalid(error: &OrderError) -> Problem {
    let detail = error.to_string();
    if let OrderError::InvalidLine { line, rule } = error {
        let pointer = pointer_to(*line, *rule);
        return Problem::invalid_field(&pointer, "out_of_range", rule.to_string());
    }
    match code(error).code {
        "order_without_lines" => Problem::invalid_field("/lines", "required", detail),
        code => Problem::invalid_field("", code, detail),
    }
}

fn pointer_to(line: u32, rule: LineRule) -> String {
    let member = member_of(rule);
    format!("/lines/{}/{member}", line.saturating_sub(1))
}

/// The code of a refusal with the facts that explain it.
fn order_problem(error: &OrderError) -> Problem {
    let problem = Problem::from(code(error)).detail(error.to_string());
    match error {
        OrderError::NotFound
        | OrderError::CustomerBlocked
        | OrderError::CustomerErased
        | OrderError::NotDue
        | OrderError::OnHold
        | OrderError::DueDateOfPrepaid
        | OrderError::NoLines
        | OrderError::ShippingAddressRequired
        | OrderError::AlreadyShipped
        | OrderError::NothingToDeliver
        | OrderError::Sealed
        | OrderError::Digital => problem,
        OrderError::WrongState { lifecycle } => problem.fact("lifecycle", lifecycle.as_str()),
        OrderError::ReferenceReused { reference } => problem.fact("reference", reference.as_str()),
        OrderError::OccurredBeforePlacing {
            placed_at,
            occurred_at,
        } => problem
            .fact("placed_at", placed_at.to_string())
            .fact("occurred_at", occurred_at.to_string()),
        OrderError::InvalidLine { line, rule } => {
            problem.fact("line", *line).fact("member", member_of(*rule))
        }
        OrderError::LineNotFound { line }
        | OrderError::LineUnderWay { line }
        | OrderError::TaxRequired { line }
        | OrderError::LoweredAndRepriced { line } => problem.fact("line", *line),
        OrderError::TotalNegative { total_sales } => problem.fact("total_sales", *total_sales),
        OrderError::TotalTooLarge { limit } => problem.fact("limit", *limit),
        OrderError::RefundExceedsPayments {
            available,
            requested,
        }
        | OrderError::RefundExceedsDue {
            available,
            requested,
        } => problem
            .fact("available", *available)
            .fact("requested", *requested),
        OrderError::HoldNotFound { hold } => problem.fact("hold", *hold),
        OrderError::PaymentNotFound { payment } => problem.fact("payment", payment.as_str()),
        OrderError::ReturnNotFound { returned } => problem.fact("return", returned.as_str()),
        OrderError::ShipmentNotFound { shipment } => problem.fact("shipment", shipment.as_str()),
        OrderError::TooManyUnits {
            line,
            requested,
            available,
        } => problem
            .fact("line", *line)
            .fact("requested", *requested)
            .fact("available", *available),
        OrderError::Unpaid { balance } => problem.fact("balance", *balance),
        OrderError::TooManyHolds { limit } => problem.fact("limit", *limit),
        OrderError::TooManyLines { limit }
        | OrderError::TooManyMetadata { limit }
        | OrderError::TooManyNotes { limit }
        | OrderError::TooManyRefunds { limit }
        | OrderError::TooManyAdjustments { limit }
        | OrderError::TooManyPayments { limit }
        | OrderError::TooManyShipments { limit }
        | OrderError::TooManyDeliveries { limit }
        | OrderError::TooManyReturns { limit } => problem.fact("limit", *limit),
    }
}

fn code(error: &OrderError) -> ProblemCode {
    match error {
        OrderError::NotFound => codes::ORDER_NOT_FOUND,
        OrderError::WrongState { .. } => codes::WRONG_STATE,
        OrderError::ReferenceReused { .. } => codes::REFERENCE_REUSED,
        OrderError::OccurredBeforePlacing { .. } => codes::OCCURRED_BEFORE_PLACING,
        OrderError::CustomerBlocked => codes::CUSTOMER_BLOCKED,
        OrderError::CustomerErased => codes::CUSTOMER_ERASED,
        OrderError::NotDue => codes::TIMER_NOT_DUE,
        OrderError::OnHold => codes::ORDER_ON_HOLD,
        OrderError::HoldNotFound { .. } => codes::HOLD_NOT_FOUND,
        OrderError::DueDateOfPrepaid => codes::DUE_DATE_OF_PREPAID,
        OrderError::PaymentNotFound { .. } => codes::PAYMENT_NOT_FOUND,
        OrderError::ReturnNotFound { .. } => codes::RETURN_NOT_FOUND,
        OrderError::RefundExceedsPayments { .. } => codes::REFUND_EXCEEDS_PAYMENTS,
        OrderError::RefundExceedsDue { .. } => codes::REFUND_EXCEEDS_DUE,
        OrderError::LineUnderWay { .. } => codes::LINE_UNDER_WAY,
        OrderError::TaxRequired { .. } => codes::TAX_REQUIRED,
        OrderError::LoweredAndRepriced { .. } => codes::LINE_LOWERED_AND_REPRICED,
        OrderError::NoLines => codes::ORDER_WITHOUT_LINES,
        OrderError::InvalidLine { .. } => codes::INVALID_LINE,
        OrderError::ShippingAddressRequired => codes::SHIPPING_ADDRESS_REQUIRED,
        OrderError::TotalNegative { .. } => codes::TOTAL_NEGATIVE,
        OrderError::TotalTooLarge { .. } => codes::TOTAL_TOO_LARGE,
        OrderError::LineNotFound { .. } => codes::LINE_NOT_FOUND,
        OrderError::ShipmentNotFound { .. } => codes::SHIPMENT_NOT_FOUND,
        OrderError::TooManyUnits { .. } => codes::TOO_MANY_UNITS,
        OrderError::AlreadyShipped => codes::ORDER_ALREADY_SHIPPED,
        OrderError::NothingToDeliver => codes::NOTHING_TO_DELIVER,
        OrderError::Unpaid { .. } => codes::ORDER_UNPAID,
        OrderError::Sealed => orderfold_http::catalogue::INTERNAL,
        OrderError::Digital => codes::ORDER_IS_DIGITAL,
        OrderError::TooManyLines { .. } => codes::TOO_MANY_LINES,
        OrderError::TooManyMetadata { .. } => codes::TOO_MANY_METADATA,
        OrderError::TooManyNotes { .. } => codes::TOO_MANY_NOTES,
        OrderError::TooManyHolds { .. } => codes::TOO_MANY_HOLDS,
        OrderError::TooManyRefunds { .. } => codes::TOO_MANY_REFUNDS,
        OrderError::TooManyAdjustments { .. } => codes::TOO_MANY_ADJUSTMENTS,
        OrderError::TooManyPayments { .. } => codes::TOO_MANY_PAYMENTS,
        OrderError::TooManyShipments { .. } => codes::TOO_MANY_SHIPMENTS,
        OrderError::TooManyDeliveries { .. } => codes::TOO_MANY_DELIVERIES,
        OrderError::TooManyReturns { .. } => codes::TOO_MANY_RETURNS,
    }
}
