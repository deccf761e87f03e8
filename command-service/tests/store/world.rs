//! A store in a database of its own, and the means to make things happen in it at the same time on purpose.

use std::time::Duration;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use command_service::{
    database::{Database, DatabaseConfig, KeyDatabase, StoreIdentity},
    event_sourcing::{EventStore, Outcome, StoreError, Submission, Writers},
    internal::{self, Internal},
    sealing::{Vault, VaultKeys},
};
use futures::future::{join_all, poll_fn};
use orderfold_events::{CustomerId, Shard, ShardCount};
use orderfold_stack::TestServers;
use sqlx::{Connection, PgConnection};
use tokio::time::Instant;
use tower::ServiceExt;

use crate::submissions::{Customer, new_id};

pub const CLAIM_KEY: &[u8] = b"a key of at least thirty-two bytes";
/// 32 bytes.
pub const VIEW_KEY: &str = "dmlldyBrZXkgb2YgdGhpcnR5LXR3byBieXRlcyAhISE=";
pub const TOKEN: &str = "the internal token";
/// Four shards: 0 and 2 have the first writer, 1 and 3 the second.
pub const SHARDS: u16 = 4;
/// How long anything may take that is awaited here.
pub const LIMIT: Duration = Duration::from_mins(1);

pub type Fate = Result<Outcome, StoreError>;

pub struct World {
    pub config: DatabaseConfig,
    pub database: Database,
    pub identity: StoreIdentity,
    pub store: EventStore,
    pub writers: Writers,
    url: String,
}

impl World {
    pub async fn new() -> Self {
        Self::at(TestServers::shared().fresh_database().await.unwrap()).await
    }

    /// A new store in the empty database at this URL.
    pub async fn at(url: String) -> Self {
        let config = DatabaseConfig {
            url: url.clone().into(),
        };
        config.migrate().await.unwrap();
        let database = config.open().unwrap();
        let asked = StoreIdentity {
            store_id: new_id(),
            shards: ShardCount::new(SHARDS).unwrap(),
        };
        let identity = database.create_store(asked, CLAIM_KEY).await.unwrap();
        let writers = Writers::default();
        let store = writers.start(&config, database.clone(), identity.shards);
        Self {
            config,
            database,
            identity,
            store,
            writers,
            url,
        }
    }

    /// Another replica on the same store: connections and queues of its own.
    pub fn replica(&self) -> EventStore {
        Writers::default().start(
            &self.config,
            self.config.open().unwrap(),
            self.identity.shards,
        )
    }

    /// Another replica, whose writers go through another port.
    pub fn replica_through(&self, port: u16) -> EventStore {
        self.mortal_replica_through(port).0
    }

    /// The same, with what it takes to end it.
    pub fn mortal_replica_through(&self, port: u16) -> (EventStore, Writers) {
        let url = self
            .url
            .replace(&self.address(), &format!("127.0.0.1:{port}"));
        let config = DatabaseConfig { url: url.into() };
        let writers = Writers::default();
        let store = writers.start(&config, self.database.clone(), self.identity.shards);
        (store, writers)
    }

    /// Host and port of the database.
    pub fn address(&self) -> String {
        let (_, after) = self.url.rsplit_once('@').unwrap();
        after.split_once('/').unwrap().0.to_owned()
    }

    pub fn customer(&self, shard: u16) -> Customer {
        std::iter::repeat_with(|| CustomerId(new_id()))
            .map(|id| Customer {
                id,
                shard: self.store.shard_of(id),
            })
            .find(|customer| customer.shard == Shard(shard))
            .unwrap()
    }

    pub async fn connection(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }

