//! Documents as of a moment or later, whichever server answers: inside a transaction, or beside it.

use std::future::Future;

use bson::{Bson, Timestamp};
use futures::TryStreamExt;
use mongodb::{ClientSession, Collection};
use serde::{Serialize, de::DeserializeOwned};

use super::{Attempt, Build, Database, DatabaseError, reading::by_ids};

/// When something was seen or committed, by the clock of the replica set. The default is before everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment(Option<Timestamp>);

impl Moment {
    pub(super) fn of(session: &ClientSession) -> Self {
        Self(session.operation_time())
    }
}

/// Where documents are read from.
pub trait Find: Send {
    /// The documents with these ids.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away, or a document is not of the expected shape.
    fn find<T>(
        &mut self,
        collection: &'static str,
        ids: Vec<Bson>,
    ) -> impl Future<Output = Result<Vec<T>, DatabaseError>> + Send
    where
        T: Serialize + DeserializeOwned + Send + Sync;
}

/// Reads what a majority has of one build, nothing older than a moment. After a change of primary the new one may know
/// of less for a while; this waits for it.
#[derive(Debug)]
pub struct Reading {
    database: Database,
    build: Build,
    since: Moment,
}

impl Database {
    #[must_use]
    pub fn reading_in(&self, build: Build, since: Moment) -> Reading {
        Reading {
            database: self.clone(),
            build,
            since,
        }
    }

    pub(super) async fn session(&self) -> Result<ClientSession, DatabaseError> {
        let session = self.client.start_session().causal_consistency(true).await;
        session.attempt("begin a session")
    }
}

impl Find for Reading {
    async fn find<T>(
        &mut self,
        collection: &'static str,
        ids: Vec<Bson>,
    ) -> Result<Vec<T>, DatabaseError>
    where
        T: Serialize + DeserializeOwned + Send + Sync,
    {
        let mut session = self.database.session().await?;
        if let Some(since) = self.since.0 {
            session.advance_operation_time(since);
        }
        let collection = self.database.collection_in(Some(self.build), collection);
        find(&collection, &mut session, ids).await
    }
}

pub(super) async fn find<T>(
    collection: &Collection<T>,
    session: &mut ClientSession,
    ids: Vec<Bson>,
) -> Result<Vec<T>, DatabaseError>
where
    T: Serialize + DeserializeOwned + Send + Sync,
{
    let attempt = "read documents";
    collection
        .find(by_ids(&ids))
        .session(&mut *session)
        .await
        .attempt(attempt)?
        .stream(session)
        .try_collect()
        .await
        .attempt(attempt)
}
