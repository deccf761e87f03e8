//! The read model `order_timeline`: the audit trail of orders, one document per event, never changed once written.

mod fold;

use orderfold_events::{Actor, Coordinate, CustomerId, EventId, OrderId, Timestamp, Version};
use serde::{Deserialize, Serialize};

use crate::database::stored;

pub use fold::entry;

/// Marker of the projection.
#[derive(Debug, Clone, Copy)]
pub struct OrderTimeline;

/// One event of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    #[serde(rename = "_id", with = "stored::id")]
    pub event_id: EventId,
    #[serde(with = "stored::id")]
    pub order_id: OrderId,
    #[serde(with = "stored::id")]
    pub customer_id: CustomerId,
    pub version: Version,
    pub event_type: String,
    pub coordinate: Coordinate,
    pub actor: Actor,
    #[serde(with = "stored::time")]
    pub occurred_at: Timestamp,
    #[serde(with = "stored::time")]
    pub recorded_at: Timestamp,
    /// The event's data: the very JSON text that was recorded, so that nothing of it is lost in between.
    pub data: String,
}
