//! What callers sent and what they were told, to be held against the store afterwards: an acknowledged command's events
//! exist exactly once, any other's at most once, and a key that is used again gets the same answer.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures::{StreamExt, stream};
use orderfold_events::ConsistencyToken;
use orderfold_stack::clock;
use reqwest::Method;
use serde_json::Value;
use sqlx::{PgPool, Row};
use tokio::time::Instant;

use crate::client::{Answer, Client};

/// How long a command is tried under its key until somebody answers.
const PATIENCE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(50);
/// Commands that are replayed at the same time.
const REPLAYS: usize = 8;

/// One command as its caller knows it.
#[derive(Debug, Clone)]
pub struct Entry {
    pub path: String,
    pub body: Value,
    pub key: String,
    /// A word that only this command's event holds.
    pub marker: Option<String>,
    /// None: nobody ever said what became of it.
    pub answer: Option<Answer>,
}

#[derive(Default)]
pub struct Journal(Mutex<Vec<Entry>>);

impl Journal {
    pub fn entries(&self) -> Vec<Entry> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn write(&self, entry: Entry) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(entry);
    }

    /// Sends a command under its key, to one replica after the other, until one of them says what became of it.
    ///
    /// # Panics
    /// When nobody does for minutes.
    pub async fn settle(&self, replicas: &[Client], mut entry: Entry) -> Answer {
        let answer = settled(replicas, &entry).await;
        entry.answer = Some(answer.clone());
        self.write(entry);
        answer
    }

    /// Sends a command once, and leaves its caller in doubt when nobody answers.
    pub async fn send_once(&self, client: &Client, mut entry: Entry) -> Option<Answer> {
        entry.answer = attempt(client, &entry).await;
        let answer = entry.answer.clone();
        self.write(entry);
        answer
    }

    /// Everything in which the store is not what callers were told. It reads the whole log.
    ///
    /// # Panics
    /// When the store cannot be read.
    pub async fn findings(&self, pool: &PgPool) -> Vec<String> {
        let log = Log::read(pool).await;
        self.entries()
            .iter()
            .flat_map(|entry| log.broken_promises(entry))
            .collect()
    }

    /// Uses every key again: the answers have to be the same.
    ///
    /// # Panics
    /// When nobody answers for minutes.
    pub async fn replayed_differently(&self, replicas: &[Client]) -> Vec<String> {
        let answered = self
            .entries()
            .into_iter()
            .filter(|entry| entry.answer.is_some());
        stream::iter(answered)
            .map(async |entry| difference(&entry, &settled(replicas, &entry).await))
            .buffer_unordered(REPLAYS)
            .filter_map(std::future::ready)
            .collect()
            .await
    }
}

/// The first answer that says what became of a command.
///
/// # Panics
/// When nobody gives one for minutes.
pub async fn settled(replicas: &[Client], entry: &Entry) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    for client in replicas.iter().cycle() {
        if let Some(answer) = attempt(client, entry).await {
            return answer;
        }
        assert!(
            Instant::now() < deadline,
            "nobody answers {} {}",
            entry.path,
            entry.key
        );
        tokio::time::sleep(PAUSE).await;
    }
    unreachable!("there are replicas")
}

/// The answer, where it says what became of the command.
async fn attempt(client: &Client, entry: &Entry) -> Option<Answer> {
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", &*entry.key),
    ];
    let body = entry.body.to_string().into_bytes();
    let answer = client
        .try_send(Method::POST, &entry.path, &headers, body)
        .await
        .ok()?;
    let is_running = answer.json()["code"] == "idempotency_in_progress";
    (answer.status.as_u16() < 500 && answer.status.as_u16() != 429 && !is_running).then_some(answer)
}

fn difference(entry: &Entry, again: &Answer) -> Option<String> {
    let told = |answer: &Answer| {
        let mut body = answer.json();
        if let Some(members) = body.as_object_mut() {
            members.remove("request_id");
            members.remove("trace_id");
        }
        let headers = ["etag", "consistency-token"].map(|name| answer.header(name).to_owned());
        (answer.status, headers, body)
    };
    let first = entry.answer.as_ref().map(told);
    let second = told(again);
    (first.as_ref() != Some(&second))
        .then(|| format!("{}: first {first:?}, then {second:?}", entry.key))
}

