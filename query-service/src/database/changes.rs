//! What is added to `order_timeline`, in the build that answers, as it is committed: one change stream.

use std::time::Duration;

use bson::{Bson, doc};
use futures::StreamExt;
use mongodb::change_stream::{
    ChangeStream,
    event::{ChangeStreamEvent, ResumeToken},
};
use orderfold_events::{Coordinate, CustomerId, EventId, OrderId, Timestamp, Version};
use serde::{Deserialize, Serialize};

use super::{Attempt, Database, DatabaseError, collections::ORDER_TIMELINE, stored};

/// An event of an order, without its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineHead {
    #[serde(rename = "_id", with = "stored::id")]
    pub event_id: EventId,
    #[serde(with = "stored::id")]
    pub order_id: OrderId,
    #[serde(with = "stored::id")]
    pub customer_id: CustomerId,
    pub version: Version,
    pub event_type: String,
    pub coordinate: Coordinate,
    #[serde(with = "stored::time")]
    pub occurred_at: Timestamp,
    #[serde(with = "stored::time")]
    pub recorded_at: Timestamp,
}

/// A place in the stream of changes. Places are the same for every replica, and their texts are in order.
#[derive(Debug, Clone)]
pub struct Place {
    token: ResumeToken,
    text: String,
}

impl Place {
    /// Hexadecimal digits.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Where to begin.
#[derive(Debug, Clone)]
pub enum Since {
    /// A while ago, by our clock.
    Recent {
        now: Timestamp,
        ago: Duration,
    },
    After(Place),
    Now,
}

/// The changes from some place on.
pub struct Changes(ChangeStream<ChangeStreamEvent<TimelineHead>>);

impl Database {
    /// Follows what is added to `order_timeline`.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away, or does not reach back so far.
    pub async fn timeline_changes(&self, since: Since) -> Result<Changes, DatabaseError> {
        let pipeline = [
            doc! { "$match": { "operationType": "insert" } },
            doc! { "$project": { "fullDocument.data": 0 } },
        ];
        let collection = self.collection::<TimelineHead>(ORDER_TIMELINE);
        let watch = collection.watch().pipeline(pipeline);
        let watch = match since {
            Since::Now => watch,
            Since::After(place) => watch.resume_after(place.token),
            Since::Recent { now, ago } => {
                let ago = i64::try_from(ago.as_secs()).unwrap_or(i64::MAX);
                let seconds = (now.millis() / 1000).saturating_sub(ago);
                let time = u32::try_from(seconds).unwrap_or_default();
                watch.start_at_operation_time(bson::Timestamp { time, increment: 1 })
            }
        };
        watch
            .await
            .attempt("follow the changes of the timeline")
            .map(Changes)
    }
}

impl Changes {
    /// The next change; `None` when the collection is no more.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away for long, or the place is lost.
    pub async fn next(&mut self) -> Result<Option<(Place, TimelineHead)>, DatabaseError> {
        let attempt = "read the next change of the timeline";
        while let Some(change) = self.0.next().await {
            let change = change.attempt(attempt)?;
            let Some(document) = change.full_document else {
                continue;
            };
            let text = match bson::serialize_to_bson(&change.id).attempt(attempt)? {
                Bson::Document(token) => token.get_str("_data").unwrap_or_default().to_owned(),
                _ => String::new(),
            };
            let place = Place {
                token: change.id,
                text,
            };
            return Ok(Some((place, document)));
        }
        Ok(None)
    }
}
