//! Reading from the store what Kafka did not give: one page of a shard at a time, in the background, so that the
//! other shards go on meanwhile.

use std::{sync::Arc, time::Duration};

use orderfold_events::{Position, Shard, ShardCount};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tracing::warn;

use super::{
    Shared,
    pacing::Backoff,
    record::{Record, Source},
};
use crate::{
    progress::Assignment,
    store::{FeedEvent, StoreError},
};

const RETRY_MAX: Duration = Duration::from_secs(2);

/// Events of one shard from the feed.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) shard: Shard,
    pub(super) assignment: Assignment,
    /// They follow this position without a gap.
    pub(super) after: Position,
    pub(super) records: Vec<Arc<Record>>,
    /// Why there are none, when there should be some.
    pub(super) failure: Option<String>,
    /// Given back when the page is done with.
    _permit: OwnedSemaphorePermit,
}

/// What to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub(super) shard: Shard,
    pub(super) assignment: Assignment,
    pub(super) after: Position,
}

/// Reads one page and hands it over; tries for as long as the shard is ours.
pub(super) async fn fill(
    shared: Shared,
    shards: ShardCount,
    wish: Wish,
    pages: mpsc::UnboundedSender<Page>,
) {
    let Ok(permit) = Arc::clone(&shared.feed_pages).acquire_owned().await else {
        return;
    };
    let mut backoff = Backoff::new(RETRY_MAX);
    while shared
        .progress
        .assignments()
        .holds(wish.shard, wish.assignment)
    {
        let (events, failure) = match read(&shared, wish).await {
            Ok(events) => (events, None),
            Err(error) if error.is_lasting() => (Vec::new(), Some(error.to_string())),
            Err(error) => {
                say(&error, wish.shard);
                let waited = shared.cancel.run_until_cancelled(backoff.wait()).await;
                if waited.is_none() {
                    return;
                }
                continue;
            }
        };
        let records = events
            .into_iter()
            .map(|FeedEvent { envelope, data }| {
                Arc::new(Record::read(envelope, &data, shards, Source::Feed))
            })
            .collect();
        // The projector is gone only when the service stops.
        let _ = pages.send(Page {
            shard: wish.shard,
            assignment: wish.assignment,
            after: wish.after,
            records,
            failure,
            _permit: permit,
        });
        return;
    }
}

fn say(error: &StoreError, shard: Shard) {
    let error = error as &dyn std::error::Error;
    warn!(error, shard = shard.0, "the feed cannot be read");
}

/// The table of histories first: what is read is judged by it.
async fn read(shared: &Shared, wish: Wish) -> Result<Vec<FeedEvent>, StoreError> {
    shared.progress.read_heads().await?;
    shared.store.feed(wish.shard, wish.after).await
}
