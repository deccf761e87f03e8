//! The read side on a stage: one query service, its views, orders that are asked for, and orders whose lives are copied
//! to fill the store.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use orderfold_stack::{
    Principal, Progress, Result, StackError, Unit,
    wait::{self, Seen},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::lives;
use crate::{
    fill,
    load::{Api, Connection, Shot},
    peers::views::Views,
    shots::{Shots, Stock},
    stage::{Stage, peak_kib},
};

const STOCK: Stock = Stock {
    orders: 1_000,
    hot_orders: 0,
};
/// A million orders take more than an hour.
const FOLD_LIMIT: Duration = Duration::from_hours(3);

pub struct Scene {
    pub stage: Stage,
    /// The query service.
    pub api: Api,
    pub views: Views,
    pub shots: Shots,
    /// The streams of orders that were placed, paid, shipped and delivered: one for each customer.
    templates: Vec<String>,
    pub events_per_order: u64,
    /// The most memory that the service had resident, as far as it was looked at.
    pub peak_kib: Cell<u64>,
}

/// A read model, as the service lists it.
#[derive(Debug, Deserialize)]
pub struct Projection {
    pub name: String,
    pub active_build: u32,
    pub builds: Vec<Built>,
}

#[derive(Debug, Deserialize)]
pub struct Built {
    pub build: u32,
    pub note: Option<String>,
    pub events_folded: u64,
    pub parked: u64,
}

impl Projection {
    pub fn build(&self, number: u32) -> Option<&Built> {
        self.builds.iter().find(|build| build.build == number)
    }
}

impl Scene {
    /// # Errors
    /// When the system does not come up, or refuses a command.
    pub async fn set(progress: &Progress) -> Result<Self> {
        let stage = Stage::set(1, progress).await?;
        let shots = Shots::prepare(&stage, STOCK, progress).await?;
        let step = progress.step("orders that live, and some that are owed");
        let templates = lives::live(&stage).await?;
        lives::owe(&stage).await?;
        step.done();
        let events_per_order = lives::events_of(&stage, &templates).await?;
        let url = stage.stack.query_urls().concat();
        let api = Api::new(&url, &stage.stack.token(Principal::Service)?)?;
        let views = Views::open(&stage.stack.backends().mongodb_uri).await?;
        let scene = Self {
            stage,
            api,
            views,
            shots,
            templates,
            events_per_order,
            peak_kib: Cell::new(0),
        };
        scene.folded().await?;
        Ok(scene)
    }

    pub fn service(&self) -> Result<&Unit> {
        self.stage.stack.query(0)
    }

    /// Looks at the service's memory: what it had resident before it ends is not known afterwards.
    ///
    /// # Errors
    /// When it does not run.
    pub fn look_at_memory(&self) -> Result<()> {
        let peak_kib = peak_kib(self.service()?)?;
        self.peak_kib.set(self.peak_kib.get().max(peak_kib));
        Ok(())
    }

