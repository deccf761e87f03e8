//! HTTP to credit commands, and their outcomes to HTTP.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use orderfold_events::{CustomerId, StreamId, Version};
use orderfold_http::{Problem, auth::Access};
use serde::Serialize;
use serde_json::Value;
use tokio::time::timeout_at;

use super::{
    body::{self, BookedBody, PaymentBody, StandingBody, TermsBody},
    commands::{self, Standing},
    payments::{self, AccountPayments, Booked},
};
use crate::{
    app::Commands,
    event_sourcing::{Answer, Retention},
    execution::{Call, KeyedRequest},
    http::{answers::Reply, calls::CommandRequest, codes},
    orders::{self, answer},
};

pub const SET_CREDIT_TERMS: Access = Access::scope("credit:write");
pub const RECORD_ACCOUNT_PAYMENT: Access = Access::scope("payments:write");

impl Commands {
    /// Sets credit terms, by a request or by a line of one.
    pub async fn set_credit_terms(
        &self,
        call: &Call,
        customer_id: CustomerId,
        body: &Value,
    ) -> Reply {
        let target = customer_id.to_string();
        let request = KeyedRequest::new(call, "set_credit_terms", &target, body);
        let terms = match body::terms(body) {
            Ok(terms) => terms,
            Err(problem) => return Reply::from(self.executor.refused(&request, problem).await),
        };
        let store = self.executor.store();
        let attempt = || async {
            let decision = commands::set_terms(store, call, customer_id, terms).await;
            let decision = decision.map_err(|undecided| undecided.map(terms_problem))?;
            Ok(decision.map(|outcome| match outcome {
                Ok(standing) => terms_set(&standing, call.dry_run),
                Err(refusal) => refused(
                    matches!(refusal, commands::Refusal::VersionConflict { .. }),
                    &terms_problem(refusal),
                ),
            }))
        };
        let lane = StreamId::Credit(customer_id);
        Reply::from(self.executor.execute(call, &request, lane, attempt).await)
    }

    /// Records a payment over several orders, by a request or by a line of one.
    pub async fn record_account_payment(
        &self,
        call: &Call,
        customer_id: CustomerId,
        body: &Value,
    ) -> Reply {
        let target = customer_id.to_string();
        let request = KeyedRequest::new(call, "record_account_payment", &target, body);
        if let Err(forbidden) = orders::check_backdating(call, body) {
            return Reply::problem(forbidden);
        }
        let payment = match body::payment(call, &self.secrets, body) {
            Ok(payment) => payment,
            Err(problem) => return Reply::from(self.executor.refused(&request, problem).await),
        };
        let payments = AccountPayments {
            store: self.executor.store(),
            secrets: &self.secrets,
        };
        let attempt = || async {
            let decision = payments.record(call, customer_id, &payment).await;
            let decision = decision.map_err(|undecided| undecided.map(payment_problem))?;
            Ok(decision.map(|outcome| match outcome {
                Ok(booked) => payment_booked(&booked, call),
                Err(refusal) => refused(
                    matches!(refusal, payments::Refusal::VersionConflict { .. }),
                    &payment_problem(refusal),
                ),
            }))
        };
        let lane = StreamId::Credit(customer_id);
        let turn = timeout_at(call.deadline, self.account_payments.enter(lane)).await;
        let Ok(_turn) = turn else {
            return Reply::problem(Problem::unavailable("other payments of the customer run"));
        };
        Reply::from(self.executor.execute(call, &request, lane, attempt).await)
    }
}

fn terms_set(standing: &Standing, dry_run: bool) -> Answer {
    let body = StandingBody {
        customer_id: standing.customer_id.0,
        version: standing.version.0,
        currency: standing.terms.currency.code(),
        limit: standing.terms.limit,
        payment_days: standing.terms.payment_days,
        exposure: standing.exposure,
        available: standing.available,
        dry_run: dry_run.then_some(true),
    };
    let account = StreamId::Credit(standing.customer_id);
    done(&body, Some(account), standing.version)
}

fn payment_booked(booked: &Booked, call: &Call) -> Answer {
    let form = body::form(call);
    let orders = booked.orders.iter();
    let body = BookedBody {
        customer_id: booked.customer_id.0,
        orders: orders
            .map(|standing| answer::told(standing, form))
            .collect(),
        dry_run: call.dry_run.then_some(true),
    };
    done(&body, None, Version::NONE)
}

fn done(body: &impl Serialize, stream: Option<StreamId>, version: Version) -> Answer {
    Answer {
        status: StatusCode::OK.as_u16(),
        body: serde_json::to_vec(body).unwrap_or_default(),
        stream,
        version,
        retention: Retention::Kept,
    }
}

