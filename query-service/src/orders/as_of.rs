//! An order as it was: its events up to a version, or up to a time, folded anew by the very fold of the live view.

use orderfold_events::{
    DecodeError, Envelope, Event, EventId, StreamId, Timestamp, Version, order::OrderEvent,
};
use uuid::Uuid;

use crate::projections::{
    Contradiction, DocumentView,
    order_detail::{OrderDetail, OrderDocument},
    order_timeline::TimelineEntry,
};

/// Which past state is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// After the event of this version.
    Version(Version),
    /// As at this time: the longest run of versions from the first whose events all occurred by then.
    Time(Timestamp),
}

/// The events of an order do not fold; they did once, so this is damage.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    #[error("an event of the timeline cannot be read")]
    Decode(#[from] DecodeError),
    #[error("an event of the timeline cannot be folded")]
    Contradiction(#[from] Contradiction),
}

/// An order on its way to a past state, page by page of its timeline.
#[derive(Debug)]
pub struct Replay {
    moment: Moment,
    order: Option<OrderDocument>,
}

impl Replay {
    #[must_use]
    pub const fn to(moment: Moment) -> Self {
        Self {
            moment,
            order: None,
        }
    }

    /// The version that was reached.
    #[must_use]
    pub fn version(&self) -> Version {
        self.order
            .as_ref()
            .map_or(Version::NONE, |order| order.version)
    }

    /// Folds the next entries; false when the past state is reached and what follows is of no concern. Behind an event
    /// that is not there, because it was skipped, nobody knows what the order was.
    ///
    /// # Errors
    /// [`PastError`] when the entries are damaged.
    pub fn fold(&mut self, entries: &[TimelineEntry]) -> Result<bool, PastError> {
        for entry in entries {
            if !self.includes(entry) {
                return Ok(false);
            }
            if entry.version != self.version().plus(1) {
                self.order = None;
                return Ok(false);
            }
            let event = OrderEvent::decode(&entry.event_type, entry.data.as_bytes())?;
            let event = Event::Order(Box::new(event));
            if let Some((_, fact)) = OrderDetail::select(&event) {
                let folded = OrderDetail::fold(self.order.take(), &envelope(entry), fact)?;
                self.order = Some(folded);
            }
        }
        Ok(true)
    }

    fn includes(&self, entry: &TimelineEntry) -> bool {
        match self.moment {
            Moment::Version(version) => entry.version <= version,
            Moment::Time(time) => entry.occurred_at <= time,
        }
    }

    /// The order as it was; `None` where it was not there then, or never had the version.
    #[must_use]
    pub fn order(self) -> Option<OrderDocument> {
        let moment = self.moment;
        self.order.filter(|order| match moment {
            Moment::Version(version) => order.version == version,
            Moment::Time(_) => true,
        })
    }
}

/// What the fold looks at of an envelope; the links of the log are not kept in the timeline.
fn envelope(entry: &TimelineEntry) -> Envelope {
    Envelope {
        event_id: entry.event_id,
        event_type: entry.event_type.clone(),
        stream: StreamId::Order(entry.order_id),
        version: entry.version,
        coordinate: entry.coordinate,
        previous_id: EventId::NIL,
        occurred_at: entry.occurred_at,
        recorded_at: entry.recorded_at,
        correlation_id: Uuid::nil(),
        causation_id: Uuid::nil(),
        actor: entry.actor.clone(),
        traceparent: None,
    }
}
