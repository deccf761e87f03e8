//! Parked streams in the database: looking them up, asking for repairs, and what a projector's transaction does to them.

use std::collections::{BTreeMap, BTreeSet};

use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use orderfold_events::{Shard, StreamId};
use serde::{Deserialize, Serialize};

use super::{
    Attempt, Build, Database, DatabaseError, Statement, Transaction,
    bootstrap::of_build,
    collections::{PARKED, SKIPPED},
    moment::Find,
    parked::{Missing, ParkedStream, RepairRequest, SkippedEvent},
    stored,
    transaction::Fence,
};
use crate::projections::ReadModel;

/// Most streams that are looked up at once; there are never so many unless something is badly wrong.
const STREAMS_MAX: i64 = 10_000;

#[derive(Debug, Serialize, Deserialize)]
struct MissingRow {
    projection: ReadModel,
    #[serde(flatten)]
    missing: Missing,
}

#[derive(Debug, Serialize, Deserialize)]
struct StreamRow {
    shard: Shard,
    stream: StreamId,
}

impl Database {
    /// Every parked stream, in the order of their ids, of one read model or one stream where given.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn parked_streams(
        &self,
        projection: Option<ReadModel>,
        stream: Option<StreamId>,
    ) -> Result<Vec<ParkedStream>, DatabaseError> {
        let mut filter = doc! {};
        if let Some(projection) = projection {
            filter.insert("projection", projection.as_str());
        }
        if let Some(stream) = stream {
            filter.insert("stream", stream.to_string());
        }
        self.find_parked(filter).await
    }

    /// What was skipped, in the order of ids.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn skipped_events(&self) -> Result<Vec<SkippedEvent>, DatabaseError> {
        let attempt = "read what was skipped";
        self.collection::<SkippedEvent>(SKIPPED)
            .find(doc! {})
            .sort(doc! { "_id": 1 })
            .limit(STREAMS_MAX)
            .await
            .attempt(attempt)?
            .try_collect()
            .await
            .attempt(attempt)
    }

    /// The streams that wait in some shards of a build.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn streams_parked_in(
        &self,
        (projection, build): (ReadModel, Build),
        shards: impl Iterator<Item = Shard>,
    ) -> Result<BTreeMap<Shard, BTreeSet<StreamId>>, DatabaseError> {
        let attempt = "read the parked streams";
        let rows: Vec<StreamRow> = self
            .collection::<ParkedStream>(PARKED)
            .clone_with_type::<StreamRow>()
            .find(in_shards((projection, build), shards))
            .projection(doc! { "shard": 1, "stream": 1 })
            .await
            .attempt(attempt)?
            .try_collect()
            .await
            .attempt(attempt)?;
        let mut streams = BTreeMap::<_, BTreeSet<_>>::new();
        for StreamRow { shard, stream } in rows {
            streams.entry(shard).or_default().insert(stream);
        }
        Ok(streams)
    }

    /// Parked streams of some shards of a build that something was asked for.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn repairs_requested(
        &self,
        (projection, build): (ReadModel, Build),
        shards: impl Iterator<Item = Shard>,
    ) -> Result<Vec<ParkedStream>, DatabaseError> {
        let mut filter = in_shards((projection, build), shards);
        filter.insert("request", doc! { "$ne": Bson::Null });
        self.find_parked(filter).await
    }

    /// Asks for a repair of a parked stream as the caller has seen it; answers whether it still was so. A later
    /// request takes the place of an earlier one.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn request_repair(
        &self,
        parked: &ParkedStream,
        request: &RepairRequest,
    ) -> Result<bool, DatabaseError> {
        let attempt = "ask for a repair";
        let request = bson::serialize_to_bson(request).attempt(attempt)?;
        let outcome = self
            .collection::<ParkedStream>(PARKED)
            .update_one(
                doc! { "_id": &parked.id, "first.event_id": stored::id_value(parked.first.event_id) },
                doc! { "$set": { "request": request } },
            )
            .await
            .attempt(attempt)?;
        Ok(outcome.matched_count == 1)
    }

    /// The streams of which something is missing, parked or skipped, by read model, in the builds that answer.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn missing(&self) -> Result<BTreeMap<ReadModel, BTreeSet<Missing>>, DatabaseError> {
        let attempt = "read what is missing";
        let serving: Vec<Document> = ReadModel::ALL
            .iter()
            .map(|&read_model| of_build(read_model, self.serving.of(read_model)))
            .collect();
        let mut missing = BTreeMap::<_, BTreeSet<_>>::new();
        for name in [PARKED, SKIPPED] {
            let rows: Vec<MissingRow> = self
                .collection::<MissingRow>(name)
                .find(doc! { "$or": serving.clone() })
                .projection(doc! { "projection": 1, "stream": 1, "customer_id": 1 })
                .limit(STREAMS_MAX)
                .await
                .attempt(attempt)?
                .try_collect()
                .await
                .attempt(attempt)?;
            for row in rows {
                missing
                    .entry(row.projection)
                    .or_default()
                    .insert(row.missing);
            }
        }
        Ok(missing)
    }

    async fn find_parked(&self, filter: Document) -> Result<Vec<ParkedStream>, DatabaseError> {
        let attempt = "read the parked streams";
        self.collection::<ParkedStream>(PARKED)
            .find(filter)
            .sort(doc! { "_id": 1 })
            .limit(STREAMS_MAX)
            .await
            .attempt(attempt)?
            .try_collect()
            .await
            .attempt(attempt)
    }
}

