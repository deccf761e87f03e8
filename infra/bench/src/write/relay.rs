//! The relay: a backlog that grew while the service was down drains onto Kafka, against a bare producer of the same
//! records.

use std::time::{Duration, Instant};

use orderfold_stack::{Progress, Result, StackError};

use super::Plan;
use crate::{
    fill,
    peers::{database::SHARDS, producer},
    report::Report,
    stage::Stage,
    statistics::Spread,
    targets,
};

const LOOK_EVERY: Duration = Duration::from_millis(5);
const DRAIN_LIMIT: Duration = Duration::from_mins(10);

/// # Errors
/// When a backlog does not drain, or Kafka refuses.
pub async fn measure(
    stage: &Stage,
    plan: Plan,
    report: &mut Report,
    progress: &Progress,
) -> Result<()> {
    let (mut relay, mut bare) = (Vec::new(), Vec::new());
    let backends = stage.stack.backends();
    let wanted = usize::try_from(plan.relay_records).unwrap_or(usize::MAX);
    let step = progress.counted("relay: taking turns", u64::from(plan.pairs));
    for pair in 0..plan.pairs {
        relay.push(drain(stage, plan, report, progress).await?);
        let (brokers, topic) = (backends.kafka_brokers.clone(), backends.kafka_topic.clone());
        let records = blocking(move || producer::read(&brokers, &topic, wanted)).await?;
        bare.push(producer::produce(&backends.kafka_brokers, &records, SHARDS).await?);
        step.set(u64::from(pair) + 1);
    }
    step.done();
    report.figure("relay", "relay, from the store", "/s", Spread::of(&relay)?);
    report.figure(
        "relay",
        "bare producer, from memory",
        "/s",
        Spread::of(&bare)?,
    );
    report.find(targets::RELAY, Spread::of_ratios(&relay, &bare)?);
    Ok(())
}

/// Records per second from the first that is known to be on Kafka to the last.
async fn drain(stage: &Stage, plan: Plan, report: &mut Report, progress: &Progress) -> Result<f64> {
    let count = u64::from(plan.relay_records);
    stage.relayed().await?;
    stage.service()?.stop().await?;
    let (_, before) = stage.relay_lag().await?;
    let step = progress.counted("a backlog", count);
    fill::orders(stage, count, &step).await?;
    drop(step);
    stage.service()?.spawn()?;
    let begun = Instant::now();
    let mut first = None;
    loop {
        let (lag, published) = stage.relay_lag().await?;
        let now = Instant::now();
        if published > before && first.is_none() {
            first = Some((now, published));
        }
        if lag == 0 {
            stage.service()?.wait_until_ready().await?;
            report.check("relay", count, published - before, 0)?;
            let (from, already) = first.unwrap_or((begun, before));
            return Ok((published - already) as f64 / (now - from).as_secs_f64());
        }
        if begun.elapsed() > DRAIN_LIMIT {
            return Err(StackError::failed(
                "drain a backlog",
                format!("{lag} events are left"),
            ));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| StackError::failed("read the topic", error))?
}
