//! Comparing two builds of a read model document by document, in one snapshot of the database: what differs is named,
//! never shown.

use std::collections::BTreeMap;

use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use mongodb::{ClientSession, options::ReadConcern};
use orderfold_events::Shard;

use super::{
    Attempt, Build, Checkpoint, Database, DatabaseError,
    bootstrap::of_build,
    collections::{CHECKPOINTS, built, collections_of},
};
use crate::projections::ReadModel;

/// Documents that are looked up at once.
const CHUNK_DOCUMENTS: usize = 500;
/// Differences that are named; beyond them they are only counted.
const NAMED_MAX: usize = 1_000;

/// One document that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub collection: &'static str,
    /// The id of the document, as MongoDB writes it.
    pub id: String,
    pub kind: DifferenceKind,
}

/// In which way a document is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// It should be there.
    Missing,
    /// It should not be there.
    Surplus,
    /// Its content is another.
    Different,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            DifferenceKind::Missing => "is missing",
            DifferenceKind::Surplus => "should not be there",
            DifferenceKind::Different => "differs",
        };
        write!(f, "{} {}: {kind}", self.collection, self.id)
    }
}

/// What a comparison found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// How many documents were compared.
    pub documents: u64,
    /// How many differ.
    pub count: u64,
    /// Those of them that are named.
    pub differences: Vec<Difference>,
}

impl Comparison {
    fn add(&mut self, difference: Difference) {
        self.count = self.count.saturating_add(1);
        if self.differences.len() < NAMED_MAX {
            self.differences.push(difference);
        }
    }
}

/// The database as it was at one moment. The server keeps that for some minutes.
#[derive(Debug)]
pub struct Snapshot {
    database: Database,
    session: ClientSession,
}

impl Database {
    /// Begins to look at the database as it is now.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn snapshot(&self) -> Result<Snapshot, DatabaseError> {
        let session = self
            .client
            .start_session()
            .snapshot(true)
            .await
            .attempt("begin a snapshot")?;
        Ok(Snapshot {
            database: self.clone(),
            session,
        })
    }
}

