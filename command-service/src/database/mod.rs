//! PostgreSQL: the only place that names a table. It speaks in rows and in the types of the log, and knows no rule.

mod append;
mod batch;
mod connection;
mod erasures;
mod history;
mod housekeeping;
mod identity;
mod keys;
mod log;
mod order_numbers;
mod relay;
mod seen;
mod snapshots;
mod streams;
mod timers;

use sqlx::PgPool;

pub(crate) use self::{
    append::{AppendError, Appender},
    erasures::Erasure,
    history::NewEpoch,
    keys::KeyRow,
    log::LogRecord,
    relay::{Lease, Progress, RelayState},
    snapshots::SnapshotRow,
    streams::StreamRow,
    timers::DueTimer,
};
pub use self::{
    connection::DatabaseConfig,
    identity::{IdentityError, StoreIdentity},
    keys::KeyDatabase,
};
use self::{order_numbers::OrderNumbers, seen::Seen};

/// The event store's database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pool: PgPool,
    order_numbers: OrderNumbers,
    seen: Seen,
}
