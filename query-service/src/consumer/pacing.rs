//! How long to wait before trying again: doubling from a few milliseconds, since most hindrances are other
//! transactions that are done in no time.

use std::time::Duration;

use tokio::time::sleep;

const FIRST: Duration = Duration::from_millis(4);

/// Waits that double up to a bound.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
    max: Duration,
}

impl Backoff {
    pub(super) fn new(max: Duration) -> Self {
        Self { next: FIRST, max }
    }

    pub(super) async fn wait(&mut self) {
        let now = self.next;
        self.next = now.saturating_mul(2).min(self.max);
        sleep(now).await;
    }
}
