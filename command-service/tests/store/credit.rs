//! Credit through the API: terms, what orders on account bind, and two who want the last of it.

use axum::http::Method;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::shop::{Answer, Shop, id_of, order, text};

async fn with_limit(shop: &Shop, limit: i64) -> String {
    let customer = shop.customer(None).await;
    let terms = json!({"limit": limit, "currency": "USD", "payment_days": 30});
    shop.put(&format!("{customer}/credit-terms"), &terms)
        .await
        .expect(200);
    customer
}

async fn place(shop: &Shop, customer: &str, price: i64) -> Answer {
    shop.post("/v1/orders", &order(customer, "on_account", price))
        .await
}

/// The exposures that the account recorded, as `(from, to, total)`.
async fn exposures(shop: &Shop, customer: &str) -> Vec<(i64, i64, i64)> {
    let stream = shop.stream(&format!("credit-{}", id_of(customer))).await;
    let number = |data: &Value, name: &str| data[name].as_i64().unwrap();
    stream
        .iter()
        .filter(|(name, _)| name == "orderfold.credit.exposure_changed.v1")
        .map(|(_, data)| {
            (
                number(data, "from"),
                number(data, "to"),
                number(data, "total"),
            )
        })
        .collect()
}

#[tokio::test]
async fn terms_have_a_version_of_their_own() {
    let shop = Shop::open().await;
    let customer = shop.customer(None).await;
    let path = format!("{customer}/credit-terms");
    let terms = json!({"limit": 500, "currency": "USD", "payment_days": 30});
    let set = shop.put(&path, &terms).await.expect(200);
    assert_eq!(set.header("etag"), "\"v1\"");
    assert_eq!(
        (&set.body["version"], &set.body["available"]),
        (&json!(1), &json!(500))
    );
    shop.patch(&customer, &json!({"name": "Another"}))
        .await
        .expect(200);
    assert_eq!(
        shop.put(&path, &terms).await.expect(200).body["version"],
        1,
        "the same terms"
    );

    let lower = json!({"limit": 100, "currency": "EUR", "payment_days": 0});
    let stale = [("if-match", "\"v2\"")];
    let refused = shop.send_with(Method::PUT, &path, &stale, &lower).await;
    assert_eq!(
        refused.refuses(412, "version_conflict")["current_version"],
        1
    );
    let fresh = [("if-match", "\"v1\"")];
    let set = shop.send_with(Method::PUT, &path, &fresh, &lower).await;
    assert_eq!(set.expect(200).body["version"], 2);

    shop.put(
        &path,
        &json!({"limit": -1, "currency": "EUR", "payment_days": 1}),
    )
    .await
    .points_at("/limit");
    shop.put(
        &path,
        &json!({"limit": 1, "currency": "euro", "payment_days": 1}),
    )
    .await
    .points_at("/currency");
    shop.put(
        &path,
        &json!({"limit": 1, "currency": "EUR", "payment_days": 731}),
    )
    .await
    .points_at("/payment_days");
    let nobody = "/v1/customers/0199d3c4-7f00-73c6-869a-45b14da4f9fc/credit-terms";
    shop.put(nobody, &terms)
        .await
        .refuses(404, "customer_not_found");
}

#[tokio::test]
async fn an_order_on_account_needs_credit_and_gives_it_back_when_it_is_paid_or_cancelled() {
    let shop = Shop::open().await;
    let poor = shop.customer(None).await;
    let refused = place(&shop, &poor, 1)
        .await
        .refuses(409, "credit_limit_exceeded");
    assert_eq!(
        (&refused["available"], &refused["requested"]),
        (&json!(0), &json!(1))
    );

    let customer = with_limit(&shop, 100).await;
    let first = place(&shop, &customer, 60).await.expect(201);
    assert_eq!(first.events(), ["order.placed"]);
    let refused = place(&shop, &customer, 41)
        .await
        .refuses(409, "credit_limit_exceeded");
    assert_eq!(
        (&refused["available"], &refused["requested"]),
        (&json!(40), &json!(41))
    );
    let second = place(&shop, &customer, 40).await.expect(201);
    place(&shop, &customer, 0).await.expect(201);

    let path = |answer: &Answer, what: &str| {
        format!("/v1/orders/{}/{what}", text(&answer.body["order_id"]))
    };
    let payment = json!({"reference": "p-1", "amount": 50, "method": "transfer"});
    let paid = shop
        .post(&path(&first, "payments"), &payment)
        .await
        .expect(200);
    assert_eq!(paid.events(), ["order.payment_recorded"]);
    shop.post(&path(&first, "payments"), &payment)
        .await
        .expect(200);
    let cancel = json!({"reason": "customer"});
    shop.post(&path(&second, "cancel"), &cancel)
        .await
        .expect(200);
    let payment = json!({"reference": "p-2", "amount": 500, "method": "transfer"});
    shop.post(&path(&first, "payments"), &payment)
        .await
        .expect(200);
    assert_eq!(
        exposures(&shop, &customer).await,
        [
            (0, 60, 60),
            (0, 40, 100),
            (60, 10, 50),
            (40, 0, 10),
            (10, 0, 0)
        ]
    );
    shop.world.prove().await;
}

