//! What the query service asks of this one: where the log ends, and any part of it again. On the admin port only, and
//! only for whoever knows the internal token.

use axum::{
    Router,
    extract::{Path, Query, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use orderfold_events::{
    Position, Shard, ShardCount, Timestamp,
    internal::{FeedRecord, Heads, KeysAnswer, KeysQuestion},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{
    database::{Database, LogRecord},
    event_sourcing::StoreError,
    sealing::Vault,
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
    pub vault: Vault,
    pub token: SecretString,
}

/// The routes, to be merged into those of the admin port.
pub fn router(internal: Internal) -> Router {
    Router::new()
        .route("/internal/heads", get(heads))
        .route("/internal/feed/{shard}", get(feed))
        .route("/internal/keys", post(keys))
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
        Err(error) => failed(&error),
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
        .log_after(&[(Shard(shard), after)], records_max, FEED_BYTES_MAX)
        .await
    {
        Ok(records) => ndjson(records),
        Err(error) => failed(&error),
    }
}

/// The keys of some customers, wrapped for the query service.
async fn keys(State(internal): State<Internal>, body: Bytes) -> Response {
    let Ok(KeysQuestion { customers }) = serde_json::from_slice(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    if customers.len() > KeysQuestion::CUSTOMERS_MAX {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    match internal.vault.answer(&customers).await {
        Ok(keys) => json(&KeysAnswer { keys }),
        Err(error) => failed(&error),
    }
}

fn ndjson(records: Vec<LogRecord>) -> Response {
    (
        [(header::CONTENT_TYPE, "application/x-ndjson")],
        lines(records),
    )
        .into_response()
}

/// What can be written, up to the first event that cannot: nothing may follow a hole. The reader asks for that one
/// again, and stops there.
fn lines(records: Vec<LogRecord>) -> Vec<u8> {
    let mut text = Vec::new();
    for record in records {
        let coordinate = record.envelope.coordinate;
        match line(record) {
            Ok(line) => {
                text.extend_from_slice(&line);
                text.push(b'\n');
            }
            Err(error) => {
                let error = &*error;
                tracing::error!(error, ?coordinate, "a stored event is not JSON");
                break;
            }
        }
    }
    text
}

fn line(record: LogRecord) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let data = RawValue::from_string(String::from_utf8(record.data.into())?)?;
    Ok(serde_json::to_vec(&FeedRecord {
        envelope: record.envelope,
        data,
    })?)
}

fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(_unwritable) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn failed(error: &StoreError) -> Response {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "an internal read failed"
    );
    if matches!(error, StoreError::Corrupt(_)) {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let retry_after = [(header::RETRY_AFTER, "1")];
    (StatusCode::SERVICE_UNAVAILABLE, retry_after).into_response()
}

#[cfg(test)]
mod tests {
    use orderfold_events::{
        Actor, Coordinate, CustomerId, Envelope, Epoch, EventId, StreamId, Version,
    };

    use super::*;

    fn record(position: u64, data: &[u8]) -> LogRecord {
        let customer = CustomerId(Uuid::from_u128(1));
        let time: Timestamp = "2026-01-01T00:00:00.000Z".parse().unwrap();
        let envelope = Envelope {
            event_id: EventId(Uuid::from_u128(u128::from(position))),
            event_type: "orderfold.customer.registered.v1".to_owned(),
            stream: StreamId::Customer(customer),
            version: Version(1),
            coordinate: Coordinate {
                epoch: Epoch::FIRST,
                shard: Shard(0),
                position: Position(position),
            },
            previous_id: EventId::NIL,
            occurred_at: time,
            recorded_at: time,
            correlation_id: Uuid::nil(),
            causation_id: Uuid::nil(),
            actor: Actor("service:x".to_owned()),
            traceparent: None,
        };
        LogRecord {
            envelope,
            customer,
            data: data.to_vec().into(),
        }
    }

    #[test]
    fn nothing_follows_an_event_that_cannot_be_written() {
        let text = lines(vec![
            record(1, b"{\"a\":1}"),
            record(2, b"{"),
            record(3, b"{}"),
        ]);
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(
            text.contains("\"data\":{\"a\":1}"),
            "the very bytes: {text}"
        );
    }
}
