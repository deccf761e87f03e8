//! A system of its own with callers at work, and the proof that it kept its promises.

use std::time::Duration;

use futures::future::join_all;
use orderfold_stack::{ServersFor, StackOptions, Unit};
use orderfold_system_tests::{
    checker,
    client::{Answer, Client},
    journal::{self, Entry, Journal},
    log,
    shop::{Shop, text},
    views,
};
use serde_json::Value;
use sqlx::{Connection, PgConnection, PgPool, postgres::PgPoolOptions};
use tokio::time::Instant;

/// How long anything may take that is awaited here.
pub const LIMIT: Duration = Duration::from_mins(2);
/// After so long a caller turns to another replica.
const PATIENCE: Duration = Duration::from_secs(5);
pub const PAUSE: Duration = Duration::from_millis(50);
const CUSTOMERS: usize = 6;

pub struct World {
    pub shop: Shop,
    pub pool: PgPool,
    pub customers: Vec<String>,
    pub replicas: Vec<Client>,
}

impl World {
    /// Two command services and one query service on servers of their own.
    pub async fn open() -> Self {
        Self::of(StackOptions {
            command_replicas: 2,
            ..StackOptions::default()
        })
        .await
    }

    /// The same composed otherwise.
    pub async fn of(options: StackOptions) -> Self {
        let options = StackOptions {
            servers: ServersFor::ThisTest,
            ..options
        };
        let shop = Shop::open(options).await;
        let pool = PgPoolOptions::new()
            .acquire_timeout(LIMIT)
            .connect_lazy(&shop.stack.backends().database_url)
            .unwrap();
        let urls = shop.stack.command_urls();
        let replicas: Vec<_> = urls
            .iter()
            .map(|url| shop.commands.at(url, PATIENCE))
            .collect();
        let mut customers = Vec::new();
        for n in 0..CUSTOMERS {
            let customer = journal::customer(&format!("Customer {n}"));
            let registered = journal::settled(&replicas, &customer).await.expect(201);
            customers.push(text(&registered.json()["customer_id"]));
        }
        Self {
            shop,
            pool,
            customers,
            replicas,
        }
    }

    /// Places so many orders side by side and pays each; every command is tried until somebody answers.
    pub async fn trade(&self, journal: &Journal, orders: usize) -> Vec<Answer> {
        let trades = (0..orders).map(async |n| {
            let mut replicas = self.replicas.clone();
            replicas.rotate_left(n % self.replicas.len());
            let order = journal::order(&self.customers[n % self.customers.len()]);
            let placed = journal.settle(&replicas, order).await.expect(201);
            let payment = journal::payment(&text(&placed.json()["order_id"]));
            journal.settle(&replicas, payment).await.expect(200);
            placed
        });
        join_all(trades).await
    }

    /// A new command about the customer of that number.
    pub fn order(&self, n: usize) -> Entry {
        journal::order(&self.customers[n % self.customers.len()])
    }

    /// The command service of that number.
    pub fn command(&self, replica: usize) -> &Unit {
        self.shop.stack.command(replica).unwrap()
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// A transaction of its own that has run this.
    pub async fn hold(&self, sql: &'static str) -> PgConnection {
        let url = &self.shop.stack.backends().database_url;
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql("begin")
            .execute(&mut connection)
            .await
            .unwrap();
        sqlx::query(sql).execute(&mut connection).await.unwrap();
        connection
    }

    pub async fn until(&self, what: &str, sql: &'static str) {
        until(what, async || self.count(sql).await > 0).await;
    }

    pub async fn drained(&self) {
        let drained =
            "select (not exists (select from shard_head h join relay_progress r using (shard)
                                            where h.position <> r.position))::int::bigint";
        self.until("everything is on Kafka", drained).await;
    }

    /// The number of the replica that publishes.
    pub async fn leader(&self) -> usize {
        let urls = self.shop.stack.command_admin_urls();
        let deadline = Instant::now() + LIMIT;
        loop {
            for (n, url) in urls.iter().enumerate() {
                let metrics = self.shop.commands.at(url, PATIENCE).get("/metrics").await;
                if metrics.text.contains("\norderfold_relay_leader 1") {
                    return n;
                }
            }
            assert!(Instant::now() < deadline, "nobody publishes");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits for what a replica says of its readiness.
    pub async fn ready_when(
        &self,
        what: &str,
        replica: usize,
        holds: impl Fn(u16, &Value) -> bool,
    ) {
        let url = &self.shop.stack.command_admin_urls()[replica];
        let deadline = Instant::now() + LIMIT;
        loop {
            let answer = self.shop.commands.at(url, PATIENCE).get("/readyz").await;
            if holds(answer.status.as_u16(), &answer.json()) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "waited in vain until {what}: {answer:?}"
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    pub fn records(&self) -> Vec<log::Record> {
        let backends = self.shop.stack.backends();
        log::read(&backends.kafka_brokers, &backends.kafka_topic)
    }

    /// The log is whole, Kafka holds it, and everybody was told the truth.
    pub async fn prove(&self, journals: &[&Journal]) {
        self.drained().await;
        checker::check_store(&self.pool).await;
        log::check_log(&self.pool, &self.records()).await;
        for journal in journals {
            let found = journal.findings(&self.pool).await;
            assert!(found.is_empty(), "{found:#?}");
        }
        let uri = &self.shop.stack.backends().mongodb_uri;
        let beyond = views::beyond_the_log(&self.pool, uri).await;
        assert!(beyond.is_empty(), "{beyond:#?}");
    }

    /// Waits until every view has everything.
    pub async fn caught_up(&self) {
        views::caught_up(&self.pool, &self.shop.stack.backends().mongodb_uri).await;
    }

    /// Every key is used again, and every order is read.
    pub async fn prove_answers(&self, journal: &Journal) {
        let before = checker::contents(&self.pool).await;
        let other = journal.replayed_differently(&self.replicas).await;
        assert!(other.is_empty(), "{other:#?}");
        assert_eq!(checker::contents(&self.pool).await, before);
        // A consumer that lost its brokers has a way back of its own, longer than a read may wait.
        self.caught_up().await;
        let misread = views::misread(&self.pool, &self.shop.queries, &journal.entries()).await;
        assert!(misread.is_empty(), "{misread:#?}");
    }
}

pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !holds().await {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

pub async fn kill_and_start(unit: &Unit) {
    unit.kill().await.unwrap();
    unit.start().await.unwrap();
}
