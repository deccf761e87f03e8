//! Checkpoints: how far each projection has folded each shard. They move by compare-and-set inside the transaction
//! that writes the documents; that is the fence between replicas, and what makes every effect happen once.

use std::collections::BTreeSet;

use bson::{Bson, doc};
use futures::TryStreamExt;
use orderfold_events::{Epoch, EventId, Position, Shard, ShardCount, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Attempt, Build, Database, DatabaseError,
    bootstrap::of_build,
    collections::CHECKPOINTS,
    moment::{self, Moment},
    stored,
    transaction::{Fence, Move},
};
use crate::projections::ReadModel;

/// How far one build of a projection, in its present version, has folded one shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    #[serde(rename = "_id")]
    pub id: String,
    pub projection: ReadModel,
    pub version: u32,
    pub build: Build,
    pub shard: Shard,
    /// History of the event at `position`.
    pub epoch: Epoch,
    /// Position of the last event folded; 0 before the first.
    pub position: Position,
    /// Its id; nil before the first.
    #[serde(with = "stored::id")]
    pub event_id: EventId,
    /// Reading Kafka from this offset misses nothing; none means from the beginning.
    pub next_offset: Option<i64>,
    /// When the newest event folded was recorded.
    #[serde(with = "stored::optional_time")]
    pub as_of: Option<Timestamp>,
    /// How many repairs of parked streams were carried out. It is part of the fence: whoever does not know of a repair
    /// does not know which streams wait.
    pub repairs: u64,
}

impl Checkpoint {
    /// Before the first event, in the first build.
    #[must_use]
    pub fn start(projection: ReadModel, shard: Shard) -> Self {
        Self::start_of(projection, Build::FIRST, shard)
    }

    /// Before the first event.
    #[must_use]
    pub fn start_of(projection: ReadModel, build: Build, shard: Shard) -> Self {
        Self {
            id: checkpoint_id(projection, build, shard),
            projection,
            version: projection.version(),
            build,
            shard,
            epoch: Epoch::FIRST,
            position: Position::START,
            event_id: EventId::NIL,
            next_offset: None,
            as_of: None,
            repairs: 0,
        }
    }
}

fn checkpoint_id(projection: ReadModel, build: Build, shard: Shard) -> String {
    format!("{}/{shard}", build_name(projection, build))
}

/// How one build of a read model is named: by its version and number.
pub(super) fn build_name(projection: ReadModel, build: Build) -> String {
    format!("{projection}@{}.{build}", projection.version())
}

