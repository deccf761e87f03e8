//! The rows that one command of the service wrote, for the peers to write the same ones, byte for byte.

use orderfold_stack::Result;
use serde::{Deserialize, Serialize};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::stage::store_error;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sample {
    pub event_type: String,
    pub customer: Uuid,
    pub actor: String,
    pub traceparent: String,
    /// The event's JSON.
    pub data: String,
    pub status: i32,
    /// The answer as it is kept under the idempotency key.
    pub answer: String,
}

/// A placed order and a payment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Samples {
    pub placed: Sample,
    pub payment: Sample,
}

impl Samples {
    /// Of the commands that the store holds.
    ///
    /// # Errors
    /// When it holds none of a kind.
    pub async fn take(store: &PgPool) -> Result<Self> {
        Ok(Self {
            placed: take(store, "orderfold.order.placed.v1").await?,
            payment: take(store, "orderfold.order.payment_recorded.v1").await?,
        })
    }
}

async fn take(store: &PgPool, event_type: &str) -> Result<Sample> {
    let row = sqlx::query(
        "select e.customer_id, e.actor, e.traceparent, convert_from(e.data, 'UTF8') as data,
                i.status, convert_from(i.body, 'UTF8') as answer
           from event e join idempotency i on i.stream_id = e.stream_id and i.version = e.version
          where e.type = $1 limit 1",
    )
    .bind(event_type)
    .fetch_one(store)
    .await
    .map_err(store_error)?;
    let sample = || {
        Ok(Sample {
            event_type: event_type.to_owned(),
            customer: row.try_get("customer_id")?,
            actor: row.try_get("actor")?,
            traceparent: row.try_get("traceparent")?,
            data: row.try_get("data")?,
            status: row.try_get("status")?,
            answer: row.try_get("answer")?,
        })
    };
    sample().map_err(store_error)
}
