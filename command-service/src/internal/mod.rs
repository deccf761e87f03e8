//! What the query service asks of this one: where the log ends, and any part of it again. On the admin port only, and
//! only for whoever knows the internal token.

use std::convert::Infallible;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, Query, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use orderfold_events::{
    Position, Shard, ShardCount, Timestamp,
    internal::{FeedRecord, Heads},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{
    database::{Database, LogRecord},
    event_sourcing::StoreError,
};

/// Records in one answer of the feed; who wants more asks again after the last.
const FEED_RECORDS_MAX: u32 = 2_000;
const FEED_BYTES_MAX: u32 = 8 * 1024 * 1024;

/// What the internal endpoints need.
#[derive(Clone)]
pub struct Internal {
    pub database: Database,
    pub store_id: Uuid,
    pub shards: ShardCount,
    pub token: SecretString,
}

/// The routes, to be merged into those of the admin port.
pub fn router(internal: Internal) -> Router {
    Router::new()
        .route("/internal/heads", get(heads))
        .route("/internal/feed/{shard}", get(feed))
        .route_layer(middleware::from_fn_with_state(internal.clone(), authorize))
        .with_state(internal)
}

async fn authorize(State(internal): State<Internal>, request: Request, next: Next) -> Response {
    let token = internal.token.expose_secret().as_bytes();
    let given = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    if given.is_some_and(|given| !token.is_empty() && bool::from(given.ct_eq(token))) {
        next.run(request).await
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

async fn heads(State(internal): State<Internal>) -> Response {
    match read_heads(&internal).await {
        Ok(heads) => json(&heads),
        Err(error) => unavailable(&error),
    }
}

async fn read_heads(internal: &Internal) -> Result<Heads, StoreError> {
    // The clock first: whatever was committed by then is in the heads.
    let now = Timestamp::from(internal.database.now().await?);
    Ok(Heads {
        store_id: internal.store_id,
        now,
        epochs: internal.database.epochs().await?,
        shards: internal.database.heads().await?,
    })
}

#[derive(Deserialize)]
struct FeedQuery {
    #[serde(default)]
    after: u64,
    limit: Option<u32>,
}

async fn feed(
    State(internal): State<Internal>,
    Path(shard): Path<u16>,
    Query(query): Query<FeedQuery>,
) -> Response {
    if shard >= internal.shards.get() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let records_max = query
        .limit
        .unwrap_or(FEED_RECORDS_MAX)
        .clamp(1, FEED_RECORDS_MAX);
    let after = Position(query.after);
    match internal
        .database
        .log_after(Shard(shard), after, records_max, FEED_BYTES_MAX)
        .await
    {
        Ok(records) => ndjson(records),
        Err(error) => unavailable(&error),
    }
}

fn ndjson(records: Vec<LogRecord>) -> Response {
    let lines = records
        .into_iter()
        .map(|record| Ok::<_, Infallible>(line(record)));
    let body = Body::from_stream(futures::stream::iter(lines));
    ([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response()
}

/// An event that cannot be written ends the answer: the reader sees what is before it, and asks for it again.
fn line(record: LogRecord) -> Bytes {
    let written = String::from_utf8(record.data)
        .map_err(|error| error.to_string())
        .and_then(|data| RawValue::from_string(data).map_err(|error| error.to_string()))
        .and_then(|data| {
            serde_json::to_vec(&FeedRecord {
                envelope: record.envelope,
                data,
            })
            .map_err(|error| error.to_string())
        });
    match written {
        Ok(mut line) => {
            line.push(b'\n');
            line.into()
        }
        Err(error) => {
            tracing::error!(error, "a stored event is not JSON");
            Bytes::new()
        }
    }
}

fn json(value: &Heads) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_unwritable) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn unavailable(error: &StoreError) -> Response {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "an internal read failed"
    );
    (
        StatusCode::SERVICE_UNAVAILABLE,
        [(header::RETRY_AFTER, "1")],
    )
        .into_response()
}
