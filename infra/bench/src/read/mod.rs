//! The read benchmark: what is measured, in which order, and what is found.

mod lives;
mod order;
mod pages;
mod projection;
mod rebuild;
mod scene;
mod visible;

use std::{process::ExitCode, time::Duration};

use orderfold_stack::{Progress, Result};
use serde::Deserialize;

use crate::{
    arguments::{ReadOptions, ReadPart},
    fill::{PLACED_FROM, PLACED_TO},
    report::Report,
    statistics::Spread,
    targets,
};
use scene::Scene;

/// How many times the orders of the smaller store are in the larger one.
const GROWTH: u64 = 10;
const KIB_PER_MIB: f64 = 1024.0;

/// How much of everything.
#[derive(Debug, Clone, Copy)]
struct Plan {
    pairs: u32,
    window: Duration,
    /// Orders of the smaller store.
    orders: u64,
    /// Orders that are placed while nothing folds.
    backlog: u64,
    /// Payments that are looked for, in each turn.
    samples: usize,
    /// For each page, in each turn.
    requests: u32,
}

impl Plan {
    fn of(options: &ReadOptions) -> Self {
        let size = &options.size;
        let seconds = |normal| Duration::from_secs(u64::from(size.seconds.unwrap_or(normal)));
        let orders = |normal| u64::from(options.orders.unwrap_or(normal));
        if size.quick {
            return Self {
                pairs: size.pairs.unwrap_or(3),
                window: seconds(2),
                orders: orders(1_000),
                backlog: 1_000,
                samples: 20,
                requests: 10,
            };
        }
        Self {
            pairs: size.pairs.unwrap_or(5),
            window: seconds(5),
            orders: orders(20_000),
            backlog: 6_000,
            samples: 200,
            requests: 200,
        }
    }
}

/// Runs the parts, prints the table and writes the files.
///
/// # Errors
/// When something cannot be measured, or what is read is not what is stored.
pub async fn read(options: &ReadOptions, progress: &Progress) -> Result<ExitCode> {
    let plan = Plan::of(options);
    let mut report = Report::new(plan.pairs, plan.window);
    let scene = Scene::set(progress).await?;
    scene.grow_to(plan.orders, progress).await?;
    if options.wants(ReadPart::Rebuild) {
        rebuild::measure(&scene, plan, &mut report, progress).await?;
    }
    if options.wants(ReadPart::Order) {
        order::measure(&scene, plan, &mut report, progress).await?;
    }
    if options.wants(ReadPart::Visible) {
        visible::measure(&scene, plan, &mut report, progress).await?;
    }
    if options.wants(ReadPart::Projection) {
        projection::measure(&scene, plan, &mut report, progress).await?;
    }
    if options.wants(ReadPart::Pages) {
        scene.grow_to(plan.orders * GROWTH, progress).await?;
        let small = Scene::set(progress).await?;
        small.grow_to(plan.orders, progress).await?;
        pages::measure(&small, &scene, plan, &mut report, progress).await?;
        small.stage.stack.stop().await?;
    }
    scene.look_at_memory()?;
    let peak = scene.peak_kib.get() as f64 / KIB_PER_MIB;
    report.find(targets::QUERY_MEMORY, Spread::single(peak));
    prove(&scene, &mut report).await?;
    scene.stage.stack.stop().await?;
    report.publish("read", &options.size.folder(options.only.is_empty()))?;
    Ok(ExitCode::SUCCESS)
}

/// That the report of sales knows every order that was copied into the store.
async fn prove(scene: &Scene, report: &mut Report) -> Result<()> {
    #[derive(Deserialize)]
    struct Sales {
        totals: Totals,
    }
    #[derive(Deserialize)]
    struct Totals {
        orders: u64,
    }
    let path =
        format!("/v1/reports/sales?from={PLACED_FROM}&to={PLACED_TO}&interval=year&currency=USD");
    let sales: Sales = scene.ask(&path).await?;
    let copies = scene.copies().await?;
    report.check(
        "orders, as sales report them",
        copies,
        sales.totals.orders,
        0,
    )
}
