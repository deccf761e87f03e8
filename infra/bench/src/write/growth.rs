//! Growth: the same load before and after the store has grown to ten times its events.

use orderfold_stack::{Progress, Result, StackError};

use super::Plan;
use crate::{fill, load, report::Report, shots::Shots, stage::Stage, statistics::Spread, targets};

const PLACED: &str = "orderfold.order.placed.v1";

/// # Errors
/// When a command is refused, or something else is stored than was acknowledged.
pub async fn measure(
    stage: &Stage,
    shots: &Shots,
    plan: Plan,
    report: &mut Report,
    progress: &Progress,
) -> Result<()> {
    fill_to(stage, plan.growth_from, progress).await?;
    let small = rates(stage, shots, plan, report, progress).await?;
    fill_to(stage, plan.growth_from * 10, progress).await?;
    let large = rates(stage, shots, plan, report, progress).await?;
    let what = |events: u64| format!("service on {events} events");
    report.figure("growth", what(plan.growth_from), "/s", Spread::of(&small)?);
    report.figure(
        "growth",
        what(plan.growth_from * 10),
        "/s",
        Spread::of(&large)?,
    );
    report.find(targets::GROWTH, Spread::of_ratios(&small, &large)?);
    Ok(())
}

async fn fill_to(stage: &Stage, events: u64, progress: &Progress) -> Result<()> {
    let (_, before) = published(stage).await?;
    let missing = events.saturating_sub(before);
    let step = progress.counted(format!("filling the store to {events} events"), missing);
    fill::orders(stage, missing, &step).await?;
    step.done();
    let step = progress.step("waiting for the relay");
    stage.relayed().await?;
    step.done();
    let (_, after) = published(stage).await?;
    if after < events {
        return Err(StackError::failed(
            "fill the store",
            format!("it holds {after} events"),
        ));
    }
    Ok(())
}

async fn published(stage: &Stage) -> Result<(u64, u64)> {
    stage.relayed().await?;
    stage.relay_lag().await
}

async fn rates(
    stage: &Stage,
    shots: &Shots,
    plan: Plan,
    report: &mut Report,
    progress: &Progress,
) -> Result<Vec<f64>> {
    let step = progress.counted("growth: placing orders", u64::from(plan.pairs));
    let mut rates = Vec::new();
    for turn in 0..plan.pairs {
        let before = stage.stored(PLACED).await?;
        let tally = load::closed(&stage.api, &|| shots.place(), plan.window)
            .await?
            .all_accepted()?;
        let stored = stage.stored(PLACED).await? - before;
        report.check("growth", tally.accepted, stored, tally.retried)?;
        rates.push(tally.in_time as f64 / plan.window.as_secs_f64());
        stage.relayed().await?;
        step.set(u64::from(turn) + 1);
    }
    step.done();
    Ok(rates)
}
