//! One event to one [`TimelineEntry`].

use orderfold_events::{Envelope, Event};

use super::TimelineEntry;
use crate::projections::order_of;

/// The entry of an event, `data` being the JSON text it was recorded with; `None` for events of no order.
#[must_use]
pub fn entry(envelope: &Envelope, event: &Event, data: &str) -> Option<TimelineEntry> {
    let (order_id, order) = order_of(event)?;
    Some(TimelineEntry {
        event_id: envelope.event_id,
        order_id,
        customer_id: order.summary.customer_id,
        version: envelope.version,
        event_type: envelope.event_type.clone(),
        coordinate: envelope.coordinate,
        actor: envelope.actor.clone(),
        occurred_at: envelope.occurred_at,
        recorded_at: envelope.recorded_at,
        data: data.to_owned(),
    })
}
