//! One payment over several orders of a customer: all of it or nothing, and told twice it is booked once.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::shop::{Answer, Shop, id_of, order, text};

/// A customer with three orders on account of 100 each, the oldest first.
async fn debtor(shop: &Shop) -> (String, Vec<String>) {
    let customer = shop.customer(None).await;
    let terms = json!({"limit": 1_000, "currency": "USD", "payment_days": 30});
    shop.put(&format!("{customer}/credit-terms"), &terms)
        .await
        .expect(200);
    let mut orders = Vec::new();
    // Placed in another order than they are dated.
    for day in [2, 1, 3] {
        let mut body = order(&customer, "on_account", 100);
        body["occurred_at"] = json!(format!("2017-11-0{day}T12:00:00.000Z"));
        let placed = shop.post("/v1/orders", &body).await.expect(201);
        orders.push(text(&placed.body["order_id"]));
    }
    orders.swap(0, 1);
    (customer, orders)
}

fn payment(reference: &str, amount: i64, allocations: &Value) -> Value {
    json!({"reference": reference, "currency": "USD", "amount": amount, "method": "cheque",
           "allocations": allocations})
}

fn oldest_first(reference: &str, amount: i64) -> Value {
    payment(reference, amount, &json!("oldest_first"))
}

async fn pay(shop: &Shop, customer: &str, body: &Value) -> Answer {
    shop.post(&format!("{customer}/payments"), body).await
}

/// The orders of an answer with what they still owe.
fn told(answer: &Answer) -> Vec<(String, i64)> {
    let orders = answer.body["orders"].as_array().unwrap().iter();
    orders
        .map(|order| {
            (
                text(&order["order_id"]),
                order["totals"]["balance"].as_i64().unwrap(),
            )
        })
        .collect()
}

async fn owed(shop: &Shop, customer: &str) -> i64 {
    let stream = shop.stream(&format!("credit-{}", id_of(customer))).await;
    stream.last().unwrap().1["total"].as_i64().unwrap()
}

#[tokio::test]
async fn the_oldest_order_is_settled_first_and_the_rest_overpays_the_newest() {
    let shop = Shop::open().await;
    let (customer, orders) = debtor(&shop).await;
    let part = pay(&shop, &customer, &oldest_first("c-1", 130))
        .await
        .expect(200);
    assert_eq!(
        told(&part),
        [(orders[0].clone(), 0), (orders[1].clone(), 70)]
    );
    assert_eq!(part.body["customer_id"], id_of(&customer));
    assert_eq!(owed(&shop, &customer).await, 170);
    let rest = pay(&shop, &customer, &oldest_first("c-2", 200))
        .await
        .expect(200);
    assert_eq!(
        told(&rest),
        [(orders[1].clone(), 0), (orders[2].clone(), -30)]
    );
    assert_eq!(owed(&shop, &customer).await, 0);
    pay(&shop, &customer, &oldest_first("c-3", 1))
        .await
        .refuses(409, "nothing_due");
    shop.world.prove().await;
}

#[tokio::test]
async fn a_payment_told_twice_is_booked_once_and_answers_its_orders() {
    let shop = Shop::open().await;
    let (customer, orders) = debtor(&shop).await;
    let body = oldest_first("c-1", 250);
    let answers = join_all((0..6).map(|_| pay(&shop, &customer, &body))).await;
    let booked = [
        (orders[0].clone(), 0),
        (orders[1].clone(), 0),
        (orders[2].clone(), 50),
    ];
    for answer in &answers {
        assert_eq!(
            (answer.status, told(answer)),
            (200, booked.to_vec()),
            "{answer:?}"
        );
    }
    assert_eq!(owed(&shop, &customer).await, 50);
    let before = shop.events().await;
    let mut later = body.clone();
    later["occurred_at"] = json!("2017-12-01T00:00:00.000Z");
    let again = pay(&shop, &customer, &later).await.expect(200);
    assert_eq!(again.body["orders"][0]["events"], json!([]));
    assert_eq!(told(&again), booked);
    let other = oldest_first("c-1", 251);
    pay(&shop, &customer, &other)
        .await
        .refuses(409, "reference_reused");
    assert_eq!(shop.events().await, before);
    shop.world.prove().await;
}

