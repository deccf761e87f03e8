//! The lives of orders that are there before anything is measured, lived through the command service.

use std::cell::RefCell;

use futures::future::try_join_all;
use orderfold_stack::{Result, StackError};
use serde_json::{Value, json};

use super::scene::parse;
use crate::{
    load::{CLIENTS, Connection, Shot},
    shots,
    stage::{Stage, store_error},
};

const PRODUCTS: usize = 200;
/// Whoever owes something: enough for a report, and no more when the store grows.
pub const DEBTORS: usize = 100;

/// Lets each customer order, pay, and get what was ordered; answers the streams of these orders.
///
/// # Errors
/// When a command is refused.
pub async fn live(stage: &Stage) -> Result<Vec<String>> {
    let customers = RefCell::new(stage.customers.iter().enumerate());
    let streams = RefCell::new(Vec::new());
    let callers = (0..CLIENTS).map(|_| async {
        let mut connection = Connection::open(&stage.api).await?;
        loop {
            let next = customers.borrow_mut().next();
            let Some((number, customer)) = next else {
                return Ok(());
            };
            let sku = format!("FUR-BO-{:08}", number % PRODUCTS);
            let place = Shot::post("/v1/orders", shots::order(customer.id, &sku));
            let placed = connection.ask(&stage.api, place).await?;
            let placed: Value = parse("/v1/orders", placed.body())?;
            let order = placed["order_id"].as_str().unwrap_or_default();
            let amount = &placed["totals"]["total_sales"];
            for (what, body) in [
                ("payments", json!({"reference": format!("pay-{number}"), "amount": amount, "method": "card"})),
                ("shipments", json!({"reference": format!("ship-{number}"), "carrier": "UPS"})),
                ("deliveries", json!({"reference": format!("came-{number}")})),
            ] {
                let path = format!("/v1/orders/{order}/{what}");
                connection
                    .ask(&stage.api, Shot::post(path, body.to_string()))
                    .await?;
            }
            streams.borrow_mut().push(format!("order-{order}"));
        }
    });
    try_join_all(callers).await?;
    Ok(streams.into_inner())
}

/// Lets some customers order on account and not pay.
///
/// # Errors
/// When a command is refused.
pub async fn owe(stage: &Stage) -> Result<()> {
    let mut connection = Connection::open(&stage.api).await?;
    let terms = json!({"limit": 10_000_000, "currency": "USD", "payment_days": 30}).to_string();
    for customer in stage.customers.iter().take(DEBTORS) {
        let path = format!("/v1/customers/{}/credit-terms", customer.id);
        let granted = Shot::put(path, terms.clone());
        connection.ask(&stage.api, granted).await?;
        let order = shots::order(customer.id, "FUR-BO-00000000").replace("prepaid", "on_account");
        connection
            .ask(&stage.api, Shot::post("/v1/orders", order))
            .await?;
    }
    Ok(())
}

/// How many events each of the templates has.
///
/// # Errors
/// When they have not all lived the same life.
pub async fn events_of(stage: &Stage, templates: &[String]) -> Result<u64> {
    let rows: Vec<i32> =
        sqlx::query_scalar("select distinct version from stream where stream_id = any($1)")
            .bind(templates)
            .fetch_all(&stage.store)
            .await
            .map_err(store_error)?;
    match rows.as_slice() {
        [events] => Ok(u64::try_from(*events).unwrap_or(0)),
        _ => Err(StackError::failed(
            "copy orders",
            "those to be copied have not all lived alike",
        )),
    }
}
