//! Parked streams: streams with an event that one build of a read model could not fold. Their later events wait behind
//! it, and are counted here; retrying and skipping are requests on the document. What was skipped is kept as well.

use std::collections::{BTreeMap, BTreeSet};

use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use orderfold_events::{
    CustomerId, Envelope, EventId, Position, Shard, StreamId, Timestamp, Version, closed_list,
};
use serde::{Deserialize, Serialize};

use super::{
    Attempt, Build, Database, DatabaseError, Statement, Transaction,
    bootstrap::of_build,
    checkpoints::build_name,
    collections::{PARKED, SKIPPED},
    stored,
    transaction::Fence,
};
use crate::projections::ReadModel;

/// Most streams that are looked up at once; there are never so many unless something is badly wrong.
const STREAMS_MAX: i64 = 10_000;

closed_list! {
    /// What an operator wants done with a parked stream.
    RepairAction {
        /// Fold the event again, and those behind it.
        Retry = "retry",
        /// Leave the event out, and fold those behind it.
        Skip = "skip",
    }
}

/// A stream that waits in one build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedStream {
    #[serde(rename = "_id")]
    pub id: String,
    pub projection: ReadModel,
    pub version: u32,
    pub build: Build,
    pub shard: Shard,
    pub stream: StreamId,
    /// Where the event could be read.
    pub customer_id: Option<CustomerId>,
    /// The event that cannot be folded.
    pub first: ParkedEvent,
    pub cause: String,
    /// How many events wait, that one included.
    pub waiting: u64,
    #[serde(with = "stored::time")]
    pub parked_at: Timestamp,
    pub request: Option<RepairRequest>,
    /// How the last retry ended, where it failed.
    pub last_failure: Option<RepairFailure>,
}

/// An event that cannot be folded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedEvent {
    #[serde(with = "stored::id")]
    pub event_id: EventId,
    pub event_type: String,
    /// Within its stream.
    pub version: Version,
    pub position: Position,
    #[serde(with = "stored::time")]
    pub recorded_at: Timestamp,
}

/// What an operator asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairRequest {
    pub action: RepairAction,
    /// The event that the operator has seen.
    #[serde(with = "stored::id")]
    pub event_id: EventId,
    pub reason: Option<String>,
    /// Opaque.
    pub by: String,
    #[serde(with = "stored::time")]
    pub at: Timestamp,
}

/// A retry that did not help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairFailure {
    pub cause: String,
    #[serde(with = "stored::time")]
    pub at: Timestamp,
}

/// An event that was left out for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedEvent {
    #[serde(rename = "_id")]
    pub id: String,
    pub projection: ReadModel,
    pub version: u32,
    pub build: Build,
    pub shard: Shard,
    pub stream: StreamId,
    pub customer_id: Option<CustomerId>,
    pub event: ParkedEvent,
    pub cause: String,
    pub request: RepairRequest,
}

/// A stream of which something is missing in a read model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Missing {
    pub stream: StreamId,
    pub customer_id: Option<CustomerId>,
}

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

impl From<&Envelope> for ParkedEvent {
    fn from(envelope: &Envelope) -> Self {
        Self {
            event_id: envelope.event_id,
            event_type: envelope.event_type.clone(),
            version: envelope.version,
            position: envelope.coordinate.position,
            recorded_at: envelope.recorded_at,
        }
    }
}

impl ParkedStream {
    /// The id of the document of a stream in a build.
    #[must_use]
    pub fn id_of(projection: ReadModel, build: Build, stream: StreamId) -> String {
        format!("{}/{stream}", build_name(projection, build))
    }

    /// The record of what is left out when the first event is skipped.
    #[must_use]
    pub fn skipped(&self, request: RepairRequest) -> SkippedEvent {
        let name = build_name(self.projection, self.build);
        SkippedEvent {
            id: format!("{name}/{}", self.first.event_id),
            projection: self.projection,
            version: self.version,
            build: self.build,
            shard: self.shard,
            stream: self.stream,
            customer_id: self.customer_id,
            event: self.first.clone(),
            cause: self.cause.clone(),
            request,
        }
    }
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
