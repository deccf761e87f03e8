//! MongoDB: the only place that names a collection, builds a command or knows what an error of the server means.
//! It knows documents and checkpoints, but not what events fold into them.

pub mod audit;
pub mod bootstrap;
pub mod builds;
pub mod changes;
pub mod checkpoints;
pub mod collections;
pub mod comparing;
pub mod identity;
pub mod keys;
pub mod moment;
pub mod parked;
mod parking;
pub mod reading;
mod registry;
mod statements;
pub mod stored;
pub mod transaction;

use std::time::Duration;

use bson::doc;
pub use mongodb::Collection;
use mongodb::{
    Client,
    options::{Acknowledgment, ClientOptions, ReadConcern, SelectionCriteria, WriteConcern},
};

pub use self::{
    builds::Build, checkpoints::Checkpoint, collections::Serving, identity::StoreIdentity,
    statements::Statement, transaction::Transaction,
};

/// The database when the URI names none.
const DATABASE_DEFAULT: &str = "orderfold";
/// How long a command waits for a primary before it fails.
const SERVER_SELECTION_TIMEOUT: Duration = Duration::from_secs(5);
/// Most connections to each server.
const CONNECTIONS_MAX: u32 = 64;

/// What MongoDB, or the way to it, did not do.
#[derive(Debug, Clone, thiserror::Error)]
#[error("could not {attempt}")]
pub struct DatabaseError {
    attempt: &'static str,
    #[source]
    source: mongodb::error::Error,
}

impl DatabaseError {
    /// The BSON form of a value; it has none only by a bug of its type.
    pub(crate) fn bson(value: &impl serde::Serialize) -> Result<bson::Bson, Self> {
        bson::serialize_to_bson(value).attempt("write a value as BSON")
    }

    /// What the driver says while something is attempted.
    pub(crate) fn of(attempt: &'static str, source: mongodb::error::Error) -> Self {
        Self { attempt, source }
    }

    /// Whoever asked the driver ended without an answer.
    pub(crate) fn broken_off(attempt: &'static str) -> Self {
        let source = mongodb::error::Error::custom("the question broke off");
        Self::of(attempt, source)
    }

    /// Whether the same transaction may well succeed at once, because another one got in its way.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.source
            .contains_label(mongodb::error::TRANSIENT_TRANSACTION_ERROR)
            && matches!(*self.source.kind, mongodb::error::ErrorKind::Command(_))
    }
}

/// Says what was attempted when the driver fails.
pub(crate) trait Attempt<T> {
    fn attempt(self, attempt: &'static str) -> Result<T, DatabaseError>;
}

impl<T, E: Into<mongodb::error::Error>> Attempt<T> for Result<T, E> {
    fn attempt(self, attempt: &'static str) -> Result<T, DatabaseError> {
        self.map_err(|source| DatabaseError {
            attempt,
            source: source.into(),
        })
    }
}

/// The query side's database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Database {
    client: Client,
    inner: mongodb::Database,
    serving: Serving,
}

impl Database {
    /// A database behind `uri`; connections are made when they are needed. Everything is read from the primary, as
    /// a majority has it, and written durably to a majority.
    ///
    /// # Errors
    /// [`DatabaseError`] when the URI is not one of MongoDB.
    pub async fn open(uri: &str) -> Result<Self, DatabaseError> {
        let mut options = ClientOptions::parse(uri)
            .await
            .attempt("read the URI of MongoDB")?;
        options.app_name = Some("orderfold-query".to_owned());
        options.server_selection_timeout = Some(SERVER_SELECTION_TIMEOUT);
        options.max_pool_size = Some(CONNECTIONS_MAX);
        options.read_concern = Some(ReadConcern::majority());
        options.write_concern = Some(durable());
        options.selection_criteria = Some(SelectionCriteria::ReadPreference(
            mongodb::options::ReadPreference::Primary,
        ));
        let name = options
            .default_database
            .clone()
            .unwrap_or_else(|| DATABASE_DEFAULT.to_owned());
        let client = Client::with_options(options).attempt("set up the client of MongoDB")?;
        let inner = client.database(&name);
        Ok(Self {
            client,
            inner,
            serving: Serving::default(),
        })
    }

    /// Asks the primary for an answer.
    ///
    /// # Errors
    /// [`DatabaseError`] when none comes.
    pub async fn ping(&self) -> Result<(), DatabaseError> {
        self.inner
            .run_command(doc! { "ping": 1 })
            .await
            .attempt("reach MongoDB")
            .map(drop)
    }
}

/// On a majority, in the journal.
fn durable() -> WriteConcern {
    WriteConcern::builder()
        .w(Acknowledgment::Majority)
        .journal(true)
        .build()
}
