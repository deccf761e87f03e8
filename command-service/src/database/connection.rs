//! Connections: a pool for reading, and settings for connections that write.

use std::{str::FromStr, time::Duration};

use futures::future::try_join_all;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::{Database, order_numbers::OrderNumbers, seen::Seen};
use crate::event_sourcing::StoreError;

const CONNECTIONS_MAX: u32 = 16;
/// How long a reader waits for a connection, a new one included.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(6);
/// How long a reader waits for an answer, the connection included: a server that is frozen or cut off says nothing.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(8);

/// Where the database is; the URL holds its password.
#[derive(Clone)]
pub struct DatabaseConfig {
    pub url: SecretString,
}

impl DatabaseConfig {
    /// Without limits of time: for what runs once and alone.
    pub(super) fn options(&self) -> Result<PgConnectOptions, sqlx::Error> {
        Ok(PgConnectOptions::from_str(self.url.expose_secret())?.application_name("orderfold"))
    }

    pub(super) fn reader(&self) -> Result<PgConnectOptions, sqlx::Error> {
        // Nobody waits longer for it, and plans made while the tables were empty are not to be trusted.
        Ok(self
            .options()?
            .options([("statement_timeout", "8s"), ("enable_seqscan", "off")]))
    }

    /// A writer waits neither for a lock nor for a statement without end, stops working for a client that is gone,
    /// and never trusts plans that were made while the tables were empty. Each statement of the append has to see
    /// what was committed while the one before it waited. It is the same statements by the same keys whatever the batch
    /// holds: to plan them anew for every batch takes longer than to run them.
    pub(super) fn writer(&self) -> Result<PgConnectOptions, sqlx::Error> {
        Ok(self.options()?.options([
            ("default_transaction_isolation", "read committed"),
            ("enable_seqscan", "off"),
            ("plan_cache_mode", "force_generic_plan"),
            ("lock_timeout", "2s"),
            ("statement_timeout", "10s"),
            ("idle_in_transaction_session_timeout", "10s"),
            ("client_connection_check_interval", "1s"),
        ]))
    }

    /// Opens the database; connections are made when they are first needed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the URL cannot be read.
    pub fn open(&self) -> Result<Database, StoreError> {
        Ok(Database {
            order_numbers: OrderNumbers::default(),
            seen: Seen::default(),
            pool: self.pool(CONNECTIONS_MAX)?,
        })
    }

    pub(super) fn pool(&self, connections_max: u32) -> Result<PgPool, StoreError> {
        let options = self
            .reader()
            .map_err(|error| StoreError::Unavailable(Some(error)))?;
        Ok(PgPoolOptions::new()
            .max_connections(connections_max)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // Once open, connections stay: see `warm_up`.
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(options))
    }
}

impl Database {
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Opens all connections, so that no command has to wait for one.
    pub async fn warm_up(&self) {
        warm_up(&self.pool).await;
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        answered(sqlx::query("select 1").execute(&self.pool)).await?;
        Ok(())
    }
}

/// Opens all connections of a pool before there is work for them. The driver gives way to other tasks hundreds of times
/// while it proves its password, so that a connection that is opened under load takes seconds. Those that do not come
/// now are opened when they are needed.
pub(super) async fn warm_up(pool: &PgPool) {
    let connections = (0..pool.options().get_max_connections()).map(|_| pool.acquire());
    if let Err(error) = answered(try_join_all(connections)).await {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "not all connections were opened ahead");
    }
}

/// Waits for an answer, but not for ever.
pub(super) async fn answered<T>(
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(ANSWER_TIMEOUT, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_elapsed) => Err(StoreError::Unavailable(None)),
    }
}

impl From<sqlx::Error> for StoreError {
    /// A read that fails can be tried again, whatever the reason, except where a row is not what it should be.
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnNotFound(_) => Self::Corrupt(Box::new(error)),
            other => Self::Unavailable(Some(other)),
        }
    }
}
