//! Answers and failures as HTTP: headers, replays, and the one place that maps what the store cannot do to a status.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use orderfold_events::{ConsistencyToken, StreamId};
use orderfold_http::{Problem, catalogue};
use serde_json::Value;

use super::codes::{self, CATALOGUE};
use crate::{
    event_sourcing::{ClaimKind, StoreError},
    execution::{Answered, Failure},
};

const CONSISTENCY_TOKEN: HeaderName = HeaderName::from_static("consistency-token");
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The outcome of a command in a form that a response and a line of a bulk answer both can be made of.
pub struct Reply {
    pub status: StatusCode,
    pub content: Content,
    pub token: Option<ConsistencyToken>,
    pub replayed: bool,
    entity_tag: Option<String>,
    location: Option<String>,
}

pub enum Content {
    /// The JSON of an accepted command.
    Body(Vec<u8>),
    Problem(Problem),
}

impl Reply {
    /// Renders what was answered now or long ago.
    fn answered(answered: Answered) -> Self {
        let Answered {
            status,
            body,
            stream,
            version,
            token,
            replayed,
        } = answered;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let accepted = status.is_success();
        let dry_run = token.is_none();
        let content = if accepted {
            Content::Body(body)
        } else {
            Content::Problem(kept(&body))
        };
        let location =
            stream
                .filter(|_| status == StatusCode::CREATED)
                .map(|stream| match stream {
                    StreamId::Customer(id) | StreamId::Credit(id) => {
                        format!("/v1/customers/{id}")
                    }
                    StreamId::Order(id) => format!("/v1/orders/{id}"),
                });
        let entity_tag =
            (accepted && !dry_run && stream.is_some()).then(|| format!("\"v{version}\""));
        Self {
            status,
            content,
            token,
            replayed,
            entity_tag,
            location,
        }
    }

    #[must_use]
    pub fn problem(problem: Problem) -> Self {
        Self {
            status: problem.status(),
            content: Content::Problem(problem),
            token: None,
            replayed: false,
            entity_tag: None,
            location: None,
        }
    }

    /// Whether the command was carried out or refused for good; otherwise the same key tells later.
    #[must_use]
    pub fn is_outcome(&self) -> bool {
        let in_progress = match &self.content {
            Content::Problem(problem) => problem.code() == codes::IDEMPOTENCY_IN_PROGRESS,
            Content::Body(_) => false,
        };
        !self.status.is_server_error() && !in_progress
    }

    fn failure(failure: Failure) -> Self {
        match failure {
            Failure::Refused(problem) => Self::problem(problem),
            Failure::KeyReused => Self::problem(codes::IDEMPOTENCY_KEY_REUSED.into()),
            Failure::InProgress => {
                Self::problem(Problem::from(codes::IDEMPOTENCY_IN_PROGRESS).retry_after_seconds(1))
            }
            Failure::Taken { kind, token } => {
                let token = (!token.is_empty()).then_some(token);
                Self {
                    token,
                    ..Self::problem(taken(kind).into())
                }
            }
            Failure::Store(error) => Self::problem(store_problem(&error)),
        }
    }
}

impl From<Result<Answered, Failure>> for Reply {
    fn from(result: Result<Answered, Failure>) -> Self {
        result.map_or_else(Self::failure, Self::answered)
    }
}

/// A refusal that was kept under a key.
fn kept(body: &[u8]) -> Problem {
    serde_json::from_slice::<Value>(body)
        .ok()
        .and_then(|kept| Problem::from_kept(CATALOGUE, &kept))
        .unwrap_or_else(|| catalogue::INTERNAL.into())
}

fn taken(kind: ClaimKind) -> orderfold_http::ProblemCode {
    match kind {
        ClaimKind::CustomerEmail => codes::EMAIL_TAKEN,
        ClaimKind::CustomerReference => codes::CUSTOMER_REFERENCE_TAKEN,
        ClaimKind::OrderReference => codes::ORDER_REFERENCE_TAKEN,
        ClaimKind::AccountPayment => codes::REFERENCE_REUSED,
    }
}

/// What the store cannot do, as a caller may know it; the cause is logged here, once.
#[must_use]
pub fn store_problem(error: &StoreError) -> Problem {
    let cause = error as &dyn std::error::Error;
    match error {
        StoreError::Overloaded => Problem::unavailable("too many commands are waiting"),
        StoreError::Unavailable(_) => {
            tracing::warn!(error = cause, "a command has no outcome");
            Problem::unavailable(
                "the store did not answer in time; the same idempotency key tells the outcome",
            )
        }
        StoreError::Contended => Problem::from(codes::STREAM_BUSY).retry_after_seconds(1),
        StoreError::EventTooLarge { bytes, bytes_max } => Problem::from(codes::EVENT_TOO_LARGE)
            .fact("bytes", *bytes)
            .fact("bytes_max", *bytes_max),
        StoreError::Corrupt(_) => {
            tracing::error!(error = cause, "the store contradicts itself");
            catalogue::INTERNAL.into()
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = match self.content {
            Content::Body(body) => {
                let json = [(
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("application/json"),
                )];
                (self.status, json, Body::from(body)).into_response()
            }
            Content::Problem(problem) => problem.into_response(),
        };
        let headers = response.headers_mut();
        let mut set = |name: HeaderName, value: Option<String>| {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.insert(name, value);
            }
        };
        set(header::ETAG, self.entity_tag);
        set(header::LOCATION, self.location);
        set(CONSISTENCY_TOKEN, self.token.map(|token| token.to_string()));
        if self.replayed {
            headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}
