//! Folding: a backlog that grew while the service was down is folded into every read model, against the same documents
//! written by batched `update` commands. The clock starts with the process, so that finding its place counts too.

use std::time::Instant;

use orderfold_stack::{Progress, Result};

use super::{Plan, scene::Scene};
use crate::{report::Report, statistics::Spread, targets};

/// # Errors
/// When a backlog is not folded, or MongoDB refuses.
pub async fn measure(
    scene: &Scene,
    plan: Plan,
    report: &mut Report,
    progress: &Progress,
) -> Result<()> {
    let (mut service, mut bare) = (Vec::new(), Vec::new());
    let step = progress.counted("projection: taking turns", u64::from(plan.pairs));
    for pair in 0..plan.pairs {
        service.push(fold(scene, plan, report, progress).await?);
        let backlog = (plan.backlog, scene.events_per_order);
        bare.push(scene.views.update(backlog).await?);
        step.set(u64::from(pair) + 1);
    }
    step.done();
    let part = "projection";
    report.figure(part, "events, every view", "/s", Spread::of(&service)?);
    report.figure(
        part,
        "events, their updates alone",
        "/s",
        Spread::of(&bare)?,
    );
    report.find(targets::PROJECTION, Spread::of_ratios(&service, &bare)?);
    Ok(())
}

async fn fold(scene: &Scene, plan: Plan, report: &mut Report, progress: &Progress) -> Result<f64> {
    scene.folded().await?;
    scene.look_at_memory()?;
    let service = scene.service()?;
    service.stop().await?;
    let before = scene.events().await?;
    let orders = scene.views.count("order_list").await?;
    scene.grow(plan.backlog, progress).await?;
    let begun = Instant::now();
    service.spawn()?;
    scene.folded().await?;
    let seconds = begun.elapsed().as_secs_f64();
    service.wait_until_ready().await?;
    let folded = scene.events().await? - before;
    report.check(
        "projection, events",
        plan.backlog * scene.events_per_order,
        folded,
        0,
    )?;
    let orders = scene.views.count("order_list").await? - orders;
    report.check("projection, orders", plan.backlog, orders, 0)?;
    Ok(folded as f64 / seconds)
}
