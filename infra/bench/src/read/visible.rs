//! Visibility: one caller pays and asks for the order with the token of the payment, by turns with an event that goes
//! the same way by hand.

use std::time::{Duration, Instant};

use hyper::header::HeaderValue;
use orderfold_stack::{Progress, Result, StackError};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Plan,
    scene::{Scene, parse},
};
use crate::{
    load::{Connection, Shot},
    peers::{chain::Chain, database::PeerDatabase, sample::Samples},
    report::Report,
    statistics::{Latencies, Spread},
    targets,
};

const PAYMENT: &str = "orderfold.order.payment_recorded.v1";
const TOKEN: &str = "consistency-token";
const PREFERENCE: HeaderValue = HeaderValue::from_static("wait=3, handling=strict");
/// Neither side is to be measured while it opens connections.
const WARM_UP: usize = 5;

#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

/// Percentiles of each turn, in milliseconds.
#[derive(Default)]
struct Percentiles {
    medians: Vec<f64>,
    tails: Vec<f64>,
}

impl Percentiles {
    fn push(&mut self, latencies: &Latencies) {
        self.medians.push(latencies.percentile_ms(50.0));
        self.tails.push(latencies.percentile_ms(99.0));
    }

    fn figures(&self, what: &str, report: &mut Report) -> Result<()> {
        for (name, values) in [("median", &self.medians), ("99th percentile", &self.tails)] {
            let what = format!("{what}, {name}");
            report.figure("visible", what, "ms", Spread::of(values)?);
        }
        Ok(())
    }
}

/// # Errors
/// When a payment is refused or not shown, or a server of the chain refuses.
pub async fn measure(
    scene: &Scene,
    plan: Plan,
    report: &mut Report,
    progress: &Progress,
) -> Result<()> {
    let backends = scene.stage.stack.backends();
    let peers = PeerDatabase::create(&backends.database_url, &scene.stage.store).await?;
    let samples = Samples::take(&scene.stage.store).await?;
    let mut chain = Chain::link(&peers.pool, &backends.kafka_brokers, &scene.views).await?;
    let (mut service, mut by_hand) = (Percentiles::default(), Percentiles::default());
    let mut answered = Percentiles::default();
    let mut orders = scene.shots.orders().iter().cycle();
    let mut connections = (
        Connection::open(&scene.stage.api).await?,
        Connection::open(&scene.api).await?,
    );
    let step = progress.counted("visible: taking turns", u64::from(plan.pairs));
    for pair in 0..plan.pairs {
        let before = scene.stage.stored(PAYMENT).await?;
        let (mut until_answered, mut until_shown) = (Latencies::new()?, Latencies::new()?);
        for number in 0..plan.samples + WARM_UP {
            let order = orders.next().copied().unwrap_or_default();
            let took = pay(scene, &mut connections, order).await?;
            if number >= WARM_UP {
                until_answered.record(took.until_answered);
                until_shown.record(took.until_shown);
            }
        }
        answered.push(&until_answered);
        service.push(&until_shown);
        let paid = scene.stage.stored(PAYMENT).await? - before;
        let shown = u64::try_from(plan.samples + WARM_UP).unwrap_or(u64::MAX);
        report.check("visible, payments shown", shown, paid, 0)?;
        scene.folded().await?;
        let mut latencies = Latencies::new()?;
        for number in 0..plan.samples + WARM_UP {
            let took = chain.pass(samples.payment.data.as_bytes()).await?;
            if number >= WARM_UP {
                latencies.record(took);
            }
        }
        by_hand.push(&latencies);
        step.set(u64::from(pair) + 1);
    }
    step.done();
    answered.figures("service, until the payment is answered", report)?;
    service.figures("service", report)?;
    by_hand.figures("chain by hand", report)?;
    let medians = Spread::of_ratios(&service.medians, &by_hand.medians)?;
    report.find(targets::VISIBLE_MEDIAN, medians);
    let tails = Spread::of_ratios(&service.tails, &by_hand.tails)?;
    report.find(targets::VISIBLE_TAIL, tails);
    Ok(())
}

/// How long a payment took.
struct Took {
    until_answered: Duration,
    /// That, and until an answer shows it.
    until_shown: Duration,
}

async fn pay(
    scene: &Scene,
    (write, read): &mut (Connection, Connection),
    order: Uuid,
) -> Result<Took> {
    let begun = Instant::now();
    let paid = write.ask(&scene.stage.api, scene.shots.pay(order)).await?;
    let until_answered = begun.elapsed();
    let path = format!("/v1/orders/{order}");
    let token = paid
        .headers()
        .get(TOKEN)
        .ok_or_else(|| StackError::failed("read after a payment", "it answered no token"))?;
    let mut question = Shot::get(&path);
    question.headers.insert(TOKEN, token.clone());
    question.headers.insert("prefer", PREFERENCE);
    let answer = read.ask(&scene.api, question).await?;
    let until_shown = begun.elapsed();
    let written: Versioned = parse("a payment", paid.body())?;
    let shown: Versioned = parse(&path, answer.body())?;
    if shown.version < written.version {
        let reason = format!(
            "version {} was written and {} shown",
            written.version, shown.version
        );
        return Err(StackError::failed("show a payment", reason));
    }
    Ok(Took {
        until_answered,
        until_shown,
    })
}
