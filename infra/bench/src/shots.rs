//! The commands that are sent: orders placed, and payments on orders that are there.

use std::cell::Cell;

use bytes::Bytes;
use orderfold_stack::{Progress, Result, StackError};
use serde_json::json;
use uuid::Uuid;

use crate::{
    load::{self, Shot},
    peers::database::ORDERS,
    stage::{Stage, store_error},
};

/// An order takes 200 payments; the next one gets hot before.
const PAYMENTS_ON_ONE: u64 = 150;
const SKU: &str = "FUR-BO-10001798";

/// How many orders are placed beforehand.
#[derive(Debug, Clone, Copy)]
pub struct Stock {
    /// For payments now and then.
    pub orders: usize,
    /// To get hot, one after the other.
    pub hot_orders: usize,
}

pub struct Shots {
    bodies: Vec<Bytes>,
    orders: Vec<Uuid>,
    hot_orders: Vec<Uuid>,
    numbers: Cell<u64>,
}

impl Shots {
    /// Places the orders that payments go to, and pays one.
    ///
    /// # Errors
    /// When a command is refused.
    pub async fn prepare(stage: &Stage, stock: Stock, progress: &Progress) -> Result<Self> {
        let bodies = stage
            .customers
            .iter()
            .map(|customer| order(customer.id, SKU).into());
        let mut shots = Self {
            bodies: bodies.collect(),
            orders: Vec::new(),
            hot_orders: Vec::new(),
            numbers: Cell::new(0),
        };
        let count = stock.orders + stock.hot_orders;
        let step = progress.step(format!("placing {count} orders"));
        load::each(&stage.api, (0..count).map(|_| shots.place())).await?;
        step.done();
        let ids: Vec<String> = sqlx::query_scalar(
            "select stream_id from event where type = 'orderfold.order.placed.v1' order by stream_id",
        )
        .fetch_all(&stage.store)
        .await
        .map_err(store_error)?;
        let ids: Option<Vec<Uuid>> = ids
            .iter()
            .map(|stream| stream.strip_prefix("order-")?.parse().ok())
            .collect();
        let mut ids =
            ids.ok_or_else(|| StackError::failed("find the orders", "a stream has another name"))?;
        shots.hot_orders = ids.split_off(ids.len().saturating_sub(stock.hot_orders));
        shots.orders = ids;
        load::each(&stage.api, std::iter::once(shots.pay_many())).await?;
        stage.relayed().await?;
        Ok(shots)
    }

    /// A whole order of another customer than the one before.
    pub fn place(&self) -> Shot {
        let body = nth(&self.bodies, self.next()).cloned();
        Shot::post("/v1/orders", body.unwrap_or_default())
    }

    /// A payment on another order than the one before.
    pub fn pay_many(&self) -> Shot {
        let number = self.next();
        pay(&text(nth(&self.orders, number)), number)
    }

    /// A payment on the order that everybody pays.
    pub fn pay_one(&self) -> Shot {
        let number = self.next();
        pay(
            &text(nth(&self.hot_orders, number / PAYMENTS_ON_ONE)),
            number,
        )
    }

    /// The same for the peers, whose orders have numbers.
    pub fn pay_numbered(&self) -> Shot {
        let number = self.next();
        pay(
            &(1 + number % u64::from(ORDERS.unsigned_abs())).to_string(),
            number,
        )
    }

    pub fn pay_first(&self) -> Shot {
        pay("1", self.next())
    }

    /// A payment on a given order.
    pub fn pay(&self, order: Uuid) -> Shot {
        pay(&order.to_string(), self.next())
    }

    /// The orders that are paid now and then.
    pub fn orders(&self) -> &[Uuid] {
        &self.orders
    }

    /// Two orders that were not paid yet.
    pub fn two_orders(&self) -> Option<(Uuid, Uuid)> {
        match self.hot_orders.as_slice() {
            [.., first, second] => Some((*first, *second)),
            _ => None,
        }
    }

    fn next(&self) -> u64 {
        let number = self.numbers.get();
        self.numbers.set(number + 1);
        number
    }
}

fn nth<T>(items: &[T], number: u64) -> Option<&T> {
    let count = u64::try_from(items.len()).ok().filter(|count| *count > 0)?;
    items.get(usize::try_from(number % count).ok()?)
}

fn text(order: Option<&Uuid>) -> String {
    order.map(Uuid::to_string).unwrap_or_default()
}

fn pay(order: &str, number: u64) -> Shot {
    Shot::post(
        format!("/v1/orders/{order}/payments"),
        format!(r#"{{"reference":"bench_{number}","amount":1,"method":"card"}}"#),
    )
}

/// Of one product, to be paid before it is shipped.
pub fn order(customer: Uuid, sku: &str) -> String {
    json!({
        "customer_id": customer, "channel": "web", "currency": "USD", "terms": "prepaid",
        "lines": [{"sku": sku, "name": "Bush Somerset Bookcase", "category": "Bookcases",
                   "quantity": 2, "unit_price": 13098, "tax_rate": "0.08"}],
        "adjustments": [{"kind": "shipping", "label": "Standard", "amount": 599}],
    })
    .to_string()
}
