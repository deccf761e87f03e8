//! Waiting with a limit, and with words for what is waited for.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use crate::error::{Result, StackError};

const PAUSE: Duration = Duration::from_millis(50);

/// What one look found: done, not yet (and what was seen), or never.
pub enum Seen<T> {
    Done(T),
    NotYet(String),
    Never(StackError),
}

/// Looks again and again until it is done, can never be, or `limit` has passed.
///
/// # Errors
/// `TimedOut` with what was seen last, or whatever `look` says can never be.
pub async fn until<T, F>(awaited: &str, limit: Duration, mut look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Seen<T>>,
{
    let begun = Instant::now();
    let mut last_seen = "nothing yet".to_owned();
    loop {
        let left = limit.saturating_sub(begun.elapsed());
        match tokio::time::timeout(left, look()).await {
            Ok(Seen::Done(value)) => return Ok(value),
            Ok(Seen::Never(error)) => return Err(error),
            Ok(Seen::NotYet(seen)) => last_seen = seen,
            Err(_elapsed) => {}
        }
        if begun.elapsed() >= limit {
            return Err(StackError::TimedOut {
                awaited: awaited.to_owned(),
                limit,
                last_seen,
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
}
