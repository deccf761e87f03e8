//! The closed loop: every caller sends its next command when it has the answer to the one before. It shows capacity
//! and nothing about latency.

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use orderfold_stack::Result;

use super::{Api, CLIENTS, Connection, Shot, Tally};

/// # Errors
/// When a connection breaks.
pub async fn closed(api: &Api, shots: &dyn Fn() -> Shot, during: Duration) -> Result<Tally> {
    let opening = std::iter::repeat_with(|| Connection::open(api)).take(CLIENTS);
    let connections = try_join_all(opening).await?;
    let end = Instant::now() + during;
    let callers = connections.into_iter().map(|mut connection| async move {
        let mut tally = Tally::default();
        while Instant::now() < end {
            let answer = connection.send(api, shots()).await?;
            tally.count(answer, Instant::now() < end);
        }
        Ok(tally)
    });
    let mut all = Tally::default();
    for tally in try_join_all(callers).await? {
        all.add(tally);
    }
    Ok(all)
}
