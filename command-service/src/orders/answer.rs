//! What an order command answers, and the one place that maps its refusals to problems.

use axum::http::StatusCode;
use orderfold_events::{
    StreamId, Version,
    order::{OrderSummary, Totals},
};
use orderfold_http::Problem;
use serde::Serialize;
use uuid::Uuid;

use super::{
    body::member_of,
    commands::{Refusal, Standing},
    domain::{LineRule, OrderError},
};
use crate::{
    credit,
    event_sourcing::{Answer, Retention},
    execution::Decision,
    http::codes,
};

#[derive(Serialize)]
pub(crate) struct Body<'a> {
    order_id: Option<Uuid>,
    number: Option<String>,
    customer_id: Uuid,
    version: u32,
    lifecycle: &'a str,
    payment_status: &'a str,
    fulfilment_status: &'a str,
    on_hold: bool,
    currency: &'a str,
    totals: &'a Totals,
    events: Vec<EventBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
}

#[derive(Serialize)]
struct EventBody {
    r#type: &'static str,
    version: u32,
}

/// How a command is answered: creating ones with 201, and rehearsals without what they would have made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    pub creates: bool,
    pub dry_run: bool,
}

/// The decision with its answer as it is stored.
pub(super) fn render(
    decision: Decision<Result<Standing, Refusal>>,
    form: Form,
) -> Decision<Answer> {
    decision.map(|outcome| match outcome {
        Ok(standing) => accepted(&standing, form),
        Err(refusal) => {
            let retention = retention(&refusal);
            let problem = problem(refusal);
            Answer {
                status: problem.status().as_u16(),
                body: problem.kept().to_string().into_bytes(),
                stream: None,
                version: Version::NONE,
                retention,
            }
        }
    })
}

/// An order as a command leaves it, as it is told.
pub(crate) fn told(standing: &Standing, form: Form) -> Body<'_> {
    let OrderSummary {
        order_id,
        customer_id,
        number,
        totals,
        ..
    } = &standing.summary;
    let summary = &standing.summary;
    let unmade = form.creates && form.dry_run;
    let events = standing
        .recorded
        .iter()
        .map(|(event_type, version)| EventBody {
            r#type: event_type,
            version: version.0,
        });
    Body {
        order_id: (!unmade).then_some(order_id.0),
        number: number.filter(|_| !unmade).map(|number| number.to_string()),
        customer_id: customer_id.0,
        version: standing.version.0,
        lifecycle: summary.lifecycle.as_str(),
        payment_status: summary.payment_status.as_str(),
        fulfilment_status: summary.fulfilment_status.as_str(),
        on_hold: summary.on_hold,
        currency: summary.currency.code(),
        totals,
        events: events.collect(),
        dry_run: form.dry_run.then_some(true),
    }
}

fn accepted(standing: &Standing, form: Form) -> Answer {
    let status = if form.creates && !form.dry_run {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Answer {
        status: status.as_u16(),
        body: serde_json::to_vec(&told(standing, form)).unwrap_or_default(),
        stream: Some(StreamId::Order(standing.summary.order_id)),
        version: standing.version,
        retention: Retention::Kept,
    }
}

/// A new attempt under the same key may find another version, so that a conflict is not kept.
fn retention(refusal: &Refusal) -> Retention {
    match refusal {
        Refusal::VersionConflict { .. } | Refusal::CustomerNotFound => Retention::Discarded,
        Refusal::Order(_)
        | Refusal::AddressNotFound { .. }
        | Refusal::CustomerBlocked
        | Refusal::CustomerErased
        | Refusal::Credit(_) => Retention::Kept,
    }
}

pub(crate) fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Order(error) => order_problem(&error),
        Refusal::VersionConflict { current } => {
            Problem::from(codes::VERSION_CONFLICT).fact("current_version", current.0)
        }
        Refusal::CustomerNotFound => codes::CUSTOMER_NOT_FOUND.into(),
        Refusal::CustomerBlocked => codes::CUSTOMER_BLOCKED.into(),
        Refusal::CustomerErased => codes::CUSTOMER_ERASED.into(),
        Refusal::Credit(error) => credit::body::problem(error),
        // The label itself may name a person; the caller knows what was sent.
        Refusal::AddressNotFound { label: _ } => codes::ADDRESS_NOT_FOUND.into(),
    }
}

fn order_problem(error: &OrderError) -> Problem {
    let detail = error.to_string();
    match error {
        OrderError::NotFound => codes::ORDER_NOT_FOUND.into(),
        OrderError::WrongState { lifecycle } => Problem::from(codes::WRONG_STATE)
            .detail(detail)
            .fact("lifecycle", lifecycle.as_str()),
        OrderError::ReferenceReused { reference } => {
            Problem::from(codes::REFERENCE_REUSED).fact("reference", reference.as_str())
        }
        OrderError::OccurredBeforePlacing {
            placed_at,
            occurred_at,
        } => Problem::from(codes::OCCURRED_BEFORE_PLACING)
            .fact("placed_at", placed_at.to_string())
            .fact("occurred_at", occurred_at.to_string()),
        OrderError::NoLines => Problem::invalid_field("/lines", "required", detail),
        OrderError::InvalidLine { line, rule } => invalid_line(*line, *rule),
        OrderError::ShippingAddressRequired => codes::SHIPPING_ADDRESS_REQUIRED.into(),
        // Of a whole order the body alone decides these.
        OrderError::TotalNegative { .. } => Problem::invalid_field("", "total_negative", detail),
        OrderError::TotalTooLarge { .. } => Problem::invalid_field("", "total_too_large", detail),
        OrderError::LineNotFound { line } => {
            Problem::from(codes::LINE_NOT_FOUND).fact("line", *line)
        }
        OrderError::ShipmentNotFound { shipment } => {
            Problem::from(codes::SHIPMENT_NOT_FOUND).fact("shipment", shipment.as_str())
        }
        OrderError::TooManyUnits {
            line,
            requested,
            available,
        } => Problem::from(codes::TOO_MANY_UNITS)
            .detail(detail)
            .fact("line", *line)
            .fact("requested", *requested)
            .fact("available", *available),
        OrderError::AlreadyShipped => codes::ORDER_ALREADY_SHIPPED.into(),
        OrderError::NothingToDeliver => codes::NOTHING_TO_DELIVER.into(),
        OrderError::Unpaid { balance } => Problem::from(codes::ORDER_UNPAID)
            .detail(detail)
            .fact("balance", *balance),
        OrderError::Digital => codes::ORDER_IS_DIGITAL.into(),
        OrderError::TooManyAdjustments { limit } => limited(codes::TOO_MANY_ADJUSTMENTS, *limit),
        OrderError::TooManyPayments { limit } => limited(codes::TOO_MANY_PAYMENTS, *limit),
        OrderError::TooManyShipments { limit } => limited(codes::TOO_MANY_SHIPMENTS, *limit),
        OrderError::TooManyDeliveries { limit } => limited(codes::TOO_MANY_DELIVERIES, *limit),
        OrderError::TooManyReturns { limit } => limited(codes::TOO_MANY_RETURNS, *limit),
    }
}

fn limited(code: orderfold_http::ProblemCode, limit: usize) -> Problem {
    Problem::from(code).fact("limit", limit)
}

fn invalid_line(line: u32, rule: LineRule) -> Problem {
    let member = member_of(rule);
    let pointer = format!("/lines/{}/{member}", line.saturating_sub(1));
    Problem::invalid_field(&pointer, "out_of_range", rule.to_string())
}