impl Transaction {
    /// Parks streams that did not wait before.
    ///
    /// # Errors
    /// [`DatabaseError`] when one waits already, or MongoDB is away.
    pub async fn park(&mut self, streams: &[ParkedStream]) -> Result<(), DatabaseError> {
        self.insert(PARKED, streams).await
    }

    /// Counts events that wait behind the first of their streams. [`Fence::Lost`] says that one does not wait (any
    /// more).
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn wait_behind(
        &mut self,
        counts: impl Iterator<Item = (String, u64)>,
    ) -> Result<Fence, DatabaseError> {
        let statements = counts
            .map(|(id, count)| {
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                Statement::update(&doc! { "_id": id }, &doc! { "$inc": { "waiting": count } })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let matched = self.update(PARKED, &statements).await?;
        Ok(if matched == statements.len() {
            Fence::Passed
        } else {
            Fence::Lost
        })
    }

    /// A parked stream, as of the transaction's snapshot.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn parked(&mut self, id: &str) -> Result<Option<ParkedStream>, DatabaseError> {
        let found: Vec<ParkedStream> = self.find(PARKED, vec![id.into()]).await?;
        Ok(found.into_iter().next())
    }

    /// Writes a parked stream as it is now.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn keep_parked(&mut self, parked: &ParkedStream) -> Result<(), DatabaseError> {
        let filter = doc! { "_id": &parked.id };
        let whole = bson::serialize_to_document(parked).attempt("write a parked stream")?;
        let statement = Statement::upsert(&filter, &whole)?;
        self.update(PARKED, &[statement]).await.map(drop)
    }

    /// Lets a stream go on.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn unpark(&mut self, id: &str) -> Result<(), DatabaseError> {
        self.delete(PARKED, id).await
    }

    /// Keeps what was skipped.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn keep_skipped(&mut self, event: SkippedEvent) -> Result<(), DatabaseError> {
        self.insert(SKIPPED, &[event]).await
    }
}

fn in_shards(
    (projection, build): (ReadModel, Build),
    shards: impl Iterator<Item = Shard>,
) -> Document {
    let shards: Vec<Bson> = shards.map(|shard| i32::from(shard.0).into()).collect();
    let mut filter = of_build(projection, build);
    filter.insert("shard", doc! { "$in": shards });
    filter
}
