//! The data set as commands of the bulk endpoint. Keys come from the set's own references, so that
//! the same command always has the same key.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::rows::{Customer, Dataset, Order};

pub const CHANNEL: &str = "superstore";

/// One line per command: customers first, then each order with all that happened to it.
#[must_use]
pub fn commands(set: &Dataset) -> Vec<String> {
    let customers = set
        .customers
        .iter()
        .map(|(reference, customer)| register(reference, customer));
    let orders = set.orders.iter().flat_map(|order| facts(order, set));
    customers
        .chain(orders)
        .map(|command| command.to_string())
        .collect()
}

fn register(reference: &str, customer: &Customer) -> Value {
    json!({
        "command": "register_customer",
        "idempotency_key": format!("superstore-{reference}-register"),
        "body": {
            "name": customer.name,
            "reference": {"channel": CHANNEL, "value": reference},
            "metadata": {"segment": customer.segment},
        },
    })
}

fn facts(order: &Order, set: &Dataset) -> Vec<Value> {
    let mut facts = vec![place(order, set), pay(order), ship(order)];
    if order.returned {
        facts.push(take_back(order));
    }
    facts
}

fn place(order: &Order, set: &Dataset) -> Value {
    let name = set
        .customers
        .get(&order.customer)
        .map(|customer| customer.name.as_str());
    let lines: Vec<Value> = order
        .lines
        .iter()
        .map(|line| {
            json!({
                "sku": line.sku,
                "name": line.name,
                "category": line.category,
                "quantity": line.quantity,
                "unit_price": line.unit_price,
                "discount": line.discount,
                "tax_rate": "0",
            })
        })
        .collect();
    json!({
        "command": "place_order",
        "customer": {"reference": order.customer, "channel": CHANNEL},
        "idempotency_key": key(order, "place"),
        "body": {
            "channel": CHANNEL,
            "currency": "USD",
            "terms": "prepaid",
            "prices_include_tax": false,
            "reference": order.reference,
            "ship_to": {
                "name": name,
                "city": order.city,
                "region": order.region,
                "postal_code": order.postal_code,
                "country": "US",
            },
            "lines": lines,
            "occurred_at": midnight(order.placed_on),
        },
    })
}

fn pay(order: &Order) -> Value {
    let body = json!({
        "reference": format!("{}-payment", order.reference),
        "amount": order.total(),
        "method": "card",
        "occurred_at": midnight(order.shipped_on),
    });
    fact(order, "record_payment", "pay", &body)
}

fn ship(order: &Order) -> Value {
    let body = json!({
        "reference": shipment(order),
        "occurred_at": midnight(order.shipped_on),
    });
    fact(order, "record_shipment", "ship", &body)
}

fn take_back(order: &Order) -> Value {
    let lines: Vec<Value> = (1..)
        .zip(&order.lines)
        .map(|(number, line): (u32, _)| json!({"line": number, "quantity": line.quantity}))
        .collect();
    let body = json!({
        "reference": format!("{}-return", order.reference),
        "reason": "unwanted",
        "lines": lines,
        "occurred_at": midnight(order.shipped_on),
    });
    fact(order, "record_return", "return", &body)
}

fn fact(order: &Order, command: &str, step: &str, body: &Value) -> Value {
    json!({
        "command": command,
        "order": {"reference": order.reference, "channel": CHANNEL},
        "idempotency_key": key(order, step),
        "body": body,
    })
}

fn shipment(order: &Order) -> String {
    format!("{}-shipment", order.reference)
}

fn key(order: &Order, step: &str) -> String {
    format!("superstore-{}-{step}", order.reference)
}

fn midnight(day: NaiveDate) -> String {
    format!("{day}T00:00:00.000Z")
}
