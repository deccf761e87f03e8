//! The open loop: commands are due at moments that no answer moves, and each latency counts from when its command was
//! due, so that a stall is paid by everything that was due meanwhile (no coordinated omission).

use std::{
    cell::Cell,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use futures::future::try_join_all;
use orderfold_stack::Result;
use tokio::sync::Semaphore;

use super::{Api, CLIENTS, Connection, Shot, Tally};
use crate::statistics::{Latencies, arrivals};

/// # Errors
/// When a connection breaks.
pub async fn open(
    api: &Api,
    shots: &dyn Fn() -> Shot,
    per_second: f64,
    during: Duration,
) -> Result<(Tally, Latencies)> {
    let opening = std::iter::repeat_with(|| Connection::open(api)).take(CLIENTS);
    let connections = try_join_all(opening).await?;
    let due = Arc::new(arrivals(per_second, during));
    let begun = Instant::now();
    let ready = pace(due.clone(), begun);
    let next = Cell::new(0_usize);
    let (due, ready, next) = (&due, &ready, &next);
    let callers = connections.into_iter().map(|mut connection| async move {
        let (mut tally, mut latencies) = (Tally::default(), Latencies::new()?);
        while let Ok(permit) = ready.acquire().await {
            permit.forget();
            let Some(at) = due.get(next.replace(next.get() + 1)) else {
                break;
            };
            let answer = connection.send(api, shots()).await?;
            latencies.record(begun.elapsed().saturating_sub(*at));
            tally.count(answer, true);
        }
        Ok((tally, latencies))
    });
    let mut all = (Tally::default(), Latencies::new()?);
    for (tally, latencies) in try_join_all(callers).await? {
        all.0.add(tally);
        all.1.merge(&latencies)?;
    }
    Ok(all)
}

/// Lets commands go when they are due, and at the end as many callers as there are. A thread of its own: the
/// runtime's timers know only milliseconds.
fn pace(due: Arc<Vec<Duration>>, begun: Instant) -> Arc<Semaphore> {
    let ready = Arc::new(Semaphore::new(0));
    let permits = ready.clone();
    thread::spawn(move || {
        for at in due.iter() {
            thread::sleep(at.saturating_sub(begun.elapsed()));
            permits.add_permits(1);
        }
        permits.add_permits(CLIENTS);
    });
    ready
}
