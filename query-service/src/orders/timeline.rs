//! The events of an order as callers see them.

use orderfold_events::{Coordinate, Personal, Timestamp, Version};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{http::schemas, keys::Opener, projections::order_timeline::TimelineEntry};

/// One event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TimelineEventBody {
    pub event_id: Uuid,
    /// Such as `orderfold.order.placed.v1`.
    pub r#type: String,
    #[schema(schema_with = schemas::version)]
    pub version: Version,
    pub coordinate: CoordinateBody,
    /// Who caused it: the kind of caller, and an opaque id.
    pub actor: String,
    #[schema(schema_with = schemas::instant)]
    pub occurred_at: Timestamp,
    #[schema(schema_with = schemas::instant)]
    pub recorded_at: Timestamp,
    /// What the event says. `personal` is null without the scope `customers:personal`.
    #[schema(value_type = Object)]
    pub data: Map<String, Value>,
}

/// Where an event stands in the log.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct CoordinateBody {
    pub epoch: u32,
    pub shard: u16,
    pub position: u64,
}

impl TimelineEventBody {
    /// The event for a caller who may, or may not, see what is personal.
    #[must_use]
    pub fn new(entry: TimelineEntry, opener: &Opener) -> Self {
        // What is recorded is an object; anything else would show as an empty one.
        let mut data: Map<String, Value> = serde_json::from_str(&entry.data).unwrap_or_default();
        if let Some(part) = data.get_mut("personal") {
            // The form it is recorded in is no business of callers.
            let recorded = serde_json::from_value::<Personal<Value>>(part.take());
            let plain = recorded.ok().and_then(|recorded| opener.open(&recorded));
            *part = plain.unwrap_or(Value::Null);
        }
        Self {
            event_id: entry.event_id.0,
            r#type: entry.event_type,
            version: entry.version,
            coordinate: entry.coordinate.into(),
            actor: entry.actor.0,
            occurred_at: entry.occurred_at,
            recorded_at: entry.recorded_at,
            data,
        }
    }
}

impl From<Coordinate> for CoordinateBody {
    fn from(coordinate: Coordinate) -> Self {
        Self {
            epoch: coordinate.epoch.0,
            shard: coordinate.shard.0,
            position: coordinate.position.0,
        }
    }
}