/// Where an event of a stream stands.
struct Place {
    event_type: String,
    shard: u16,
    position: u64,
}

struct Log {
    by_version: HashMap<(String, u32), Place>,
    placed: Vec<String>,
}

impl Log {
    async fn read(pool: &PgPool) -> Self {
        let rows = sqlx::query(
            "select stream_id, version, type, shard, position, convert_from(data, 'UTF8') as data from event",
        )
        .fetch_all(pool)
        .await
        .expect("the log");
        let mut log = Self {
            by_version: HashMap::new(),
            placed: Vec::new(),
        };
        for row in rows {
            let event_type: String = row.get("type");
            if event_type == "orderfold.order.placed.v1" {
                log.placed.push(row.get("data"));
            }
            let version = u32::try_from(row.get::<i32, _>("version")).expect("a version");
            let place = Place {
                event_type,
                shard: u16::try_from(row.get::<i32, _>("shard")).expect("a shard"),
                position: u64::try_from(row.get::<i64, _>("position")).expect("a position"),
            };
            log.by_version
                .insert((row.get("stream_id"), version), place);
        }
        log
    }

    fn broken_promises(&self, entry: &Entry) -> Vec<String> {
        let mut found = Vec::new();
        let success = entry
            .answer
            .as_ref()
            .filter(|answer| answer.status.is_success());
        if let Some(marker) = &entry.marker {
            let times = self
                .placed
                .iter()
                .filter(|data| data.contains(marker))
                .count();
            if times > 1 || (times == 0 && success.is_some()) {
                found.push(format!(
                    "{} took effect {times} times, told {:?}",
                    entry.key, entry.answer
                ));
            }
        }
        if let Some(answer) = success {
            found.extend(
                self.missing(answer)
                    .map(|what| format!("{}: {what}", entry.key)),
            );
        }
        found
    }

    /// What an answer of success says and the log does not hold.
    fn missing(&self, answer: &Answer) -> Option<String> {
        let body = answer.json();
        let stream = match (&body["order_id"], &body["customer_id"]) {
            (Value::String(id), _) => format!("order-{id}"),
            (_, Value::String(id)) => format!("customer-{id}"),
            _ => return Some(format!("an answer about nothing: {body}")),
        };
        let mut last = None;
        for event in body["events"].as_array().into_iter().flatten() {
            let version = event["version"]
                .as_u64()
                .and_then(|v| u32::try_from(v).ok())?;
            match self.by_version.get(&(stream.clone(), version)) {
                Some(place) if event["type"] == *place.event_type => last = Some(place),
                _ => return Some(format!("{stream} lacks {event}")),
            }
        }
        let last = last?;
        let token: ConsistencyToken = answer
            .header("consistency-token")
            .parse()
            .expect("a consistency token");
        let is_there = token
            .coordinates()
            .any(|at| (at.shard.0, at.position.0) == (last.shard, last.position));
        (!is_there).then(|| format!("the token of {stream} is not its last event's"))
    }
}

/// A customer who registers.
#[must_use]
pub fn customer(name: &str) -> Entry {
    Entry {
        path: "/v1/customers".to_owned(),
        body: crate::sample::customer(name, None),
        key: format!("register-{}", clock::new_id().simple()),
        marker: None,
        answer: None,
    }
}

/// An order with a line that only this command speaks of.
#[must_use]
pub fn order(customer: &str) -> Entry {
    let marker = format!("SKU-{}", clock::new_id().simple());
    let mut body = crate::sample::order(customer);
    body["lines"][0]["sku"] = marker.clone().into();
    Entry {
        path: "/v1/orders".to_owned(),
        body,
        key: format!("place-{marker}"),
        marker: Some(marker),
        answer: None,
    }
}

/// A payment of an order, under a reference of its own.
#[must_use]
pub fn payment(order: &str) -> Entry {
    let reference = format!("ch-{}", clock::new_id().simple());
    Entry {
        path: format!("/v1/orders/{order}/payments"),
        body: serde_json::json!({"reference": reference, "amount": 1_000, "method": "card"}),
        key: format!("pay-{reference}"),
        marker: None,
        answer: None,
    }
}
