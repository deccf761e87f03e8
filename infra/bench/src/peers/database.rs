//! A database of the peers' own, on the same server and with the service's own schema.

use std::str::FromStr;

use orderfold_stack::{Result, StackError};
use sqlx::{
    AssertSqlSafe, PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::stage::store_error;

static SCHEMA: Migrator = sqlx::migrate!("../../command-service/migrations");
const NAME: &str = "peers";
pub const SHARDS: i32 = 32;
/// Orders that are there for payments: streams `order-1` and so on.
pub const ORDERS: i32 = 5_000;

pub struct PeerDatabase {
    pub url: String,
    pub pool: PgPool,
}

impl PeerDatabase {
    /// # Errors
    /// When the server refuses.
    pub async fn create(store_url: &str, store: &PgPool) -> Result<Self> {
        sqlx::query(AssertSqlSafe(format!(
            "create database {NAME} template template0"
        )))
        .execute(store)
        .await
        .map_err(store_error)?;
        let options = PgConnectOptions::from_str(store_url)
            .map_err(store_error)?
            .database(NAME);
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await
            .map_err(store_error)?;
        SCHEMA
            .run(&pool)
            .await
            .map_err(|error| StackError::failed("give the peers the service's schema", error))?;
        prepare(&pool).await.map_err(store_error)?;
        let (server, _database) = store_url.rsplit_once('/').unwrap_or((store_url, ""));
        Ok(Self {
            url: format!("{server}/{NAME}"),
            pool,
        })
    }
}

async fn prepare(pool: &PgPool) -> std::result::Result<(), sqlx::Error> {
    sqlx::query(
        "insert into shard_head (shard) select generate_series(0, $1 - 1) on conflict do nothing",
    )
    .bind(SHARDS)
    .execute(pool)
    .await?;
    sqlx::query("insert into stream (stream_id, shard, version) select 'order-' || n, n % $1, 1 from generate_series(1, $2) n")
        .bind(SHARDS)
        .bind(ORDERS)
        .execute(pool)
        .await?;
    sqlx::query("vacuum analyze").execute(pool).await?;
    Ok(())
}