#[tokio::test]
async fn two_who_place_at_once_never_get_more_than_the_limit_together() {
    let shop = Shop::open().await;
    let customer = with_limit(&shop, 100).await;
    let replica = shop.replica();
    let body = order(&customer, "on_account", 30);
    let placing = (0..12).map(|n| {
        let (shop, replica, body) = (&shop, &replica, &body);
        async move {
            match n % 2 {
                0 => shop.post("/v1/orders", body).await,
                _ => shop.post_through(replica, "/v1/orders", body).await,
            }
        }
    });
    let answers = join_all(placing).await;
    let placed = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(placed, 3);
    for refused in answers.into_iter().filter(|answer| answer.status != 201) {
        let refused = refused.refuses(409, "credit_limit_exceeded");
        assert_eq!(
            (&refused["available"], &refused["requested"]),
            (&json!(10), &json!(30))
        );
    }
    assert_eq!(exposures(&shop, &customer).await.last(), Some(&(0, 30, 90)));
    shop.world.prove().await;
}

#[tokio::test]
async fn payments_of_several_orders_at_once_all_reach_the_account() {
    let shop = Shop::open().await;
    let customer = with_limit(&shop, 1_000).await;
    let mut orders = Vec::new();
    for _ in 0..6 {
        let placed = place(&shop, &customer, 50).await.expect(201);
        orders.push(text(&placed.body["order_id"]));
    }
    let payment = json!({"reference": "p-1", "amount": 50, "method": "card"});
    let paths: Vec<String> = orders
        .iter()
        .map(|order| format!("/v1/orders/{order}/payments"))
        .collect();
    let paid = join_all(paths.iter().map(|path| shop.post(path, &payment))).await;
    assert!(paid.iter().all(|answer| answer.status == 200), "{paid:?}");
    let (_, _, total) = *exposures(&shop, &customer).await.last().unwrap();
    assert_eq!(total, 0);
    shop.world.prove().await;
}

#[tokio::test]
async fn an_import_skips_the_limit_and_its_currency_is_the_accounts() {
    let shop = Shop::open().await;
    let customer = shop.customer(None).await;
    let mut imported = order(&customer, "on_account", 5_000);
    imported["occurred_at"] = json!("2017-11-08T23:30:00.000Z");
    imported["currency"] = json!("EUR");
    let placed = shop.post("/v1/orders", &imported).await.expect(201);
    assert_eq!(exposures(&shop, &customer).await, [(0, 5_000, 5_000)]);
    let dollars = json!({"limit": 9_000, "currency": "USD", "payment_days": 10});
    let path = format!("{customer}/credit-terms");
    let refused = shop
        .put(&path, &dollars)
        .await
        .refuses(409, "credit_currency_mismatch");
    assert_eq!(refused["currency"], "EUR");
    let euros = json!({"limit": 9_000, "currency": "EUR", "payment_days": 10});
    assert_eq!(
        shop.put(&path, &euros).await.expect(200).body["available"],
        4_000
    );
    place(&shop, &customer, 1)
        .await
        .refuses(409, "credit_currency_mismatch");

    // Without terms it was due on the day of placing, in Berlin; later terms do not move it.
    let due = |stream: &[(String, Value)]| stream[0].1["due_on"].clone();
    let stream = shop
        .stream(&format!("order-{}", text(&placed.body["order_id"])))
        .await;
    assert_eq!(due(&stream), "2017-11-09");
    imported["occurred_at"] = json!("2017-11-10T12:00:00.000Z");
    let placed = shop.post("/v1/orders", &imported).await.expect(201);
    let stream = shop
        .stream(&format!("order-{}", text(&placed.body["order_id"])))
        .await;
    assert_eq!(due(&stream), "2017-11-20");
    imported["due_on"] = json!("2018-01-31");
    let placed = shop.post("/v1/orders", &imported).await.expect(201);
    let stream = shop
        .stream(&format!("order-{}", text(&placed.body["order_id"])))
        .await;
    assert_eq!(due(&stream), "2018-01-31");
}

#[tokio::test]
async fn a_rehearsed_order_binds_nothing() {
    let shop = Shop::open().await;
    let customer = with_limit(&shop, 100).await;
    let before = shop.events().await;
    let body = order(&customer, "on_account", 100);
    shop.post("/v1/orders?dry_run=true", &body)
        .await
        .expect(200);
    let body = order(&customer, "on_account", 101);
    let refused = shop.post("/v1/orders?dry_run=true", &body).await;
    refused.refuses(409, "credit_limit_exceeded");
    assert_eq!(shop.events().await, before);
}
