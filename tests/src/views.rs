//! The read side against the store: checkpoints never go back and never pass the log's end, a read that waited for a
//! token shows it, each order is what its last event says, and the sales are the sum of what every event changed.

use std::{collections::BTreeMap, time::Duration};

use futures::TryStreamExt;
use mongodb::{
    Client as Mongo,
    bson::{Document, doc},
    options::{ClientOptions, ReadConcern},
};
use orderfold_stack::Stack;
use serde_json::Value;
use sqlx::{PgPool, Row};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{client::Client, journal::Entry};

const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// How long views may take to reach the end of the log.
const PATIENCE: Duration = Duration::from_mins(5);
/// What an order's last event says of it, and an answer repeats.
const SUMMARY: [&str; 6] = [
    "number",
    "lifecycle",
    "payment_status",
    "fulfilment_status",
    "on_hold",
    "totals",
];
const SUMMED: [&str; 8] = [
    "gross_sales",
    "discounts",
    "cancellations",
    "net_sales",
    "adjustments",
    "taxes",
    "total_sales",
    "payments",
];

/// Looks at every checkpoint again and again.
pub struct Checkpoints {
    watching: JoinHandle<Vec<String>>,
    stop: CancellationToken,
}

impl Checkpoints {
    /// # Panics
    /// When the address is none.
    #[must_use]
    pub fn watch(mongodb_uri: String) -> Self {
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let watching = tokio::spawn(async move {
            let client = client(&mongodb_uri).await;
            let mut seen = BTreeMap::new();
            let mut found = Vec::new();
            while !stopped.is_cancelled() {
                for (id, at) in read(&client).await.unwrap_or_default() {
                    let before = seen.insert(id.clone(), at).unwrap_or_default();
                    if at < before {
                        found.push(format!("{id} went from {before:?} back to {at:?}"));
                    }
                }
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
            found
        });
        Self { watching, stop }
    }

    /// What was wrong with them.
    ///
    /// # Panics
    /// When nobody could watch.
    pub async fn findings(self) -> Vec<String> {
        self.stop.cancel();
        self.watching.await.expect("somebody who watched")
    }
}

/// Sees what stays, whichever node is the primary.
async fn client(mongodb_uri: &str) -> Mongo {
    let options = ClientOptions::parse(mongodb_uri).await;
    let mut options = options.expect("an address");
    options.read_concern = Some(ReadConcern::majority());
    Mongo::with_options(options).expect("a client")
}

/// Epoch and position of every checkpoint, but for those of builds that only serve a comparison.
async fn read(client: &Mongo) -> mongodb::error::Result<Vec<(String, (i64, i64))>> {
    let database = client.default_database().expect("a database in the URI");
    let checkpoints = database.collection::<Document>("checkpoints");
    let all: Vec<Document> = checkpoints.find(doc! {}).await?.try_collect().await?;
    let places = all.iter().map(place);
    Ok(places.filter(|(id, _)| !id.contains(".0/")).collect())
}

fn place(checkpoint: &Document) -> (String, (i64, i64)) {
    let number = |member: &str| {
        let value = checkpoint.get(member).expect("a number");
        value
            .as_i64()
            .or(value.as_i32().map(i64::from))
            .expect("a number")
    };
    let id = checkpoint.get_str("_id").expect("an id").to_owned();
    (id, (number("epoch"), number("position")))
}

/// Checkpoints beyond the end of their shard.
///
/// # Panics
/// When a store cannot be read.
pub async fn beyond_the_log(pool: &PgPool, mongodb_uri: &str) -> Vec<String> {
    let behind = behind(pool, mongodb_uri).await;
    behind
        .into_iter()
        .filter(|(_, events)| *events < 0)
        .map(|(id, events)| format!("{id} is {} events beyond the log", -events))
        .collect()
}

/// How many events each checkpoint lacks.
///
/// # Panics
/// When a store cannot be read.
pub async fn behind(pool: &PgPool, mongodb_uri: &str) -> Vec<(String, i64)> {
    // The checkpoints first: the log only grows.
    let checkpoints = read(&client(mongodb_uri).await).await;
    let checkpoints = checkpoints.expect("checkpoints");
    let heads = sqlx::query("select shard, position from shard_head")
        .fetch_all(pool)
        .await
        .expect("heads");
    let heads: BTreeMap<String, i64> = heads
        .iter()
        .map(|row| (row.get::<i32, _>("shard").to_string(), row.get("position")))
        .collect();
    checkpoints
        .into_iter()
        .map(|(id, (_, position))| {
            let shard = id.rsplit('/').next().unwrap_or_default();
            let head = heads.get(shard).copied().unwrap_or(-1);
            (id, head - position)
        })
        .collect()
}

/// Waits until every view has everything.
///
/// # Panics
/// When a store cannot be read, or a view does not get on.
pub async fn caught_up(pool: &PgPool, mongodb_uri: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut behind = behind(pool, mongodb_uri).await;
        behind.retain(|(_, events)| *events > 0);
        if behind.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "still behind: {behind:?}");
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

/// Waits until every view has everything, then has each recomputed from the log, for one customer in so many and for all
/// sums; answers what differs.
///
/// # Panics
/// When a store cannot be read, or a view does not get on.
pub async fn differing(stack: &Stack, pool: &PgPool, one_in: u32) -> Vec<String> {
    caught_up(pool, &stack.backends().mongodb_uri).await;
    let one_in = one_in.to_string();
    let verify = ["verify", "--sample", &one_in];
    match stack.run_query_service(&verify).await {
        Ok(report) => report
            .lines()
            .filter(|line| !line.ends_with(" 0 differ"))
            .map(ToOwned::to_owned)
            .collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// Reads every acknowledged order behind its token, and the sales of all of them.
///
/// # Panics
/// When a store cannot be read, or a reader is not answered.
pub async fn misread(pool: &PgPool, queries: &Client, entries: &[Entry]) -> Vec<String> {
    let mut found = Vec::new();
    let answers = entries
        .iter()
        .filter_map(|entry| entry.answer.as_ref())
        .filter(|answer| answer.status.is_success());
    for answer in answers {
        let told = answer.json();
        let Some(order) = told["order_id"].as_str() else {
            continue;
        };
        let path = format!("/v1/orders/{order}");
        let shown = queries.get_after(&path, answer).await.expect(200).json();
        if shown["version"].as_u64() < told["version"].as_u64() {
            found.push(format!("{path} waited, and shows {}", shown["version"]));
        }
    }
    let last = sqlx::query(
        "select distinct on (stream_id) stream_id, version, convert_from(data, 'UTF8') as data
           from event where stream_id like 'order-%' order by stream_id, version desc",
    )
    .fetch_all(pool)
    .await
    .expect("orders");
    for row in last {
        let (stream, version): (String, i32) = (row.get("stream_id"), row.get("version"));
        let data: Value = serde_json::from_str(row.get("data")).expect("JSON");
        let path = format!("/v1/orders/{}", stream.trim_start_matches("order-"));
        let shown = queries.get(&path).await.expect(200).json();
        if shown["version"] != version {
            found.push(format!("{path} is not at version {version}"));
        }
        let differing = SUMMARY
            .iter()
            .filter(|member| shown[**member] != data[**member]);
        found.extend(differing.map(|member| format!("{path} has another {member}")));
    }
    found.extend(missummed(pool, queries).await);
    found
}

async fn missummed(pool: &PgPool, queries: &Client) -> Vec<String> {
    let report = "/v1/reports/sales?currency=USD&interval=year&from=2000-01-01&to=2100-01-01";
    let totals = &queries.get(report).await.expect(200).json()["totals"];
    let mut found = Vec::new();
    for figure in SUMMED {
        let sum: i64 = sqlx::query_scalar(
            "select coalesce(sum((convert_from(data, 'UTF8')::jsonb -> 'change' ->> $1)::bigint), 0)::bigint
               from event where stream_id like 'order-%'",
        )
        .bind(figure)
        .fetch_one(pool)
        .await
        .expect("a sum");
        if totals[figure] != sum {
            found.push(format!(
                "sales say {figure} = {}, the log {sum}",
                totals[figure]
            ));
        }
    }
    found
}
