//! What an order command answers, and for how long it is kept.

use axum::http::StatusCode;
use orderfold_events::{
    StreamId, Version,
    order::{OrderSummary, Totals},
};
use serde::Serialize;
use uuid::Uuid;

use super::{
    case::{Refusal, Standing},
    problems::problem,
};
use crate::{
    event_sourcing::{Answer, Retention},
    execution::Decision,
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
    /// Of a draft: what placing it as it is would book.
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<&'a Totals>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold: Option<u32>,
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
        number: number.map(|number| number.to_string()),
        customer_id: customer_id.0,
        version: standing.version.0,
        lifecycle: summary.lifecycle.as_str(),
        payment_status: summary.payment_status.as_str(),
        fulfilment_status: summary.fulfilment_status.as_str(),
        on_hold: summary.on_hold,
        currency: summary.currency.code(),
        totals,
        preview: standing.preview.as_ref(),
        hold: standing.hold,
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
        Refusal::VersionConflict { .. } | Refusal::CustomerNotFound | Refusal::Invalid(_) => {
            Retention::Discarded
        }
        Refusal::Order(_) | Refusal::Credit(_) | Refusal::AddressNotFound { .. } => Retention::Kept,
    }
}
