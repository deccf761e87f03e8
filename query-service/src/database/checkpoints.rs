//! Checkpoints: how far each projection has folded each shard. They move by compare-and-set inside the transaction
//! that writes the documents; that is the fence between replicas, and what makes every effect happen once.

use std::collections::BTreeSet;

use bson::{Bson, doc};
use futures::TryStreamExt;
use orderfold_events::{Epoch, EventId, Position, Shard, ShardCount, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Attempt, Database, DatabaseError, collections::CHECKPOINTS, stored};
use crate::projections::ReadModel;

/// How far one projection, in its present version, has folded one shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    #[serde(rename = "_id")]
    pub id: String,
    pub projection: ReadModel,
    pub version: u32,
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
}

impl Checkpoint {
    /// Before the first event.
    #[must_use]
    pub fn start(projection: ReadModel, shard: Shard) -> Self {
        Self {
            id: checkpoint_id(projection, shard),
            projection,
            version: projection.version(),
            shard,
            epoch: Epoch::FIRST,
            position: Position::START,
            event_id: EventId::NIL,
            next_offset: None,
            as_of: None,
        }
    }
}

fn checkpoint_id(projection: ReadModel, shard: Shard) -> String {
    format!("{projection}@{}/{shard}", projection.version())
}

impl Database {
    /// Makes the missing checkpoints, at position 0.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn ensure_checkpoints(&self, shards: ShardCount) -> Result<(), DatabaseError> {
        let attempt = "create the checkpoints";
        let known: BTreeSet<String> = self
            .checkpoints()
            .await?
            .into_iter()
            .map(|checkpoint| checkpoint.id)
            .collect();
        for &read_model in ReadModel::ALL {
            for shard in shards.shards() {
                let checkpoint = Checkpoint::start(read_model, shard);
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
        }
        Ok(())
    }

    /// All checkpoints of all projections in their present versions.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn checkpoints(&self) -> Result<Vec<Checkpoint>, DatabaseError> {
        let mut checkpoints = self.find_checkpoints(doc! {}).await?;
        checkpoints.retain(|checkpoint| checkpoint.version == checkpoint.projection.version());
        Ok(checkpoints)
    }

    /// Some checkpoints.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn some_checkpoints(
        &self,
        wanted: impl Iterator<Item = (ReadModel, Shard)>,
    ) -> Result<Vec<Checkpoint>, DatabaseError> {
        let ids: Vec<String> = wanted
            .map(|(projection, shard)| checkpoint_id(projection, shard))
            .collect();
        self.find_checkpoints(doc! { "_id": { "$in": ids } }).await
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
    } }
}

fn position_value(position: Position) -> Bson {
    // A shard does not live to hold 2⁶³ events.
    Bson::Int64(i64::try_from(position.0).unwrap_or(i64::MAX))
}