impl Snapshot {
    /// The checkpoints of a build. The first question fixes the moment of the snapshot.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn checkpoints(
        &mut self,
        read_model: ReadModel,
        build: Build,
    ) -> Result<BTreeMap<Shard, Checkpoint>, DatabaseError> {
        let filter = of_build(read_model, build);
        let found: Vec<Checkpoint> = self.all(CHECKPOINTS, filter).await?;
        Ok(found
            .into_iter()
            .map(|checkpoint| (checkpoint.shard, checkpoint))
            .collect())
    }

    /// Compares a build with what it should be, `truth`, as that is now. Where `truth` is a sample, documents that only
    /// the build has are none of its business.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away, or the snapshot is too old.
    pub async fn compare(
        &mut self,
        read_model: ReadModel,
        build: Build,
        (truth, is_sample): (Build, bool),
    ) -> Result<Comparison, DatabaseError> {
        let mut comparison = Comparison::default();
        for &collection in collections_of(read_model) {
            let names = (built(collection, truth), built(collection, build));
            self.look_for_truth(collection, (&names.0, &names.1), &mut comparison)
                .await?;
            if !is_sample {
                self.look_for_surplus(collection, (&names.0, &names.1), &mut comparison)
                    .await?;
            }
        }
        Ok(comparison)
    }

    /// Every document of the truth is in the build.
    async fn look_for_truth(
        &mut self,
        collection: &'static str,
        (truth, build): (&str, &str),
        comparison: &mut Comparison,
    ) -> Result<(), DatabaseError> {
        let attempt = "read what was recomputed";
        let mut cursor = self
            .database
            .inner
            .collection::<Document>(truth)
            .find(doc! {})
            .await
            .attempt(attempt)?;
        loop {
            let mut chunk: Vec<Document> = Vec::with_capacity(CHUNK_DOCUMENTS);
            while chunk.len() < CHUNK_DOCUMENTS
                && let Some(document) = cursor.try_next().await.attempt(attempt)?
            {
                chunk.push(document);
            }
            if chunk.is_empty() {
                return Ok(());
            }
            let ids: Vec<Bson> = chunk.iter().map(id_of).collect();
            let found: Vec<Document> = self.all(build, doc! { "_id": { "$in": ids } }).await?;
            let found = by_id(found);
            for document in &chunk {
                comparison.documents = comparison.documents.saturating_add(1);
                let kind = match found.get(&text_of(document)) {
                    None => DifferenceKind::Missing,
                    Some(other) if !is_same(document, other) => DifferenceKind::Different,
                    Some(_) => continue,
                };
                comparison.add(Difference {
                    collection,
                    id: text_of(document),
                    kind,
                });
            }
        }
    }

    /// Every document of the build is in the truth.
    async fn look_for_surplus(
        &mut self,
        collection: &'static str,
        (truth, build): (&str, &str),
        comparison: &mut Comparison,
    ) -> Result<(), DatabaseError> {
        let attempt = "read the documents of a build";
        let mut cursor = self
            .database
            .inner
            .collection::<Document>(build)
            .find(doc! {})
            .projection(doc! { "_id": 1 })
            .read_concern(ReadConcern::snapshot())
            .session(&mut self.session)
            .await
            .attempt(attempt)?;
        loop {
            let mut chunk: Vec<Document> = Vec::with_capacity(CHUNK_DOCUMENTS);
            while chunk.len() < CHUNK_DOCUMENTS
                && let Some(document) = cursor.next(&mut self.session).await
            {
                chunk.push(document.attempt(attempt)?);
            }
            if chunk.is_empty() {
                return Ok(());
            }
            let ids: Vec<Bson> = chunk.iter().map(id_of).collect();
            let known: Vec<Document> = self
                .database
                .inner
                .collection::<Document>(truth)
                .find(doc! { "_id": { "$in": ids } })
                .projection(doc! { "_id": 1 })
                .await
                .attempt(attempt)?
                .try_collect()
                .await
                .attempt(attempt)?;
            let known = by_id(known);
            for document in chunk
                .iter()
                .map(text_of)
                .filter(|id| !known.contains_key(id))
            {
                comparison.add(Difference {
                    collection,
                    id: document,
                    kind: DifferenceKind::Surplus,
                });
            }
        }
    }

    async fn all<T>(&mut self, name: &str, filter: Document) -> Result<Vec<T>, DatabaseError>
    where
        T: serde::Serialize + serde::de::DeserializeOwned + Send + Sync,
    {
        let attempt = "read from a snapshot";
        self.database
            .inner
            .collection::<T>(name)
            .find(filter)
            .read_concern(ReadConcern::snapshot())
            .session(&mut self.session)
            .await
            .attempt(attempt)?
            .stream(&mut self.session)
            .try_collect()
            .await
            .attempt(attempt)
    }
}

fn id_of(document: &Document) -> Bson {
    document.get("_id").cloned().unwrap_or(Bson::Null)
}

fn text_of(document: &Document) -> String {
    id_of(document).to_string()
}

fn by_id(documents: Vec<Document>) -> BTreeMap<String, Document> {
    documents
        .into_iter()
        .map(|document| (text_of(&document), document))
        .collect()
}

/// Whether two documents say the same, in whatever order their members were added.
fn is_same(one: &Document, other: &Document) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .all(|(name, value)| match (value, other.get(name)) {
                (Bson::Document(one), Some(Bson::Document(other))) => is_same(one, other),
                (Bson::Array(one), Some(Bson::Array(other))) => is_same_list(one, other),
                (value, other) => Some(value) == other,
            })
}

fn is_same_list(one: &[Bson], other: &[Bson]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|pair| match pair {
            (Bson::Document(one), Bson::Document(other)) => is_same(one, other),
            (Bson::Array(one), Bson::Array(other)) => is_same_list(one, other),
            (one, other) => one == other,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_the_same_whatever_the_order_of_their_members() {
        let one = doc! { "a": 1, "b": { "c": 2_i64, "d": [{ "e": 3, "f": 4 }] } };
        let other = doc! { "b": { "d": [{ "f": 4, "e": 3 }], "c": 2_i64 }, "a": 1 };
        assert!(is_same(&one, &other));
        for wrong in [
            doc! { "a": 1 },
            doc! { "a": 1, "b": { "c": 2_i64, "d": [] } },
            doc! { "a": 1, "b": { "c": 3_i64, "d": [{ "e": 3, "f": 4 }] } },
            doc! { "a": 1, "b": { "c": 2_i64, "d": [{ "e": 3, "f": 5 }] } },
            doc! { "a": 1, "b": { "c": 2_i64, "d": [{ "e": 3, "f": 4 }] }, "g": 0 },
        ] {
            assert!(!is_same(&one, &wrong), "{wrong}");
        }
    }
}
