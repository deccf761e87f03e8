//! The system that is measured: a stack of its own with the services in the release profile, customers to order for, and
//! a look into its store.

use std::time::Duration;

use orderfold_stack::{
    Principal, Progress, Result, Stack, StackError, StackOptions, Unit,
    error::Doing,
    services::Profile,
    stack::ServersFor,
    wait::{self, Seen},
};
use serde_json::{Value, json};
use sqlx::{PgPool, Row, postgres::PgPoolOptions};
use uuid::Uuid;

use crate::load::{self, Api, Shot};

/// Spread over the shards, and enough that callers seldom meet at one.
const CUSTOMERS: usize = 1_000;
const RELAY_LIMIT: Duration = Duration::from_mins(10);

/// A customer, and where it lives.
#[derive(Debug, Clone, Copy)]
pub struct Customer {
    pub id: Uuid,
    pub shard: i32,
}

pub struct Stage {
    pub stack: Stack,
    pub store: PgPool,
    pub api: Api,
    pub customers: Vec<Customer>,
    /// Resident memory of the service before it had anything to do.
    pub idle_kib: u64,
}

impl Stage {
    /// # Errors
    /// When the system does not come up.
    pub async fn set(query_replicas: u16, progress: &Progress) -> Result<Self> {
        let options = StackOptions {
            servers: ServersFor::ThisTest,
            query_replicas,
            profile: profile(),
            ..StackOptions::default()
        };
        let stack = Stack::start_showing(options, progress).await?;
        let url = stack.command_urls().concat();
        let api = Api::new(&url, &stack.token(Principal::Service)?)?;
        let store = PgPoolOptions::new()
            .max_connections(2)
            .connect(&stack.backends().database_url)
            .await
            .map_err(store_error)?;
        let idle_kib = resident_kib(stack.command(0)?)?;
        let step = progress.step(format!("registering {CUSTOMERS} customers"));
        register_customers(&api).await?;
        step.done();
        let customers = customers(&store).await?;
        Ok(Self {
            stack,
            store,
            api,
            customers,
            idle_kib,
        })
    }

    pub fn service(&self) -> Result<&Unit> {
        self.stack.command(0)
    }

    /// How many events of a type the store holds.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn stored(&self, event_type: &str) -> Result<u64> {
        count(&self.store, event_type).await
    }

    /// Transactions that the store's database has committed so far, and bytes of its log: each statement of the
    /// service is a transaction of its own.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn committed(&self) -> Result<(u64, u64)> {
        let row = sqlx::query(
            "select xact_commit as transactions, (pg_current_wal_lsn() - '0/0')::bigint as bytes
               from pg_stat_database where datname = current_database()",
        )
        .fetch_one(&self.store)
        .await
        .map_err(store_error)?;
        let figure = |name| row.try_get::<i64, _>(name).map_err(store_error);
        let whole = |figure: i64| u64::try_from(figure).unwrap_or(0);
        Ok((whole(figure("transactions")?), whole(figure("bytes")?)))
    }

    /// Waits until every event is on Kafka, so that one measurement does not pay for the one before.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn relayed(&self) -> Result<()> {
        wait::until(
            "the relay to have published everything",
            RELAY_LIMIT,
            || async {
                match self.relay_lag().await {
                    Ok((0, _)) => Seen::Done(()),
                    Ok((lag, _)) => Seen::NotYet(format!("{lag} events behind")),
                    Err(error) => Seen::Never(error),
                }
            },
        )
        .await
    }

    /// Events not yet known to be on Kafka, and those that are.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn relay_lag(&self) -> Result<(u64, u64)> {
        let row = sqlx::query(
            "select (select sum(position)::bigint from shard_head) as stored,
                    (select sum(position)::bigint from relay_progress) as published",
        )
        .fetch_one(&self.store)
        .await
        .map_err(store_error)?;
        let figure = |name| row.try_get::<i64, _>(name).map_err(store_error);
        let (stored, published) = (figure("stored")?, figure("published")?);
        let published = u64::try_from(published).unwrap_or(0);
        Ok((
            u64::try_from(stored).unwrap_or(0).saturating_sub(published),
            published,
        ))
    }
}

/// The services are built as this program is, so that a trial run of it needs no second build of everything.
pub fn profile() -> Profile {
    if cfg!(debug_assertions) {
        Profile::Development
    } else {
        Profile::Release
    }
}

pub fn store_error(error: sqlx::Error) -> StackError {
    StackError::failed("ask the database", error)
}

/// # Errors
/// When the database does not answer.
pub async fn count(pool: &PgPool, event_type: &str) -> Result<u64> {
    let count: i64 = sqlx::query_scalar("select count(*) from event where type = $1")
        .bind(event_type)
        .fetch_one(pool)
        .await
        .map_err(store_error)?;
    Ok(u64::try_from(count).unwrap_or(0))
}

async fn register_customers(api: &Api) -> Result<()> {
    let body: Value = json!({
        "name": "Claire Gute", "phone": "+12025550143", "language": "en-US",
        "addresses": [{
            "label": "home", "default_shipping": true, "default_billing": true, "name": "Claire Gute",
            "line1": "1 Main St", "city": "Henderson", "region": "KY", "postal_code": "42420", "country": "US",
        }],
    });
    let shot = || Shot::post("/v1/customers", body.to_string());
    load::each(api, (0..CUSTOMERS).map(|_| shot())).await
}

async fn customers(store: &PgPool) -> Result<Vec<Customer>> {
    let rows = sqlx::query(
        "select customer_id, shard from event where type = 'orderfold.customer.registered.v1'",
    )
    .fetch_all(store)
    .await
    .map_err(store_error)?;
    let customer = |row: &sqlx::postgres::PgRow| {
        Ok(Customer {
            id: row.try_get("customer_id")?,
            shard: row.try_get("shard")?,
        })
    };
    rows.iter()
        .map(|row| customer(row).map_err(store_error))
        .collect()
}

/// The resident memory of a running unit.
///
/// # Errors
/// When it does not run.
pub fn resident_kib(unit: &Unit) -> Result<u64> {
    memory_kib(unit, "VmRSS:")
}

/// The most that it had resident since it was started.
///
/// # Errors
/// When it does not run.
pub fn peak_kib(unit: &Unit) -> Result<u64> {
    memory_kib(unit, "VmHWM:")
}

fn memory_kib(unit: &Unit, label: &str) -> Result<u64> {
    let not_running =
        || StackError::failed("read its memory", format!("{} does not run", unit.name()));
    let pid = unit.pid().ok_or_else(not_running)?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))
        .doing(|| format!("read the memory of {}", unit.name()))?;
    kib_of(&status, label).ok_or_else(not_running)
}

fn kib_of(status: &str, label: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(label))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_memory_is_read_from_what_linux_says() {
        let status = "VmPeak:\t 9 kB\nVmHWM:\t  2345 kB\nVmRSS:\t  1234 kB\nThreads:\t3";
        assert_eq!(kib_of(status, "VmRSS:"), Some(1234));
        assert_eq!(kib_of(status, "VmHWM:"), Some(2345));
        assert_eq!(kib_of("Name:\tzombie", "VmRSS:"), None);
    }
}
