//! The command service's internal endpoints over a history in memory.

use std::{
    collections::BTreeSet,
    fmt::Write,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use orderfold_events::{
    CustomerId, Epoch, Event, EventId, Position, SealingKey, Shard,
    customer::CustomerEvent,
    internal::{
        EpochStart, FeedRecord, Head, Heads, KeyAnswer, KeyState, KeysAnswer, KeysQuestion,
    },
};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::history::{History, Recorded, key_of};

pub const TOKEN: &str = "internal";
/// 32 bytes.
pub const VIEW_KEY: &str = "dmlldyBrZXkgb2YgdGhpcnR5LXR3byBieXRlcyAhISE=";

/// What the store says; tests change it at will.
#[derive(Debug)]
pub struct Store {
    pub id: Uuid,
    pub history: History,
    pub forks: Vec<EpochStart>,
    /// How many pages of the feed were asked for.
    pub pages: usize,
    /// An event that the feed cannot give.
    pub garbled: Option<EventId>,
    /// Customers whose keys are not there yet.
    pub unknown: BTreeSet<CustomerId>,
    /// How often keys were asked for.
    pub questions: usize,
}

impl Store {
    /// A store with one history in every shard.
    pub fn new(history: History) -> Self {
        Self {
            id: Uuid::from_u128(1),
            forks: first_epochs(history.shards.shards()),
            history,
            pages: 0,
            garbled: None,
            unknown: BTreeSet::new(),
            questions: 0,
        }
    }
}

pub type SharedStore = Arc<Mutex<Store>>;

/// Serves the store and answers its base URL.
pub async fn serve(store: SharedStore) -> String {
    let router = Router::new()
        .route("/internal/heads", get(heads))
        .route("/internal/feed/{shard}", get(feed))
        .route("/internal/keys", post(keys))
        .with_state(store);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

fn is_allowed(headers: &HeaderMap) -> bool {
    headers
        .get(header::AUTHORIZATION)
        .is_some_and(|value| value.as_bytes() == format!("Bearer {TOKEN}").as_bytes())
}

async fn heads(State(store): State<SharedStore>, headers: HeaderMap) -> Result<String, StatusCode> {
    if !is_allowed(&headers) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let store = store.lock().unwrap();
    let heads = Heads {
        store_id: store.id,
        now: "2030-01-01T00:00:00.000Z".parse().unwrap(),
        shards: store
            .history
            .shards
            .shards()
            .map(|shard| {
                let (position, last_event_id) = store.history.head(shard);
                Head {
                    shard,
                    epoch: Epoch::FIRST,
                    position,
                    last_event_id,
                    last_recorded_at: None,
                }
            })
            .collect(),
        epochs: store.forks.clone(),
    };
    Ok(serde_json::to_string(&heads).unwrap())
}

#[derive(Deserialize)]
struct Page {
    after: u64,
    limit: usize,
}

async fn feed(
    State(store): State<SharedStore>,
    Path(shard): Path<u16>,
    Query(page): Query<Page>,
    headers: HeaderMap,
) -> Result<String, StatusCode> {
    if !is_allowed(&headers) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let mut store = store.lock().unwrap();
    store.pages += 1;
    let garbled = store.garbled;
    let mut lines = String::new();
    for Recorded { envelope, data, .. } in store
        .history
        .log
        .iter()
        .filter(|recorded| recorded.envelope.coordinate.shard == Shard(shard))
        .filter(|recorded| recorded.envelope.coordinate.position > Position(page.after))
        .take(page.limit)
    {
        let record = FeedRecord {
            envelope: envelope.clone(),
            data: RawValue::from_string(String::from_utf8(data.clone()).unwrap()).unwrap(),
        };
        let line = serde_json::to_string(&record).unwrap();
        let is_garbled = garbled == Some(envelope.event_id);
        writeln!(lines, "{}", if is_garbled { "{}" } else { &line }).unwrap();
    }
    Ok(lines)
}

/// The keys of customers who are not erased.
async fn keys(
    State(store): State<SharedStore>,
    headers: HeaderMap,
    body: String,
) -> Result<String, StatusCode> {
    if !is_allowed(&headers) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let question: KeysQuestion = serde_json::from_str(&body).unwrap();
    let shared = STANDARD.decode(VIEW_KEY).unwrap();
    let shared = SealingKey::derive(&shared, SealingKey::SHARED_WRAPPING);
    let mut store = store.lock().unwrap();
    store.questions += 1;
    let state = |customer: CustomerId| {
        let erased = |recorded: &Recorded| {
            matches!(recorded.event, Event::Customer(CustomerEvent::Erased(_)))
                && recorded.event.customer_id() == customer
        };
        if store.unknown.contains(&customer) {
            KeyState::Unknown
        } else if store.history.log.iter().any(erased) {
            KeyState::Erased
        } else {
            let wrapped = shared.wrap(customer, &key_of(customer), [5; 12]).unwrap();
            KeyState::Known { wrapped }
        }
    };
    let keys = question.customers.into_iter().map(|customer_id| KeyAnswer {
        customer_id,
        state: state(customer_id),
    });
    let keys = keys.collect();
    Ok(serde_json::to_string(&KeysAnswer { keys }).unwrap())
}

/// One history in every shard.
fn first_epochs(shards: impl Iterator<Item = Shard>) -> Vec<EpochStart> {
    shards
        .map(|shard| EpochStart {
            shard,
            epoch: Epoch::FIRST,
            from_position: Position(1),
        })
        .collect()
}
