//! The naive peer: what one would write first. Each request checks its token, reads its body and runs a transaction of
//! its own from a pool, writing the rows that the service writes. It decides nothing.

mod process;

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    routing::post,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use orderfold_stack::{Result, StackError, clock, error::Doing, tokens};
use serde_json::Value;
use sqlx::{PgPool, Postgres, Row, Transaction, postgres::PgPoolOptions};
use uuid::Uuid;

pub use process::NaiveProcess;

use super::{
    database::SHARDS,
    sample::{Sample, Samples},
};
use crate::{arguments::NaiveOptions, load::CLIENTS, stage::store_error};

struct Naive {
    pool: PgPool,
    key: DecodingKey,
    validation: Validation,
    samples: Samples,
}

type Answer = std::result::Result<(StatusCode, String), StatusCode>;

/// Serves until it is killed.
///
/// # Errors
/// When it cannot start.
pub async fn serve(options: NaiveOptions) -> Result<()> {
    let reading = || "read what the naive peer needs".to_owned();
    let samples = std::fs::read(&options.samples_file).doing(reading)?;
    let samples =
        serde_json::from_slice(&samples).map_err(|error| StackError::failed(reading(), error))?;
    let pem = std::fs::read(&options.jwt_public_key_file).doing(reading)?;
    let key =
        DecodingKey::from_ed_pem(&pem).map_err(|error| StackError::failed(reading(), error))?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[tokens::AUDIENCE]);
    validation.set_issuer(&[tokens::ISSUER]);
    // One connection for each caller: nobody waits for one.
    let pool = PgPoolOptions::new()
        .max_connections(u32::try_from(CLIENTS).unwrap_or(u32::MAX))
        .connect(&options.database_url)
        .await
        .map_err(store_error)?;
    let state = Arc::new(Naive {
        pool,
        key,
        validation,
        samples,
    });
    let router = Router::new()
        .route("/v1/orders", post(place))
        .route("/v1/orders/{order}/payments", post(pay))
        .with_state(state);
    let listener = tokio::net::TcpListener::bind(options.http_address)
        .await
        .doing(|| format!("listen on {}", options.http_address))?;
    axum::serve(listener, router)
        .await
        .doing(|| "serve the naive peer".to_owned())
}

async fn place(State(naive): State<Arc<Naive>>, headers: HeaderMap, body: Bytes) -> Answer {
    naive.check(&headers, &body)?;
    let order = clock::new_id().to_string();
    let written = naive.write(&naive.samples.placed, &order, true).await;
    answered(written, &naive.samples.placed, StatusCode::CREATED)
}

async fn pay(
    State(naive): State<Arc<Naive>>,
    Path(order): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    naive.check(&headers, &body)?;
    let written = naive.write(&naive.samples.payment, &order, false).await;
    answered(written, &naive.samples.payment, StatusCode::OK)
}

fn answered(
    written: std::result::Result<(), sqlx::Error>,
    sample: &Sample,
    status: StatusCode,
) -> Answer {
    match written {
        Ok(()) => Ok((status, sample.answer.clone())),
        Err(_refused) => Err(StatusCode::SERVICE_UNAVAILABLE),
    }
}

impl Naive {
    fn check(&self, headers: &HeaderMap, body: &Bytes) -> std::result::Result<(), StatusCode> {
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .ok_or(StatusCode::UNAUTHORIZED)?;
        decode::<Value>(token, &self.key, &self.validation)
            .map_err(|_invalid| StatusCode::UNAUTHORIZED)?;
        serde_json::from_slice::<Value>(body).map_err(|_malformed| StatusCode::BAD_REQUEST)?;
        Ok(())
    }

    async fn write(
        &self,
        sample: &Sample,
        order: &str,
        new: bool,
    ) -> std::result::Result<(), sqlx::Error> {
        let stream = format!("order-{order}");
        let shard = shard_of(order);
        let event = clock::new_id();
        let mut transaction = self.pool.begin().await?;
        let position: i64 = sqlx::query_scalar(
            "update shard_head set position = position + 1, last_event_id = $2, last_recorded_at = clock_timestamp()
              where shard = $1 returning position",
        )
        .bind(shard)
        .bind(event)
        .fetch_one(&mut *transaction)
        .await?;
        let version = move_on(&mut transaction, &stream, shard, new).await?;
        let row = Written {
            sample,
            stream: &stream,
            shard,
            position,
            version,
            event,
        };
        row.insert(&mut transaction).await?;
        transaction.commit().await
    }
}

async fn move_on(
    transaction: &mut Transaction<'_, Postgres>,
    stream: &str,
    shard: i32,
    new: bool,
) -> std::result::Result<i32, sqlx::Error> {
    if new {
        sqlx::query("insert into stream (stream_id, shard, version) values ($1, $2, 1)")
            .bind(stream)
            .bind(shard)
            .execute(&mut **transaction)
            .await?;
        return Ok(1);
    }
    let row = sqlx::query(
        "update stream set version = version + 1 where stream_id = $1 returning version",
    )
    .bind(stream)
    .fetch_one(&mut **transaction)
    .await?;
    row.try_get("version")
}

struct Written<'a> {
    sample: &'a Sample,
    stream: &'a str,
    shard: i32,
    position: i64,
    version: i32,
    event: Uuid,
}

impl Written<'_> {
    async fn insert(
        &self,
        transaction: &mut Transaction<'_, Postgres>,
    ) -> std::result::Result<(), sqlx::Error> {
        sqlx::query(
            "insert into event (shard, position, stream_id, version, event_id, customer_id, type, occurred_at,
                                recorded_at, correlation_id, causation_id, actor, traceparent, data)
             values ($1, $2, $3, $4, $5, $6, $7, clock_timestamp(), clock_timestamp(), $5, $5, $8, $9, $10)",
        )
        .bind(self.shard)
        .bind(self.position)
        .bind(self.stream)
        .bind(self.version)
        .bind(self.event)
        .bind(self.sample.customer)
        .bind(&self.sample.event_type)
        .bind(&self.sample.actor)
        .bind(&self.sample.traceparent)
        .bind(self.sample.data.as_bytes())
        .execute(&mut **transaction)
        .await?;
        sqlx::query(
            "insert into idempotency (key, fingerprint, internal, status, body, stream_id, version, epoch, shard,
                                      position, created_at)
             values (sha256(uuid_send($1)), sha256(uuid_send($1)), false, $2, $3, $4, $5, 1, $6, $7, clock_timestamp())",
        )
        .bind(self.event)
        .bind(self.sample.status)
        .bind(self.sample.answer.as_bytes())
        .bind(self.stream)
        .bind(self.version)
        .bind(self.shard)
        .bind(self.position)
        .execute(&mut **transaction)
        .await?;
        Ok(())
    }
}

/// Where pgbench looks for the order, too: its number modulo the shards, or any shard for a new one.
fn shard_of(order: &str) -> i32 {
    order.parse().map_or_else(
        |_not_a_number| {
            let last = order.bytes().last().map_or(0, i32::from);
            let before = order.bytes().rev().nth(1).map_or(0, i32::from);
            (last + 7 * before) % SHARDS
        },
        |number: i32| number % SHARDS,
    )
}
