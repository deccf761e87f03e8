//! Pages: one caller turns through lists, searches and reports of two systems that are there at the same time, one with
//! ten times the orders of the other, a request here and a request there. The page that lost most counts.

use std::time::{Duration, Instant};

use orderfold_stack::{Progress, Result, StackError};
use serde_json::Value;

use super::{GROWTH, Plan, scene::Scene};
use crate::{
    fill::{PLACED_FROM, PLACED_TO},
    load::{Connection, Shot},
    report::Report,
    statistics::{Latencies, Spread},
    targets,
};

const PERCENTILE: f64 = 99.0;

struct Page {
    what: &'static str,
    path: String,
}

/// The pages of one system, and a caller who asks for them.
struct Reader<'a> {
    scene: &'a Scene,
    pages: Vec<Page>,
    connection: Connection,
}

/// The percentile of every round of a page, in milliseconds.
#[derive(Default)]
struct Rounds {
    small: Vec<f64>,
    large: Vec<f64>,
}

/// # Errors
/// When a page is refused or shows nothing.
pub async fn measure(
    small: &Scene,
    large: &Scene,
    plan: Plan,
    report: &mut Report,
    progress: &Progress,
) -> Result<()> {
    for scene in [small, large] {
        scene.views.settle().await?;
    }
    let mut small = Reader::open(small).await?;
    let mut large = Reader::open(large).await?;
    let mut all: Vec<_> = large.pages.iter().map(|_| Rounds::default()).collect();
    let step = progress.counted(
        format!("pages: turning through {} of them", all.len()),
        u64::from(plan.pairs),
    );
    for round in 0..plan.pairs {
        for (page, rounds) in all.iter_mut().enumerate() {
            let (mut here, mut there) = (Latencies::new()?, Latencies::new()?);
            for _ in 0..plan.requests {
                here.record(small.turn_to(page).await?);
                there.record(large.turn_to(page).await?);
            }
            rounds.small.push(here.percentile_ms(PERCENTILE));
            rounds.large.push(there.percentile_ms(PERCENTILE));
        }
        step.set(u64::from(round) + 1);
    }
    step.done();
    compare(&large.pages, &all, plan, report)
}

fn compare(pages: &[Page], all: &[Rounds], plan: Plan, report: &mut Report) -> Result<()> {
    let mut growths = Vec::new();
    for (page, rounds) in pages.iter().zip(all) {
        report.figure("pages", page.what, "ms", Spread::of(&rounds.large)?);
        let growth = Spread::of_ratios(&rounds.large, &rounds.small)?;
        growths.push((page.what, growth));
    }
    let orders = (plan.orders as f64, (plan.orders * GROWTH) as f64);
    report.figure("pages", "orders of the one", "", Spread::single(orders.0));
    report.figure("pages", "orders of the other", "", Spread::single(orders.1));
    for (what, growth) in &growths {
        let what = format!("{what}, ten times the orders");
        report.figure("pages", what, "", *growth);
    }
    let worst =
        worst(&growths).ok_or_else(|| StackError::failed("compare pages", "there are none"))?;
    report.find(targets::PAGES, worst);
    Ok(())
}

impl<'a> Reader<'a> {
    async fn open(scene: &'a Scene) -> Result<Self> {
        let pages = pages(scene).await?;
        for page in &pages {
            let shown = scene.ask(&page.path).await?;
            if is_empty(&shown) {
                let turning = format!("turn to {}", page.what);
                return Err(StackError::failed(turning, "it shows nothing"));
            }
        }
        Ok(Self {
            scene,
            pages,
            connection: Connection::open(&scene.api).await?,
        })
    }

    /// Answers how long that took.
    async fn turn_to(&mut self, page: usize) -> Result<Duration> {
        let shot = Shot::get(&self.pages[page].path);
        let begun = Instant::now();
        self.connection.ask(&self.scene.api, shot).await?;
        Ok(begun.elapsed())
    }
}

fn worst(growths: &[(&str, Spread)]) -> Option<Spread> {
    let growths = growths.iter().map(|(_, growth)| *growth);
    growths.max_by(|one, other| one.median.total_cmp(&other.median))
}

/// Whether a page has no row: nothing is shown in no time.
fn is_empty(shown: &Value) -> bool {
    shown["data"].as_array().is_some_and(Vec::is_empty)
}

async fn pages(scene: &Scene) -> Result<Vec<Page>> {
    let customer = scene.stage.customers.first();
    let customer = customer.map(|customer| customer.id).unwrap_or_default();
    let first: Value = scene.ask("/v1/orders").await?;
    let cursor = first["next_cursor"].as_str().unwrap_or_default();
    let range = format!("from={PLACED_FROM}&to={PLACED_TO}&currency=USD");
    let pages = [
        ("orders, newest", "/v1/orders".to_owned()),
        (
            "orders, the page after",
            format!("/v1/orders?cursor={cursor}"),
        ),
        (
            "orders, from the middle",
            "/v1/orders?placed_to=2026-02-15".to_owned(),
        ),
        (
            "orders, completed and paid",
            "/v1/orders?lifecycle=completed&payment_status=paid".to_owned(),
        ),
        (
            "orders, by value",
            "/v1/orders?currency=USD&sort=-total_sales".to_owned(),
        ),
        (
            "orders, by last change",
            "/v1/orders?sort=-updated_at".to_owned(),
        ),
        (
            "orders, of a customer",
            format!("/v1/orders?customer_id={customer}&limit=10"),
        ),
        (
            "orders, search for a product",
            "/v1/orders?q=FUR-BO-00000007&limit=10".to_owned(),
        ),
        ("orders, search for a word", "/v1/orders?q=FUR".to_owned()),
        ("orders, counted", "/v1/orders/facets".to_owned()),
        ("a customer", format!("/v1/customers/{customer}")),
        (
            "a customer's orders",
            format!("/v1/customers/{customer}/orders?limit=10"),
        ),
        (
            "customers, search for a name",
            "/v1/customers?q=claire".to_owned(),
        ),
        (
            "sales by week",
            format!("/v1/reports/sales?{range}&interval=week"),
        ),
        (
            "sales by day in another zone",
            format!("/v1/reports/sales?{range}&interval=day&tz=Asia/Kolkata"),
        ),
        ("best products", format!("/v1/reports/products?{range}")),
        ("best customers", format!("/v1/reports/customers?{range}")),
        (
            "receivables",
            "/v1/reports/receivables?currency=USD".to_owned(),
        ),
        ("work queue", "/v1/work-queue".to_owned()),
        ("front page", "/v1/summary".to_owned()),
    ];
    let page = |(what, path)| Page { what, path };
    Ok(pages.into_iter().map(page).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_without_rows_is_empty_and_a_page_that_is_no_list_is_not() {
        assert!(is_empty(&json!({"data": [], "has_more": false})));
        assert!(!is_empty(&json!({"data": [{}]})));
        assert!(!is_empty(&json!({"customer_id": "a"})));
    }

    #[test]
    fn the_page_that_lost_most_counts() {
        let growth = |median| Spread::single(median);
        let growths = [("a", growth(1.0)), ("b", growth(1.4)), ("c", growth(0.9))];
        assert_eq!(worst(&growths), Some(growth(1.4)));
        assert_eq!(worst(&[]), None);
    }
}