    /// Adds orders to the store and waits until all is on Kafka; what folds is not waited for.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn grow(&self, orders: u64, progress: &Progress) -> Result<()> {
        let before = self.copies().await?;
        let step = progress.counted(format!("adding {orders} orders"), orders);
        fill::lives(&self.stage, &self.templates, (before, orders), &step).await?;
        step.done();
        self.stage.relayed().await
    }

    /// Grows the store to so many orders, and waits until all is folded.
    ///
    /// # Errors
    /// When the store refuses, or the service does not get on.
    pub async fn grow_to(&self, orders: u64, progress: &Progress) -> Result<()> {
        let missing = orders.saturating_sub(self.copies().await?);
        self.grow(missing, progress).await?;
        let step = progress.step(format!("folding to {orders} orders"));
        self.folded().await?;
        step.done();
        Ok(())
    }

    /// How many orders were copied into the store.
    pub async fn copies(&self) -> Result<u64> {
        let placed = self.stage.stored("orderfold.order.placed.v1").await?;
        let others = STOCK.orders + self.templates.len() + lives::DEBTORS.min(self.templates.len());
        Ok(placed.saturating_sub(u64::try_from(others).unwrap_or(u64::MAX)))
    }

    /// How many events the store holds.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn events(&self) -> Result<u64> {
        let (lag, published) = self.stage.relay_lag().await?;
        Ok(lag + published)
    }

    /// Waits until every read model holds every event; answers how long that took.
    ///
    /// # Errors
    /// When an event cannot be folded, or that takes too long.
    pub async fn folded(&self) -> Result<Duration> {
        self.stage.relayed().await?;
        let events = self.events().await?;
        let begun = Instant::now();
        let look = || async move {
            match self.projections().await {
                Ok(projections) if is_parked(&projections) => Seen::Never(self.parked().await),
                Ok(projections) => seen(&projections, events),
                // It may be about to start.
                Err(error) => Seen::NotYet(error.to_string()),
            }
        };
        wait::until("the read models to hold every event", FOLD_LIMIT, look).await?;
        Ok(begun.elapsed())
    }

    /// Why a stream is parked.
    async fn parked(&self) -> StackError {
        let parked = self.ask::<Value>("/v1/parked").await;
        let first = parked.map_or(Value::Null, |mut all| all["data"][0].take());
        let reason = format!(
            "{} is parked in {} behind its {}: {}",
            first["stream"], first["projection"], first["event"]["type"], first["cause"]
        );
        StackError::failed("fold the events", reason)
    }

    /// # Errors
    /// When the service does not answer.
    pub async fn projections(&self) -> Result<Vec<Projection>> {
        #[derive(Deserialize)]
        struct All {
            data: Vec<Projection>,
        }
        let all: All = self.ask("/v1/projections").await?;
        Ok(all.data)
    }

    /// What the query service answers.
    ///
    /// # Errors
    /// When it does not, or with something else than expected.
    pub async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let mut connection = Connection::open(&self.api).await?;
        let answer = connection.ask(&self.api, Shot::get(path)).await?;
        parse(path, answer.body())
    }
}

/// # Errors
/// When a body is something else than expected.
pub fn parse<T: DeserializeOwned>(path: &str, body: &[u8]) -> Result<T> {
    serde_json::from_slice(body)
        .map_err(|error| StackError::failed(format!("read the answer of {path}"), error))
}

/// The builds that answer.
fn active(projections: &[Projection]) -> impl Iterator<Item = &Built> {
    projections
        .iter()
        .filter_map(|projection| projection.build(projection.active_build))
}

fn is_parked(projections: &[Projection]) -> bool {
    active(projections).any(|build| build.parked > 0)
}

fn seen(projections: &[Projection], events: u64) -> Seen<()> {
    let folded = active(projections).map(|build| build.events_folded);
    match folded.min() {
        Some(folded) if folded >= events => Seen::Done(()),
        folded => Seen::NotYet(format!("{} of {events} events", folded.unwrap_or(0))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn projection(folded: u64, parked: u64) -> Projection {
        let text = json!({
            "name": "order_list", "active_build": 2, "lag_events": null,
            "builds": [
                {"build": 1, "note": null, "events_folded": 9, "parked": 7},
                {"build": 2, "note": null, "events_folded": folded, "parked": parked},
            ],
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn only_the_build_that_answers_counts_and_the_slowest_read_model_decides() {
        let both = [projection(9, 0), projection(8, 0)];
        assert!(matches!(seen(&both, 9), Seen::NotYet(_)));
        assert!(matches!(seen(&both, 8), Seen::Done(())));
        assert!(matches!(seen(&[], 0), Seen::NotYet(_)));
    }

    #[test]
    fn only_what_is_parked_in_the_build_that_answers_is_in_the_way() {
        assert!(is_parked(&[projection(9, 1)]));
        assert!(!is_parked(&[projection(9, 0)]));
    }
}
