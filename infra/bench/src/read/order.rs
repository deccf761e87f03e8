//! One order: as many callers as there are ask for one order each, through the service and straight from MongoDB.

use std::cell::Cell;

use orderfold_stack::{Progress, Result, StackError};
use serde::Deserialize;
use sqlx::Row;
use uuid::Uuid;

use super::{Plan, scene::Scene};
use crate::{
    load::{self, CLIENTS, Shot},
    report::Report,
    stage::store_error,
    statistics::Spread,
    targets,
};

/// Orders whose answers are compared with the store.
const COMPARED: usize = 100;

/// # Errors
/// When an order is not found or not as it should be, or MongoDB refuses.
pub async fn measure(
    scene: &Scene,
    plan: Plan,
    report: &mut Report,
    progress: &Progress,
) -> Result<()> {
    let orders = scene.shots.orders();
    let right = compare(scene, orders).await?;
    let compared = orders.len().min(COMPARED);
    let compared = u64::try_from(compared).unwrap_or(u64::MAX);
    report.check("order, answers as the store has them", compared, right, 0)?;
    let next = Cell::new(0_usize);
    let shot = || {
        let order = orders.get(next.replace(next.get() + 1) % orders.len().max(1));
        Shot::get(format!("/v1/orders/{}", order.copied().unwrap_or_default()))
    };
    let (mut service, mut bare) = (Vec::new(), Vec::new());
    let step = progress.counted("order: taking turns", u64::from(plan.pairs));
    for pair in 0..plan.pairs {
        let find = || scene.views.find(orders, CLIENTS, plan.window);
        if pair % 2 == 1 {
            bare.push(find().await?);
        }
        let tally = load::closed(&scene.api, &shot, plan.window).await?;
        let tally = tally.all_accepted()?;
        service.push(tally.in_time as f64 / plan.window.as_secs_f64());
        if pair % 2 == 0 {
            bare.push(find().await?);
        }
        step.set(u64::from(pair) + 1);
    }
    step.done();
    let part = "order";
    report.figure(part, "GET of one order", "/s", Spread::of(&service)?);
    report.figure(part, "find_one", "/s", Spread::of(&bare)?);
    report.find(targets::GET_ORDER, Spread::of_ratios(&service, &bare)?);
    Ok(())
}

/// How many of some orders the service shows in the version that the store has.
async fn compare(scene: &Scene, orders: &[Uuid]) -> Result<u64> {
    #[derive(Deserialize)]
    struct Shown {
        version: i32,
    }
    if orders.is_empty() {
        return Err(StackError::failed("ask for orders", "there are none"));
    }
    let mut right = 0;
    for order in orders.iter().take(COMPARED) {
        let shown: Shown = scene.ask(&format!("/v1/orders/{order}")).await?;
        let row = sqlx::query("select version from stream where stream_id = $1")
            .bind(format!("order-{order}"))
            .fetch_one(&scene.stage.store)
            .await
            .map_err(store_error)?;
        let version: i32 = row.try_get("version").map_err(store_error)?;
        right += u64::from(version == shown.version);
    }
    Ok(right)
}
