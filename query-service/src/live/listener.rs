//! One listener: what of the changes it may see, and when it ends.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::response::sse::Event;
use futures::{Stream, stream};
use orderfold_events::{CustomerId, Timestamp};
use serde::Serialize;
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use uuid::Uuid;

use super::hub::{Change, Live, Seat, Signal};
use crate::{http::schemas, orders::timeline::CoordinateBody};

/// A listener is let go after so long, and comes back with a token that still holds.
const LISTEN_MAX: Duration = Duration::from_mins(15);

/// What is told of one event; the order says the rest.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveEventBody {
    pub event_id: Uuid,
    /// Such as `orderfold.order.placed.v1`.
    pub r#type: String,
    pub order_id: Uuid,
    pub customer_id: Uuid,
    #[schema(schema_with = schemas::version)]
    pub version: orderfold_events::Version,
    pub coordinate: CoordinateBody,
    #[schema(schema_with = schemas::instant)]
    pub occurred_at: Timestamp,
    #[schema(schema_with = schemas::instant)]
    pub recorded_at: Timestamp,
}

impl From<&Change> for LiveEventBody {
    fn from(change: &Change) -> Self {
        let head = &change.head;
        Self {
            event_id: head.event_id.0,
            r#type: head.event_type.clone(),
            order_id: head.order_id.0,
            customer_id: head.customer_id.0,
            version: head.version,
            coordinate: head.coordinate.into(),
            occurred_at: head.occurred_at,
            recorded_at: head.recorded_at,
        }
    }
}

struct Listener {
    /// Sees only this customer's orders, where there is one.
    owner: Option<CustomerId>,
    opening: VecDeque<Event>,
    missed: VecDeque<Arc<Change>>,
    signals: broadcast::Receiver<Signal>,
    stop: CancellationToken,
    until: Instant,
    is_done: bool,
    _seat: tokio::sync::OwnedSemaphorePermit,
}

/// The events for one listener; it ends when the service stops, after a while, or when the listener is too slow.
pub(super) fn events(
    live: &Live,
    seat: Seat,
    owner: Option<CustomerId>,
) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let mut opening = VecDeque::from([Event::default().comment("listening")]);
    if seat.is_lost {
        opening.push_back(reset());
    }
    let listener = Listener {
        owner,
        opening,
        missed: seat.missed,
        signals: seat.signals,
        stop: live.stop.clone(),
        until: Instant::now() + LISTEN_MAX,
        is_done: false,
        _seat: seat.permit,
    };
    stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    })
}

impl Listener {
    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.opening.pop_front() {
            return Some(event);
        }
        while !self.is_done {
            if let Some(change) = self.missed.pop_front() {
                match self.tell(&change) {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let signal = tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                () = sleep_until(self.until) => return None,
                signal = self.signals.recv() => signal,
            };
            match signal {
                Ok(Signal::Change(change)) => {
                    if let Some(event) = self.tell(&change) {
                        return Some(event);
                    }
                }
                Ok(Signal::Reset) => return Some(reset()),
                Err(RecvError::Lagged(_)) => {
                    self.is_done = true;
                    return Some(reset());
                }
                Err(RecvError::Closed) => return None,
            }
        }
        None
    }

    /// The event of a change that the listener may see.
    fn tell(&self, change: &Change) -> Option<Event> {
        if self
            .owner
            .is_some_and(|owner| owner != change.head.customer_id)
        {
            return None;
        }
        let data = serde_json::to_string(&LiveEventBody::from(change)).ok()?;
        let event = Event::default().event("order").id(change.id.to_string());
        Some(event.data(data))
    }
}

/// Changes were missed: whoever shows something reads it anew. The empty id makes a browser forget the last one.
fn reset() -> Event {
    Event::default().event("reset").id("").data("{}")
}
