//! HTTP to customer commands, and their outcomes to HTTP.

use axum::{extract::State, http::StatusCode};
use orderfold_events::{CustomerId, StreamId, Version};
use orderfold_http::{Problem, clock};
use serde_json::Value;

use super::{
    body::{self, RegisterBody, StandingBody},
    commands::{self, Refusal, Standing},
    domain::CustomerError,
};
use crate::{
    app::Commands,
    event_sourcing::{Answer, Retention},
    execution::{Call, Decision, KeyedRequest, Undecided},
    http::{answers::Reply, calls::CommandRequest, codes},
};

/// Register a customer.
#[utoipa::path(
    post, path = "/v1/customers", tag = "customers",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe for 30 days"),
        ("dry_run" = Option<bool>, Query, description = "Check and answer, and store nothing"),
    ),
    request_body = RegisterBody,
    responses(
        (status = 201, body = StandingBody, description = "Registered"),
        (status = 200, body = StandingBody, description = "What a dry run would have done"),
        (status = 409, description = "`email_taken`, `customer_reference_taken`, `idempotency_in_progress`"),
        (status = 422, description = "`invalid_fields`, `idempotency_key_reused`"),
    ),
)]
pub(crate) async fn register_customer(
    State(commands): State<Commands>,
    CommandRequest { call, body }: CommandRequest,
) -> Result<Reply, Problem> {
    let run = |commands: Commands| async move { commands.register(&call, &body).await };
    commands.spawned(run).await
}

impl Commands {
    /// Registers a customer, by a request or by a line of one.
    pub async fn register(&self, call: &Call, body: &Value) -> Reply {
        let request = KeyedRequest::new(call, "register_customer", "", body);
        let attempt = || async {
            let customer_id = CustomerId(clock::new_id());
            let register = body::register(body, customer_id).map_err(Undecided::Refused)?;
            let decision = commands::register(&self.secrets, call, &register)?;
            Ok(answer(decision, call.dry_run))
        };
        let lane = StreamId::Customer(CustomerId(call.context.correlation_id));
        Reply::from(self.executor.execute(call, &request, lane, attempt).await)
    }
}

fn answer(decision: Decision<Result<Standing, Refusal>>, dry_run: bool) -> Decision<Answer> {
    decision.map(|outcome| match outcome {
        Ok(standing) => accepted(standing, dry_run),
        Err(refusal) => {
            let (problem, retention) = refused(refusal);
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

fn accepted(standing: Standing, dry_run: bool) -> Answer {
    let body = StandingBody {
        customer_id: (!dry_run).then_some(standing.customer_id.0),
        version: standing.version.0,
        status: "active".to_owned(),
        dry_run: dry_run.then_some(true),
    };
    let status = if dry_run {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    Answer {
        status: status.as_u16(),
        body: serde_json::to_vec(&body).unwrap_or_default(),
        stream: Some(StreamId::Customer(standing.customer_id)),
        version: standing.version,
        retention: Retention::Kept,
    }
}

fn refused(refusal: Refusal) -> (Problem, Retention) {
    match refusal {
        // Ids are made here, so that another customer's can only be met by a bug.
        Refusal::Customer(CustomerError::AlreadyRegistered) => (
            orderfold_http::catalogue::INTERNAL.into(),
            Retention::Discarded,
        ),
        Refusal::VersionConflict { current } => (
            Problem::from(codes::VERSION_CONFLICT).fact("current_version", current.0),
            Retention::Discarded,
        ),
    }
}
