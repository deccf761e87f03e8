//! One transaction of a projector: checkpoints first, then the documents. It fails as a whole or commits as a whole,
//! and says so; where the outcome of the commit is unknown, the checkpoints tell.

use std::{borrow::Cow, time::Duration};

use bson::{Bson, Document, doc};
use mongodb::{ClientSession, error::UNKNOWN_TRANSACTION_COMMIT_RESULT, options::ReadConcern};
use orderfold_events::{OrderId, Version};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Attempt, Build, Checkpoint, Database, DatabaseError, Statement,
    checkpoints::{exactly, moved_to},
    collections::{CHECKPOINTS, built, written_by},
    durable,
    moment::{self, Find, Moment},
    statements::{chunks, update_command},
    stored::{StoredId, id_value},
};

/// How long the server may take to commit.
const COMMIT_MAX: Duration = Duration::from_secs(10);
/// How often a commit with an unknown result is asked again before the checkpoints have to tell.
const COMMIT_ATTEMPTS: usize = 3;

/// A transaction with snapshot reads, committed to the journals of a majority. What it says of the collections of a
/// read model, it says of one build.
#[derive(Debug)]
pub struct Transaction {
    database: Database,
    build: Option<Build>,
    session: ClientSession,
}

/// Whether all checkpoints stood where they were expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fence {
    Passed,
    /// Another replica, or an earlier transaction of our own, moved one.
    Lost,
}

/// A checkpoint's move by one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub from: Checkpoint,
    pub to: Checkpoint,
}

impl Database {
    /// The name of a collection in a build; without one, in the build that answers.
    fn name_in(&self, build: Option<Build>, name: &'static str) -> Cow<'static, str> {
        match build {
            Some(build) if written_by(name).is_some() => built(name, build).into(),
            Some(_) => name.into(),
            None => self.serving.name(name),
        }
    }

    pub(super) fn collection_in<T>(
        &self,
        build: Option<Build>,
        name: &'static str,
    ) -> mongodb::Collection<T>
    where
        T: Serialize + DeserializeOwned + Send + Sync,
    {
        self.inner.collection(&self.name_in(build, name))
    }

    /// Begins a transaction on the builds that answer.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn transaction(&self) -> Result<Transaction, DatabaseError> {
        self.begin(None).await
    }

    /// Begins a transaction on one build.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn transaction_in(&self, build: Build) -> Result<Transaction, DatabaseError> {
        self.begin(Some(build)).await
    }

    async fn begin(&self, build: Option<Build>) -> Result<Transaction, DatabaseError> {
        let attempt = "begin a transaction";
        let mut session = self.session().await?;
        session
            .start_transaction()
            .read_concern(ReadConcern::snapshot())
            .write_concern(durable())
            .max_commit_time(COMMIT_MAX)
            .await
            .attempt(attempt)?;
        Ok(Transaction {
            database: self.clone(),
            build,
            session,
        })
    }
}

impl Transaction {
    fn collection<T>(&self, name: &'static str) -> mongodb::Collection<T>
    where
        T: Serialize + DeserializeOwned + Send + Sync,
    {
        self.database.collection_in(self.build, name)
    }

    /// Moves checkpoints, each only from exactly where it is expected. It must be the first thing a transaction does.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away, or another transaction is moving one of them.
    pub async fn advance(&mut self, moves: &[Move]) -> Result<Fence, DatabaseError> {
        let statements = moves
            .iter()
            .map(|step| Statement::update(&exactly(&step.from), &moved_to(&step.to)))
            .collect::<Result<Vec<_>, _>>()?;
        let matched = self.update(CHECKPOINTS, &statements).await?;
        Ok(if matched == moves.len() {
            Fence::Passed
        } else {
            Fence::Lost
        })
    }

    /// Runs statements against one collection and answers how many documents they matched or made.
    ///
    /// # Errors
    /// [`DatabaseError`] when one of them fails: the transaction is then to be given up.
    pub async fn update(
        &mut self,
        collection: &'static str,
        statements: &[Statement],
    ) -> Result<usize, DatabaseError> {
        let attempt = "write documents";
        let mut matched = 0_usize;
        let name = self.database.name_in(self.build, collection);
        for chunk in chunks(statements) {
            let command = update_command(&name, chunk)?;
            let answer = self
                .database
                .inner
                .run_raw_command(command)
                .session(&mut self.session)
                .await
                .attempt(attempt)?;
            matched = matched.saturating_add(matched_by(&answer).attempt(attempt)?);
        }
        Ok(matched)
    }

    /// Adds new documents.
    ///
    /// # Errors
    /// [`DatabaseError`] when one is there already, or MongoDB is away.
    pub async fn insert<T>(
        &mut self,
        collection: &'static str,
        documents: &[T],
    ) -> Result<(), DatabaseError>
    where
        T: Serialize + DeserializeOwned + Send + Sync,
    {
        if documents.is_empty() {
            return Ok(());
        }
        self.collection::<T>(collection)
            .insert_many(documents)
            .session(&mut self.session)
            .await
            .attempt("add documents")
            .map(drop)
    }

    /// Raises a version by one, in the document with this id, if it stands just below.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn raise(
        &mut self,
        collection: &'static str,
        id: impl StoredId,
        (path, version): (&str, Version),
    ) -> Result<(), DatabaseError> {
        let before = i64::from(version.0.saturating_sub(1));
        let statement = Statement::update(
            &doc! { "_id": id_value(id), path: before },
            &doc! { "$set": { path: DatabaseError::bson(&version)? } },
        )?;
        self.update(collection, &[statement]).await.map(drop)
    }

