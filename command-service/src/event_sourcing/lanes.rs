//! Lanes: commands to one stream that arrive at one replica are decided one after the other, so that they do not make
//! each other stale. For streams that saves work only, and what keeps decisions right is the read set. Payments over several
//! orders need the turns themselves: what they look up in claims shows only what is committed.

use std::{sync::Arc, time::Duration};

use moka::future::Cache;
use orderfold_events::StreamId;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// A lane nobody uses is forgotten after this time.
const LANE_IDLE: Duration = Duration::from_mins(1);
const LANES_MAX: u64 = 100_000;

#[derive(Clone)]
pub struct Lanes {
    lanes: Cache<StreamId, Arc<Mutex<()>>>,
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            lanes: Cache::builder()
                .max_capacity(LANES_MAX)
                .time_to_idle(LANE_IDLE)
                .build(),
        }
    }
}

impl Lanes {
    /// Waits for the stream's lane and holds it until the guard is dropped.
    pub async fn enter(&self, stream: StreamId) -> OwnedMutexGuard<()> {
        let lane = self.lanes.get_with(stream, async { Arc::default() }).await;
        lane.lock_owned().await
    }
}
