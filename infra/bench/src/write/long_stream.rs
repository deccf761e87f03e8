//! A long stream: one caller pays two orders by turns, one of ten events and one of very many.

use std::time::Instant;

use orderfold_stack::{Progress, Result, StackError};

use super::Plan;
use crate::{
    fill,
    load::{Answer, Connection},
    report::Report,
    shots::Shots,
    stage::Stage,
    statistics::Spread,
    targets,
};

const SHORT_EVENTS: u32 = 10;
/// Payments on each; an order takes 200.
const ROUNDS: usize = 60;
/// The first ones find nothing prepared.
const WARM_UP: usize = 10;
const PAYMENT: &str = "orderfold.order.payment_recorded.v1";

/// # Errors
/// When a command is refused, or something else is stored than was acknowledged.
pub async fn measure(
    stage: &Stage,
    shots: &Shots,
    plan: Plan,
    report: &mut Report,
    progress: &Progress,
) -> Result<()> {
    let (short, long) = shots
        .two_orders()
        .ok_or_else(|| StackError::failed("measure a long stream", "there are no orders"))?;
    let step = progress.step(format!(
        "an order of {} events against one of {SHORT_EVENTS}",
        plan.long_stream_events
    ));
    fill::notes(stage, short, SHORT_EVENTS).await?;
    fill::notes(stage, long, plan.long_stream_events).await?;
    stage.relayed().await?;
    let before = stage.stored(PAYMENT).await?;
    let mut connection = Connection::open(&stage.api).await?;
    let mut retried = 0;
    let mut taken = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        for (order, taken) in [short, long].into_iter().zip(&mut taken) {
            let begun = Instant::now();
            match connection.send(&stage.api, shots.pay(order)).await? {
                Answer::Accepted { attempts } => retried += u64::from(attempts > 1),
                Answer::Refused(refusal) => {
                    return Err(StackError::failed("pay an order", refusal));
                }
            }
            if round >= WARM_UP {
                taken.push(begun.elapsed().as_secs_f64() * 1000.0);
            }
        }
    }
    let accepted = u64::try_from(ROUNDS * taken.len()).unwrap_or(u64::MAX);
    report.check(
        "long stream",
        accepted,
        stage.stored(PAYMENT).await? - before,
        retried,
    )?;
    step.done();
    let [on_short, on_long] = taken;
    report.figure(
        "long stream",
        format!("command on {SHORT_EVENTS} events"),
        "ms",
        Spread::of(&on_short)?,
    );
    let what = format!("command on {} events", plan.long_stream_events);
    report.figure("long stream", what, "ms", Spread::of(&on_long)?);
    report.find(
        targets::LONG_STREAM,
        Spread::of_ratios(&on_long, &on_short)?,
    );
    Ok(())
}