    /// Raises a version by one, in the entry of an order in a list, wherever there is such an entry.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn raise_in_list(
        &mut self,
        collection: &'static str,
        order: OrderId,
        (list, version): (&str, Version),
    ) -> Result<(), DatabaseError> {
        let before = i64::from(version.0.saturating_sub(1));
        let entry = doc! { "order_id": id_value(order), "version": before };
        let raised = DatabaseError::bson(&version)?;
        let statement = Statement::update(
            &doc! { list: { "$elemMatch": entry } },
            &doc! { "$set": { format!("{list}.$.version"): raised } },
        )?;
        self.update(collection, &[statement]).await.map(drop)
    }

    /// Removes the document with this id, if there is one.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn delete(
        &mut self,
        collection: &'static str,
        id: impl Into<Bson>,
    ) -> Result<(), DatabaseError> {
        self.collection::<Document>(collection)
            .delete_one(doc! { "_id": id.into() })
            .session(&mut self.session)
            .await
            .attempt("remove a document")
            .map(drop)
    }

    /// Commits, and says when. After an error the checkpoints tell whether it happened.
    ///
    /// # Errors
    /// [`DatabaseError`] when it was aborted, or its outcome cannot be learnt.
    pub async fn commit(mut self) -> Result<Moment, DatabaseError> {
        let mut attempts = COMMIT_ATTEMPTS;
        loop {
            attempts = attempts.saturating_sub(1);
            match self.session.commit_transaction().await {
                Err(error)
                    if attempts > 0 && error.contains_label(UNKNOWN_TRANSACTION_COMMIT_RESULT) => {}
                outcome => {
                    outcome.attempt("commit a transaction")?;
                    return Ok(Moment::of(&self.session));
                }
            }
        }
    }

    /// Gives the transaction up. What cannot be said to the server now, it finds out by itself.
    pub async fn abort(mut self) {
        if let Err(error) = self.session.abort_transaction().await {
            tracing::debug!(error = %error, "a transaction could not be aborted");
        }
    }
}

/// As of the transaction's snapshot.
impl Find for Transaction {
    async fn find<T>(
        &mut self,
        collection: &'static str,
        ids: Vec<Bson>,
    ) -> Result<Vec<T>, DatabaseError>
    where
        T: Serialize + DeserializeOwned + Send + Sync,
    {
        let collection = self.collection(collection);
        moment::find(&collection, &mut self.session, ids).await
    }
}

/// What an `update` command answered: `n` counts matches and upserts; write errors come with `ok: 1`.
fn matched_by(answer: &Document) -> Result<usize, mongodb::error::Error> {
    if let Ok(errors) = answer.get_array("writeErrors")
        && let Some(first) = errors.first()
    {
        return Err(mongodb::error::Error::custom(format!(
            "a statement was refused: {}",
            refusal(first)
        )));
    }
    let matched = match answer.get("n") {
        Some(Bson::Int32(n)) => usize::try_from(*n).ok(),
        Some(Bson::Int64(n)) => usize::try_from(*n).ok(),
        _ => None,
    };
    matched.ok_or_else(|| mongodb::error::Error::custom("an update command answered no count"))
}

/// The code of a write error; its message can quote what was written, so it is left out.
fn refusal(error: &Bson) -> String {
    error
        .as_document()
        .and_then(|error| error.get("code"))
        .map_or_else(|| "no code".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_answers_how_many_documents_it_matched_or_made() {
        assert_eq!(matched_by(&doc! { "n": 3, "ok": 1.0 }).ok(), Some(3));
        assert_eq!(matched_by(&doc! { "n": 3_i64, "ok": 1.0 }).ok(), Some(3));
        assert!(matched_by(&doc! { "ok": 1.0 }).is_err());
    }

    #[test]
    fn a_refused_statement_is_an_error_although_the_command_succeeded() {
        let answer = doc! {
            "n": 1,
            "writeErrors": [{ "index": 0, "code": 11000, "errmsg": "dup key: { name: \"Claire\" }" }],
            "ok": 1.0,
        };
        let error = matched_by(&answer).unwrap_err().to_string();
        assert!(error.contains("11000"), "{error}");
        assert!(!error.contains("Claire"), "what was written is not told");
    }
}
