//! Parked streams: streams with an event that one build of a read model could not fold. Their later events wait behind
//! it, and are counted here; retrying and skipping are requests on the document. What was skipped is kept as well.

use orderfold_events::{
    CustomerId, Envelope, EventId, Position, Shard, StreamId, Timestamp, Version, closed_list,
};
use serde::{Deserialize, Serialize};

use super::{Build, checkpoints::build_name, stored};
use crate::projections::ReadModel;

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
