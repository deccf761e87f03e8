//! Builds and parked streams as operators see them.

use std::collections::BTreeMap;

use orderfold_events::{Position, Shard, Timestamp};
use orderfold_http::clock;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    database::{
        Build, Checkpoint,
        builds::{BuildEntry, BuildState, Registration},
        parked::{ParkedEvent, ParkedStream, RepairAction, SkippedEvent},
    },
    http::schemas,
    progress::Progress,
    projections::ReadModel,
    store::Heads,
};

/// All of something.
#[derive(Debug, Serialize, ToSchema)]
pub struct Everything<T: ToSchema> {
    pub data: Vec<T>,
}

/// One read model with its builds.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectionBody {
    #[schema(schema_with = schemas::read_model)]
    pub name: ReadModel,
    /// Of the fold and of the documents' shape.
    pub version: u32,
    /// The build that answers.
    pub active_build: u32,
    /// Events recorded but not folded by it; null where it cannot be told.
    pub lag_events: Option<u64>,
    /// Milliseconds; null where it cannot be told.
    pub lag_ms: Option<u64>,
    pub builds: Vec<BuildBody>,
}

/// One build.
#[derive(Debug, Serialize, ToSchema)]
pub struct BuildBody {
    pub build: u32,
    #[schema(schema_with = schemas::build_state)]
    pub state: BuildState,
    #[schema(schema_with = schemas::optional_instant)]
    pub started_at: Option<Timestamp>,
    /// What was found wrong with it.
    pub note: Option<String>,
    pub events_folded: u64,
    /// Null while the store cannot be asked.
    pub events_recorded: Option<u64>,
    /// Until a build that is being filled has caught up, at the pace so far.
    pub seconds_left: Option<u64>,
    /// Streams that wait.
    pub parked: u64,
    pub shards: Vec<ShardBody>,
}

/// How far a build is in one shard.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShardBody {
    pub shard: u16,
    /// Of the last event folded; 0 before the first.
    pub position: u64,
    /// Of the last event recorded; null while the store cannot be asked.
    pub head: Option<u64>,
    #[schema(schema_with = schemas::optional_instant)]
    pub as_of: Option<Timestamp>,
    pub parked: u64,
}

/// A stream that waits in one build of a read model.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParkedBody {
    #[schema(schema_with = schemas::read_model)]
    pub projection: ReadModel,
    pub build: u32,
    /// Such as `order-0199…`.
    pub stream: String,
    pub shard: u16,
    pub event: ParkedEventBody,
    /// Why the event cannot be folded.
    pub cause: String,
    /// How many events wait, that one included.
    pub waiting: u64,
    #[schema(schema_with = schemas::instant)]
    pub parked_at: Timestamp,
    /// What was asked for and is not carried out yet.
    #[schema(schema_with = schemas::optional_repair_action)]
    pub requested: Option<RepairAction>,
    /// Why the last retry did not help.
    pub last_failure: Option<String>,
}

/// An event that was left out: what it changed stays missing until the read model is rebuilt.
#[derive(Debug, Serialize, ToSchema)]
pub struct SkippedBody {
    #[schema(schema_with = schemas::read_model)]
    pub projection: ReadModel,
    pub build: u32,
    pub stream: String,
    pub event: ParkedEventBody,
    pub cause: String,
    pub reason: Option<String>,
    /// Opaque.
    pub by: String,
    #[schema(schema_with = schemas::instant)]
    pub at: Timestamp,
}

/// An event that cannot be folded.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParkedEventBody {
    pub event_id: Uuid,
    pub r#type: String,
    pub version: u32,
    pub position: u64,
    #[schema(schema_with = schemas::instant)]
    pub recorded_at: Timestamp,
}

/// Everything of which something is missing.
#[derive(Debug, Serialize, ToSchema)]
pub struct ParkedList {
    pub data: Vec<ParkedBody>,
    pub skipped: Vec<SkippedBody>,
}