#[tokio::test]
async fn a_reference_is_reserved_in_each_order_it_reached() {
    let shop = Shop::open().await;
    let (customer, orders) = debtor(&shop).await;
    let single = json!({"reference": "c-1", "amount": 10, "method": "cheque"});
    let path = |order: &String| format!("/v1/orders/{order}/payments");
    shop.post(&path(&orders[1]), &single).await.expect(200);
    // It reaches the order that knows the reference already, and so none of them.
    let before = shop.events().await;
    pay(&shop, &customer, &oldest_first("c-1", 150))
        .await
        .refuses(409, "reference_reused");
    assert_eq!(shop.events().await, before);
    pay(&shop, &customer, &oldest_first("c-2", 100))
        .await
        .expect(200);
    let single = json!({"reference": "c-2", "amount": 100, "method": "cheque"});
    shop.post(&path(&orders[0]), &single)
        .await
        .refuses(409, "reference_reused");
    shop.post(&path(&orders[2]), &single).await.expect(200);
    // Another customer's payments have references of their own.
    let (stranger, _) = debtor(&shop).await;
    pay(&shop, &stranger, &oldest_first("c-2", 100))
        .await
        .expect(200);
}

#[tokio::test]
async fn named_orders_get_what_is_said_and_one_that_cannot_keeps_all_from_it() {
    let shop = Shop::open().await;
    let (customer, orders) = debtor(&shop).await;
    let share = |order: &str, amount: i64| json!({"order": order, "amount": amount});
    let body = payment(
        "c-1",
        150,
        &json!([share(&orders[2], 120), share(&orders[0], 30)]),
    );
    let booked = pay(&shop, &customer, &body).await.expect(200);
    assert_eq!(
        told(&booked),
        [(orders[2].clone(), -20), (orders[0].clone(), 70)]
    );
    assert_eq!(owed(&shop, &customer).await, 170);

    let before = shop.events().await;
    let prepaid = shop
        .post("/v1/orders", &order(&customer, "prepaid", 10))
        .await
        .expect(201);
    let prepaid = text(&prepaid.body["order_id"]);
    let (stranger, foreign) = debtor(&shop).await;
    let with = |other: &str| payment("c-2", 20, &json!([share(&orders[0], 10), share(other, 10)]));
    let refused = pay(&shop, &customer, &with(&prepaid))
        .await
        .refuses(409, "order_is_prepaid");
    assert_eq!(refused["order_id"], prepaid);
    let refused = pay(&shop, &customer, &with(&orders[2]))
        .await
        .refuses(409, "nothing_due");
    assert_eq!(refused["order_id"], orders[2]);
    pay(&shop, &customer, &with(&foreign[0]))
        .await
        .refuses(404, "order_not_found");
    pay(&shop, &customer, &with(&orders[0]))
        .await
        .points_at("/allocations");
    let off = payment("c-2", 21, &json!([share(&orders[0], 20)]));
    pay(&shop, &customer, &off).await.points_at("/allocations");
    pay(&shop, &customer, &payment("c-2", 1, &json!([])))
        .await
        .points_at("/allocations");
    pay(&shop, &customer, &payment("c-2", 1, &json!("newest")))
        .await
        .points_at("/allocations");
    let mut euros = oldest_first("c-2", 20);
    euros["currency"] = json!("EUR");
    pay(&shop, &customer, &euros)
        .await
        .refuses(409, "credit_currency_mismatch");
    let mut early = oldest_first("c-2", 20);
    early["occurred_at"] = json!("2017-10-01T00:00:00.000Z");
    pay(&shop, &customer, &early)
        .await
        .refuses(409, "occurred_before_placing");
    let nobody = shop.customer(None).await;
    pay(&shop, &nobody, &oldest_first("c-2", 20))
        .await
        .refuses(409, "nothing_due");
    // One prepaid order, the stranger with terms and three orders with their exposures, and nobody.
    assert_eq!(shop.events().await, before + 1 + 1 + 1 + 6 + 1);
    assert_eq!(owed(&shop, &stranger).await, 300);
}

#[tokio::test]
async fn a_rehearsed_payment_tells_and_books_nothing() {
    let shop = Shop::open().await;
    let (customer, orders) = debtor(&shop).await;
    let before = shop.events().await;
    let path = format!("{customer}/payments?dry_run=true");
    let rehearsed = shop
        .post(&path, &oldest_first("c-1", 100))
        .await
        .expect(200);
    assert_eq!(told(&rehearsed), [(orders[0].clone(), 0)]);
    assert_eq!(rehearsed.body["dry_run"], true);
    assert_eq!(shop.events().await, before);
}
