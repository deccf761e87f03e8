//! The live feed over HTTP: server-sent events.

use std::time::Duration;

use axum::{
    extract::{OriginalUri, State},
    http::HeaderMap,
    response::{
        IntoResponse, Response,
        sse::{KeepAlive, Sse},
    },
};
use orderfold_events::CustomerId;
use orderfold_http::{Principal, Problem};

use super::listener::{LiveEventBody, events};
use crate::http::{described::ReadProblems, parameters, problems, router::Api};

const LAST_EVENT_ID: &str = "last-event-id";
/// How often something is sent when nothing happens, so that nobody in between takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
const RETRY_AFTER_SECONDS: u16 = 5;

/// What happens to orders, as it happens
///
/// Server-sent events. `order`: something happened to an order; its `id` as `Last-Event-ID` resumes behind it, on any
/// replica. `reset`: what happened meanwhile is not known any more, so what is shown has to be read anew. Customers
/// hear of their own orders. The server ends the stream after 15 minutes at most; come back with `Last-Event-ID`.
#[utoipa::path(
    get,
    path = "/v1/live",
    operation_id = "listen",
    tag = "orders",
    params(("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that was received")),
    responses(
        (status = 200, description = "The events", body = LiveEventBody, content_type = "text/event-stream"),
        ReadProblems,
    ),
    security(("bearer" = ["orders:read"])),
)]
pub(crate) async fn listen(
    State(api): State<Api>,
    principal: Principal,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    parameters::none(uri.query())?;
    // What is no text was never an id of ours: it leads to a reset.
    let last = headers
        .get(LAST_EVENT_ID)
        .map(|value| value.to_str().unwrap_or("?"));
    let seat = api.live.sit_down(last).ok_or_else(|| {
        Problem::from(problems::TOO_MANY_LISTENERS).retry_after_seconds(RETRY_AFTER_SECONDS)
    })?;
    let owner = principal.customer.map(CustomerId);
    let events = events(&api.live, seat, owner);
    let heartbeat = KeepAlive::new().interval(HEARTBEAT);
    Ok(Sse::new(events).keep_alive(heartbeat).into_response())
}
