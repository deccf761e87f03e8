//! Latency at half of the service's capacity: open loop for the service, and pgbench at the same rate.

use orderfold_stack::{Progress, Result};

use super::contest::{Contest, Match};
use crate::{load, report::Report, stage::count, statistics::Spread, targets};

const PERCENTILE: f64 = 99.0;

/// # Errors
/// When a side fails, refuses, or stored something else than it acknowledged.
pub async fn measure(
    contest: &Contest<'_>,
    place: &Match<'_>,
    per_second: f64,
    report: &mut Report,
    progress: &Progress,
) -> Result<()> {
    let (mut service, mut pgbench, mut middles) = (Vec::new(), Vec::new(), Vec::new());
    let step = progress.counted("latency: taking turns", u64::from(contest.plan.pairs));
    let window = contest.plan.window;
    for pair in 0..contest.plan.pairs {
        let store = &contest.stage.store;
        let before = count(store, &place.sample.event_type).await?;
        let (tally, latencies) =
            load::open(&contest.stage.api, place.service, per_second, window).await?;
        let tally = tally.all_accepted()?;
        let stored = count(store, &place.sample.event_type).await? - before;
        report.check("latency, service", tally.accepted, stored, tally.retried)?;
        service.push(latencies.percentile_ms(PERCENTILE));
        middles.push(latencies.percentile_ms(50.0));
        contest.stage.relayed().await?;
        let run = contest
            .pgbench
            .run(place.streams, place.sample, Some(per_second), window);
        pgbench.push(run.await?.latencies.percentile_ms(PERCENTILE));
        step.set(u64::from(pair) + 1);
    }
    step.done();
    report.figure("latency", "rate of both", "/s", Spread::single(per_second));
    report.figure("latency", "service, median", "ms", Spread::of(&middles)?);
    report.figure(
        "latency",
        "service, 99th percentile",
        "ms",
        Spread::of(&service)?,
    );
    report.figure(
        "latency",
        "pgbench, 99th percentile",
        "ms",
        Spread::of(&pgbench)?,
    );
    report.find(
        targets::LATENCY_PGBENCH,
        Spread::of_ratios(&service, &pgbench)?,
    );
    Ok(())
}