impl ProjectionBody {
    #[must_use]
    pub fn new(registration: &Registration, progress: &Progress, parked: &[ParkedStream]) -> Self {
        let name = registration.projection;
        let freshness = progress.freshness(&[name]);
        let heads = progress.heads();
        let builds = registration.builds.iter().map(|entry| {
            let waiting = parked
                .iter()
                .filter(|stream| (stream.projection, stream.build) == (name, entry.number));
            let mut by_shard = BTreeMap::new();
            for stream in waiting {
                let count: &mut u64 = by_shard.entry(stream.shard).or_default();
                *count = count.saturating_add(1);
            }
            let checkpoints = progress.checkpoints_of(name, entry.number);
            BuildBody::new(entry, &checkpoints, heads.as_deref(), &by_shard)
        });
        Self {
            name,
            version: registration.version,
            active_build: registration.active.0,
            lag_events: freshness.lag_events,
            lag_ms: freshness.lag_ms,
            builds: builds.collect(),
        }
    }
}

impl BuildBody {
    fn new(
        entry: &BuildEntry,
        checkpoints: &[Checkpoint],
        heads: Option<&Heads>,
        parked: &BTreeMap<Shard, u64>,
    ) -> Self {
        let shards: Vec<ShardBody> = checkpoints
            .iter()
            .map(|checkpoint| ShardBody {
                shard: checkpoint.shard.0,
                position: checkpoint.position.0,
                head: heads
                    .and_then(|heads| heads.positions.get(&checkpoint.shard))
                    .map(|head: &Position| head.0),
                as_of: checkpoint.as_of,
                parked: parked.get(&checkpoint.shard).copied().unwrap_or_default(),
            })
            .collect();
        let folded = shards.iter().map(|shard| shard.position).sum();
        let recorded = heads.map(|heads| heads.positions.values().map(|head| head.0).sum());
        let Build(build) = entry.number;
        Self {
            build,
            state: entry.state,
            started_at: entry.started_at,
            note: entry.note.clone(),
            events_folded: folded,
            events_recorded: recorded,
            seconds_left: recorded.and_then(|recorded| seconds_left(entry, folded, recorded)),
            parked: parked.values().sum(),
            shards,
        }
    }
}

/// At the pace since the start; `None` before the first event, and for what is not being filled.
fn seconds_left(entry: &BuildEntry, folded: u64, recorded: u64) -> Option<u64> {
    let started_at = entry
        .started_at
        .filter(|_| entry.state == BuildState::Filling)?;
    let now = Timestamp::from(clock::now());
    let elapsed_ms = u64::try_from(now.millis().saturating_sub(started_at.millis())).ok()?;
    let left = recorded.saturating_sub(folded);
    elapsed_ms
        .saturating_mul(left)
        .checked_div(folded)?
        .checked_div(1000)
}

impl From<ParkedStream> for ParkedBody {
    fn from(parked: ParkedStream) -> Self {
        Self {
            projection: parked.projection,
            build: parked.build.0,
            stream: parked.stream.to_string(),
            shard: parked.shard.0,
            event: parked.first.into(),
            cause: parked.cause,
            waiting: parked.waiting,
            parked_at: parked.parked_at,
            requested: parked.request.map(|request| request.action),
            last_failure: parked.last_failure.map(|failure| failure.cause),
        }
    }
}

impl From<SkippedEvent> for SkippedBody {
    fn from(skipped: SkippedEvent) -> Self {
        Self {
            projection: skipped.projection,
            build: skipped.build.0,
            stream: skipped.stream.to_string(),
            event: skipped.event.into(),
            cause: skipped.cause,
            reason: skipped.request.reason,
            by: skipped.request.by,
            at: skipped.request.at,
        }
    }
}

impl From<ParkedEvent> for ParkedEventBody {
    fn from(event: ParkedEvent) -> Self {
        Self {
            event_id: event.event_id.0,
            r#type: event.event_type,
            version: event.version.0,
            position: event.position.0,
            recorded_at: event.recorded_at,
        }
    }
}
