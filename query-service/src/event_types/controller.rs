//! The catalogue over HTTP.

use axum::{extract::OriginalUri, http::HeaderMap, response::Response};
use orderfold_http::Problem;
use serde::Serialize;
use utoipa::ToSchema;

use super::catalogue::{EventType, catalogue};
use crate::http::{
    answers,
    described::{IfNoneMatchHeader, ReadProblems},
    parameters,
};

/// Every type of event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventTypes {
    pub data: Vec<EventType>,
}

/// Every type of event, with the schema of its data
///
/// What is on the topic `orderfold.events` and in timelines. It changes with releases alone.
#[utoipa::path(
    get,
    path = "/v1/event-types",
    operation_id = "list_event_types",
    tag = "events",
    params(IfNoneMatchHeader),
    responses(
        (status = 200, description = "The catalogue", body = EventTypes),
        (status = 304, description = "What the caller knows still holds"),
        ReadProblems,
    ),
    security(("bearer" = ["orders:read"])),
)]
pub(crate) async fn list_event_types(
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    parameters::none(uri.query())?;
    answers::constant(&headers, &EventTypes { data: catalogue() })
}
