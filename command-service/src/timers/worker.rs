//! The worker: claims timers that are due and issues their commands on the way of every other command, under the
//! timer's id as idempotency key, so that a timer that is worked on twice acts once. A late timer is a normal one.

use std::time::Duration;

use axum::http::StatusCode;
use futures::{StreamExt, stream};
use orderfold_events::{OrderId, StreamId, Timestamp, Version};
use orderfold_http::{Principal, RequestContext, auth::PrincipalKind, clock};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::TimerKind;
use crate::{
    app::Commands,
    database::{Database, DueTimer},
    event_sourcing::{Loaded, StoreError},
    execution::{Call, Precondition},
    orders::{
        controller::{CANCEL_ORDER, OPERATIONS, Operation},
        domain::Order,
    },
};

/// Timers that are claimed at once.
const TIMERS_MAX: u32 = 64;
/// Timers that are worked on at once: few, so that callers find the readers free.
const AT_ONCE: usize = 8;
/// How long nobody else gets a timer that was claimed; longer than a command may take.
const CLAIM: Duration = Duration::from_mins(1);
/// How often a command is tried again when its order moves on meanwhile.
const ATTEMPTS: usize = 5;
/// How often it is looked for timers that are due.
const INTERVAL: Duration = Duration::from_secs(1);

/// Works on the timers of all shards; any number of replicas may.
#[derive(Clone)]
pub struct TimerWorker {
    pub commands: Commands,
    pub database: Database,
}

/// The command that a kind of timer stands for.
fn command_of(kind: TimerKind) -> Option<(&'static Operation, Value)> {
    let (operation, body) = match kind {
        TimerKind::Grace => ("confirm_order", json!({})),
        TimerKind::Unpaid => (CANCEL_ORDER.id, json!({"reason": "unpaid"})),
        TimerKind::StaleDraft => ("discard_draft", json!({})),
    };
    let operation = OPERATIONS.into_iter().find(|known| known.id == operation)?;
    Some((operation, body))
}

impl TimerWorker {
    /// Works until told to stop; what it has begun then is finished.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let more = match self.work().await {
                Ok(claimed) => claimed >= usize::try_from(TIMERS_MAX).unwrap_or(usize::MAX),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "timers that are due were not worked on");
                    false
                }
            };
            if !more {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(INTERVAL) => {}
                }
            }
        }
    }

    /// Works on timers that are due, at most [`TIMERS_MAX`], and says how many there were.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be claimed.
    pub async fn work(&self) -> Result<usize, StoreError> {
        let due = self.database.claim_timers(TIMERS_MAX, CLAIM).await?;
        let claimed = due.len();
        stream::iter(due)
            .for_each_concurrent(AT_ONCE, async |timer| self.fire(&timer).await)
            .await;
        Ok(claimed)
    }

    /// A timer without an outcome stays: it is due again when its claim has run out.
    async fn fire(&self, timer: &DueTimer) {
        let labels = [("kind", timer.kind.clone())];
        let settled = match (TimerKind::from_stored(&timer.kind), timer.stream) {
            (Some(kind), StreamId::Order(order_id)) => self.settle(timer, kind, order_id).await,
            (_, StreamId::Order(_) | StreamId::Customer(_) | StreamId::Credit(_)) => Ok(false),
        };
        match settled {
            Ok(true) => metrics::counter!("orderfold_timers_settled_total", &labels).increment(1),
            Ok(false) => {
                tracing::warn!(stream = %timer.stream, kind = timer.kind, "a timer has no outcome yet");
                metrics::counter!("orderfold_timers_unsettled_total", &labels).increment(1);
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, stream = %timer.stream, "a timer has no outcome yet");
                metrics::counter!("orderfold_timers_unsettled_total", &labels).increment(1);
            }
        }
    }

    /// Issues the command for the order as it stands, where the timer is still the order's: somebody may have paid, or
    /// gone on with the draft, since it was claimed. Whether that is the end of the timer.
    async fn settle(
        &self,
        timer: &DueTimer,
        kind: TimerKind,
        order_id: OrderId,
    ) -> Result<bool, StoreError> {
        for _ in 0..ATTEMPTS {
            let store = self.commands.executor.store();
            let order: Loaded<Order> = store.load(timer.stream).await?;
            if !self.database.has_timer(timer).await? {
                return Ok(true);
            }
            let waits_for = order.state.summary().as_ref().and_then(TimerKind::of);
            if waits_for != Some(kind) {
                return Ok(false);
            }
            let status = self.issue(timer, kind, (order_id, order.version)).await;
            match status {
                Some(StatusCode::PRECONDITION_FAILED) => {}
                Some(_) => {
                    self.database.delete_timer(timer).await?;
                    return Ok(true);
                }
                None => return Ok(false),
            }
        }
        Ok(false)
    }

    /// How the command was answered, where it was carried out or refused for good.
    async fn issue(
        &self,
        timer: &DueTimer,
        kind: TimerKind,
        (order_id, version): (OrderId, Version),
    ) -> Option<StatusCode> {
        let (operation, body) = command_of(kind)?;
        let principal = Principal::new(PrincipalKind::System, "timers", None, "");
        let call = Call {
            actor: self.commands.secrets.actor(&principal),
            principal,
            context: RequestContext::new(None, None),
            idempotency_key: Some(timer.id.to_string()),
            precondition: Precondition::Version(version),
            dry_run: false,
            likely_repeated: false,
            now: Timestamp::from(clock::now()),
            deadline: Call::deadline(),
        };
        let reply = self.commands.change(&call, operation, order_id, &body);
        let reply = reply.await;
        reply.is_outcome().then_some(reply.status)
    }
}