/// A new attempt under the same key may find another version, so that a conflict is not kept.
fn refused(conflict: bool, problem: &Problem) -> Answer {
    Answer {
        status: problem.status().as_u16(),
        body: problem.kept().to_string().into_bytes(),
        stream: None,
        version: Version::NONE,
        retention: if conflict {
            Retention::Discarded
        } else {
            Retention::Kept
        },
    }
}

fn version_conflict(current: Version) -> Problem {
    Problem::from(codes::VERSION_CONFLICT).fact("current_version", current.0)
}

fn terms_problem(refusal: commands::Refusal) -> Problem {
    match refusal {
        commands::Refusal::CustomerNotFound => codes::CUSTOMER_NOT_FOUND.into(),
        commands::Refusal::VersionConflict { current } => version_conflict(current),
        commands::Refusal::Credit(error) => body::problem(error),
    }
}

fn payment_problem(refusal: payments::Refusal) -> Problem {
    use payments::Refusal;
    match refusal {
        Refusal::CustomerNotFound => codes::CUSTOMER_NOT_FOUND.into(),
        Refusal::OrderNotFound => codes::ORDER_NOT_FOUND.into(),
        Refusal::VersionConflict { current } => version_conflict(current),
        Refusal::NothingDue { order: None } => codes::NOTHING_DUE.into(),
        Refusal::NothingDue { order: Some(order) } => {
            Problem::from(codes::NOTHING_DUE).fact("order_id", order.to_string())
        }
        Refusal::Prepaid { order } => {
            Problem::from(codes::ORDER_IS_PREPAID).fact("order_id", order.to_string())
        }
        Refusal::TooMany(error) => {
            Problem::from(codes::TOO_MANY_ALLOCATIONS).fact("limit", error.limit)
        }
        Refusal::Credit(error) => body::problem(error),
        Refusal::Order(error) => orders::problem(orders::case::Refusal::Order(error)),
    }
}

/// Set what a customer may owe, and for how long.
#[utoipa::path(
    put, path = "/v1/customers/{id}/credit-terms", tag = "credit",
    params(
        ("id" = String, Path, description = "The customer's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe for 30 days"),
        ("If-Match" = Option<String>, Header, description = "The version of the credit account that the caller saw"),
        ("dry_run" = Option<bool>, Query, description = "Check and answer, and store nothing"),
    ),
    request_body = TermsBody,
    responses(
        (status = 200, body = StandingBody, description = "Done, or so already"),
        (status = 404, description = "`customer_not_found`"),
        (status = 409, description = "`credit_currency_mismatch`, `idempotency_in_progress`"),
        (status = 412, description = "`version_conflict`"),
        (status = 422, description = "`invalid_fields`, `idempotency_key_reused`"),
    ),
)]
pub(crate) async fn set_credit_terms(
    State(commands): State<Commands>,
    Path(customer): Path<String>,
    CommandRequest { call, body }: CommandRequest,
) -> Result<Reply, Problem> {
    let customer_id = read_id(&customer)?;
    let run = move |commands: Commands| async move {
        commands.set_credit_terms(&call, customer_id, &body).await
    };
    commands.spawned(run).await
}

/// Record one payment over several of a customer's orders on account.
#[utoipa::path(
    post, path = "/v1/customers/{id}/payments", tag = "credit",
    params(
        ("id" = String, Path, description = "The customer's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe for 30 days"),
        ("If-Match" = Option<String>, Header, description = "The version of the customer that the caller saw"),
        ("dry_run" = Option<bool>, Query, description = "Check and answer, and store nothing"),
    ),
    request_body = PaymentBody,
    responses(
        (status = 200, body = BookedBody<'_>, description = "Booked, or so already"),
        (status = 404, description = "`customer_not_found`, `order_not_found`"),
        (status = 409, description = "`nothing_due`, `order_is_prepaid`, `credit_currency_mismatch`, `reference_reused`, \
                                      `too_many_allocations`, `too_many_payments`, `occurred_before_placing`, \
                                      `idempotency_in_progress`"),
        (status = 412, description = "`version_conflict`"),
        (status = 422, description = "`invalid_fields`, `idempotency_key_reused`"),
    ),
)]
pub(crate) async fn record_account_payment(
    State(commands): State<Commands>,
    Path(customer): Path<String>,
    CommandRequest { call, body }: CommandRequest,
) -> Result<Reply, Problem> {
    let customer_id = read_id(&customer)?;
    let run = move |commands: Commands| async move {
        commands
            .record_account_payment(&call, customer_id, &body)
            .await
    };
    commands.spawned(run).await
}

fn read_id(customer: &str) -> Result<CustomerId, Problem> {
    let parsed = customer.parse();
    parsed.map_err(|_malformed| codes::CUSTOMER_NOT_FOUND.into())
}