impl Database {
    /// Makes the missing checkpoints of every build, at position 0.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn ensure_checkpoints(&self, shards: ShardCount) -> Result<(), DatabaseError> {
        for registration in self.registrations().await? {
            for build in registration.folded() {
                self.ensure_checkpoints_of(registration.projection, build, shards)
                    .await?;
            }
        }
        Ok(())
    }

    /// Makes the missing checkpoints of one build, at position 0.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn ensure_checkpoints_of(
        &self,
        read_model: ReadModel,
        build: Build,
        shards: ShardCount,
    ) -> Result<(), DatabaseError> {
        let attempt = "create the checkpoints";
        let known: BTreeSet<String> = self
            .find_checkpoints(of_build(read_model, build))
            .await?
            .into_iter()
            .map(|checkpoint| checkpoint.id)
            .collect();
        for shard in shards.shards() {
            let checkpoint = Checkpoint::start_of(read_model, build, shard);
            if known.contains(&checkpoint.id) {
                continue;
            }
            let start = bson::serialize_to_document(&checkpoint).attempt(attempt)?;
            self.collection::<Checkpoint>(CHECKPOINTS)
                .update_one(
                    doc! { "_id": &checkpoint.id },
                    doc! { "$setOnInsert": start },
                )
                .upsert(true)
                .await
                .attempt(attempt)?;
        }
        Ok(())
    }

    /// All checkpoints of the builds that answer.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn checkpoints(&self) -> Result<Vec<Checkpoint>, DatabaseError> {
        let serving = ReadModel::ALL
            .iter()
            .map(|&read_model| (read_model, self.serving.of(read_model)));
        self.checkpoints_of(serving).await
    }

    /// All checkpoints of some builds.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn checkpoints_of(
        &self,
        builds: impl Iterator<Item = (ReadModel, Build)>,
    ) -> Result<Vec<Checkpoint>, DatabaseError> {
        let builds: Vec<_> = builds
            .map(|(read_model, build)| of_build(read_model, build))
            .collect();
        self.find_checkpoints(doc! { "$or": builds }).await
    }

    /// Some checkpoints.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn some_checkpoints(
        &self,
        wanted: impl Iterator<Item = (ReadModel, Build, Shard)>,
    ) -> Result<Vec<Checkpoint>, DatabaseError> {
        let ids: Vec<String> = wanted
            .map(|(projection, build, shard)| checkpoint_id(projection, build, shard))
            .collect();
        self.find_checkpoints(doc! { "_id": { "$in": ids } }).await
    }

    /// Some checkpoints of one build, and when they stood there.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn checkpoints_now(
        &self,
        (read_model, build): (ReadModel, Build),
        shards: impl Iterator<Item = Shard>,
    ) -> Result<(Vec<Checkpoint>, Moment), DatabaseError> {
        let ids = shards.map(|shard| checkpoint_id(read_model, build, shard));
        let ids = ids.map(Bson::from).collect();
        let mut session = self.session().await?;
        let collection = self.collection(CHECKPOINTS);
        let checkpoints = moment::find(&collection, &mut session, ids).await?;
        Ok((checkpoints, Moment::of(&session)))
    }

    /// Moves a checkpoint past events that change nothing, only from exactly where it is expected: where nothing else is
    /// written, no transaction is needed.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away: whether it moved is then not known.
    pub async fn pass_over(&self, step: &Move) -> Result<Fence, DatabaseError> {
        let moved = self
            .collection::<Checkpoint>(CHECKPOINTS)
            .update_one(exactly(&step.from), moved_to(&step.to))
            .await
            .attempt("move a checkpoint")?;
        Ok(if moved.matched_count == 1 {
            Fence::Passed
        } else {
            Fence::Lost
        })
    }

    async fn find_checkpoints(
        &self,
        filter: bson::Document,
    ) -> Result<Vec<Checkpoint>, DatabaseError> {
        let attempt = "read the checkpoints";
        self.collection::<Checkpoint>(CHECKPOINTS)
            .find(filter)
            .await
            .attempt(attempt)?
            .try_collect()
            .await
            .attempt(attempt)
    }
}

/// The filter that only the checkpoint as we know it matches.
pub(super) fn exactly(checkpoint: &Checkpoint) -> bson::Document {
    doc! {
        "_id": &checkpoint.id,
        "epoch": i64::from(checkpoint.epoch.0),
        "position": position_value(checkpoint.position),
        "event_id": stored::id_value(checkpoint.event_id),
        "repairs": repairs_value(checkpoint.repairs),
    }
}

/// What moves a checkpoint to where `checkpoint` says.
pub(super) fn moved_to(checkpoint: &Checkpoint) -> bson::Document {
    doc! { "$set": {
        "epoch": i64::from(checkpoint.epoch.0),
        "position": position_value(checkpoint.position),
        "event_id": stored::id_value(checkpoint.event_id),
        "next_offset": checkpoint.next_offset,
        "as_of": checkpoint.as_of.map(stored::time_value),
        "repairs": repairs_value(checkpoint.repairs),
    } }
}

fn position_value(position: Position) -> Bson {
    // A shard does not live to hold 2⁶³ events.
    Bson::Int64(i64::try_from(position.0).unwrap_or(i64::MAX))
}

fn repairs_value(repairs: u64) -> Bson {
    Bson::Int64(i64::try_from(repairs).unwrap_or(i64::MAX))
}