    pub async fn execute(&self, sql: &'static str) -> u64 {
        sqlx::query(sql)
            .execute(self.database.pool())
            .await
            .unwrap()
            .rows_affected()
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql)
            .fetch_one(self.database.pool())
            .await
            .unwrap()
    }

    /// Holds a shard's head, as a slow append of another replica would.
    pub async fn hold(&self, shard: u16) -> Held {
        let mut connection = self.connection().await;
        sqlx::raw_sql("begin")
            .execute(&mut connection)
            .await
            .unwrap();
        sqlx::query("select 1 from shard_head where shard = $1 for update")
            .bind(i32::from(shard))
            .execute(&mut connection)
            .await
            .unwrap();
        let process = sqlx::query_scalar("select pg_backend_pid()")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        Held {
            connection,
            process,
        }
    }

    pub async fn somebody_waits_for(&self, held: &Held) {
        let deadline = Instant::now() + LIMIT;
        let waiting = "select exists (select from pg_stat_activity
                                       where datname = current_database() and $1 = any (pg_blocking_pids(pid)))";
        let waits = || {
            sqlx::query_scalar::<_, bool>(waiting)
                .bind(held.process)
                .fetch_one(self.database.pool())
        };
        while !waits().await.unwrap() {
            assert!(Instant::now() < deadline, "nobody waits for it");
            tokio::task::yield_now().await;
        }
    }

    /// Submits all of them so that they are in one batch, in this order. All have to be of shards of one writer.
    pub async fn together(&self, submissions: Vec<Submission>) -> Vec<Fate> {
        let shard = submissions[0].shard.0;
        let held = self.hold(shard).await;
        let plug = self.customer(shard);
        let first = self.store.submit(plug.looks_at(plug.stream(), 0), soon());
        let rest = async {
            self.somebody_waits_for(&held).await;
            let mut all = Box::pin(join_all(
                submissions
                    .into_iter()
                    .map(|submission| self.store.submit(submission, soon())),
            ));
            // The first poll puts every one into the queue.
            let pending =
                poll_fn(|cx| std::task::Poll::Ready(all.as_mut().poll(cx).is_pending())).await;
            assert!(pending, "the writer was not held");
            held.release().await;
            all.await
        };
        let (plugged, fates) = tokio::join!(first, rest);
        assert!(
            matches!(plugged, Ok(Outcome::Accepted { .. })),
            "{plugged:?}"
        );
        fates
    }

    /// Ends this replica and all its connections.
    pub async fn leave(self) {
        drop(self.store);
        self.writers.tasks.close();
        self.writers.tasks.wait().await;
        self.database.pool().close().await;
    }

    pub fn internal(&self) -> Router {
        internal::router(Internal {
            database: self.database.clone(),
            store_id: self.identity.store_id,
            shards: self.identity.shards,
            vault: self.vault(),
            token: TOKEN.into(),
        })
    }

    /// A database for the keys of this store, of its own.
    pub async fn safe(&self) -> (DatabaseConfig, KeyDatabase) {
        let url = TestServers::shared().fresh_database().await.unwrap();
        let config = DatabaseConfig { url: url.into() };
        let keys = KeyDatabase::open(&config).unwrap();
        let store_id = self.identity.store_id;
        keys.migrate(&config, store_id).await.unwrap();
        (config, keys)
    }

    /// A vault over a database that was not made: for what asks no key.
    pub fn vault(&self) -> Vault {
        Vault::new(KeyDatabase::open(&self.config).unwrap(), vault_keys(1))
    }

    /// Asks the internal endpoints.
    pub async fn ask(&self, path: &str, authorization: Option<&str>) -> (StatusCode, Vec<u8>) {
        let mut request = Request::get(path);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(Body::empty()).unwrap();
        let response = self.internal().oneshot(request).await.unwrap();
        let status = response.status();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, body.to_vec())
    }

    pub async fn ask_well(&self, path: &str) -> Vec<u8> {
        let (status, body) = self.ask(path, Some(&format!("Bearer {TOKEN}"))).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        body
    }
}

/// Keys of the configuration, the master key of this byte.
pub fn vault_keys(master: u8) -> VaultKeys {
    let master = STANDARD.encode([master; 32]);
    VaultKeys::parse(&master.into(), &VIEW_KEY.into()).unwrap()
}

/// A transaction that is open until it is released.
pub struct Held {
    pub connection: PgConnection,
    process: i32,
}

impl Held {
    /// Answers a key, as another call would that has not committed yet.
    pub async fn use_key(&mut self, key: [u8; 32]) {
        sqlx::query(
            "insert into idempotency
             values ($1, $2, false, 201, '', null, null, 1, 1, 0, clock_timestamp())",
        )
        .bind(key.as_slice())
        .bind([1_u8; 32].as_slice())
        .execute(&mut self.connection)
        .await
        .unwrap();
    }

    pub async fn release(mut self) {
        sqlx::raw_sql("commit")
            .execute(&mut self.connection)
            .await
            .unwrap();
    }

    pub async fn abandon(mut self) {
        sqlx::raw_sql("rollback")
            .execute(&mut self.connection)
            .await
            .unwrap();
    }
}

/// A deadline that nothing should reach.
pub fn soon() -> Instant {
    Instant::now() + LIMIT
}

pub fn position(fate: &Fate) -> u64 {
    match fate {
        Ok(Outcome::Accepted { coordinate, .. }) => coordinate.position.0,
        other => panic!("not accepted: {other:?}"),
    }
}

pub fn accepted(fate: &Fate) -> bool {
    matches!(fate, Ok(Outcome::Accepted { .. }))
}

pub fn stale(fate: &Fate) -> bool {
    matches!(fate, Ok(Outcome::Stale))
}

pub fn taken(fate: &Fate) -> bool {
    matches!(fate, Ok(Outcome::Taken { .. }))
}
