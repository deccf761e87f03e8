//! One order, all the way.

use orderfold_stack::StackOptions;
use orderfold_system_tests::{
    client::Answer,
    sample,
    shop::{Shop, text},
};
use serde_json::{Value, json};

async fn fact(shop: &Shop, order: &str, what: &str, body: Value) -> Answer {
    shop.commands
        .post(&format!("/v1/orders/{order}/{what}"), &body)
        .await
        .expect(200)
}

fn types(answer: &Answer) -> Vec<String> {
    answer.json()["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| text(&event["type"]))
        .collect()
}

#[tokio::test]
async fn an_order_travels_from_the_command_to_the_query_api() {
    let shop = Shop::open(StackOptions::default()).await;
    let customer = shop.customer("Claire Gute").await;
    let placed = shop
        .commands
        .post("/v1/orders", &sample::order(&customer))
        .await
        .expect(201);
    let order = text(&placed.json()["order_id"]);
    assert_eq!(placed.header("location"), format!("/v1/orders/{order}"));
    assert_eq!(placed.header("etag"), "\"v1\"");
    assert_eq!(placed.json()["totals"]["total_sales"], 28_891);

    let unpaid = shop
        .commands
        .post(
            &format!("/v1/orders/{order}/shipments"),
            &json!({"reference": "s-1"}),
        )
        .await;
    assert_eq!(unpaid.expect(409).json()["code"], "order_unpaid");
    fact(
        &shop,
        &order,
        "payments",
        json!({"reference": "p-1", "amount": 28_891, "method": "card"}),
    )
    .await;
    let shipped = fact(
        &shop,
        &order,
        "shipments",
        json!({"reference": "s-1", "carrier": "UPS"}),
    )
    .await;
    assert_eq!(
        types(&shipped),
        [
            "orderfold.order.confirmed.v1",
            "orderfold.order.shipment_recorded.v1"
        ]
    );
    let delivered = fact(&shop, &order, "deliveries", json!({"reference": "d-1"})).await;
    assert_eq!(
        types(&delivered),
        [
            "orderfold.order.delivery_recorded.v1",
            "orderfold.order.completed.v1"
        ]
    );
    let returned =
        json!({"reference": "r-1", "reason": "unwanted", "lines": [{"line": 1, "quantity": 1}]});
    let last = fact(&shop, &order, "returns", returned).await;

    let read = shop
        .queries
        .get_after(&format!("/v1/orders/{order}"), &last)
        .await
        .expect(200);
    let (written, shown) = (last.json(), read.json());
    for member in [
        "version",
        "lifecycle",
        "payment_status",
        "fulfilment_status",
        "totals",
        "number",
        "currency",
    ] {
        assert_eq!(shown[member], written[member], "{member}");
    }
    assert_eq!(shown["lifecycle"], "completed");
    assert_eq!(shown["lines"][0]["returned"], 1);
    let unchanged = [("if-none-match", read.header("etag"))];
    shop.queries
        .get_with(&format!("/v1/orders/{order}"), &unchanged)
        .await
        .expect(304);

    let number = text(&shown["number"]);
    assert_eq!(
        shop.queries
            .get(&format!("/v1/orders/{number}"))
            .await
            .expect(200)
            .json()["order_id"],
        order.as_str()
    );
    let timeline = shop
        .queries
        .get_after(&format!("/v1/orders/{order}/timeline"), &last)
        .await
        .expect(200)
        .json();
    assert_eq!(timeline["data"].as_array().unwrap().len(), 7);
    let listed = shop
        .queries
        .get_after(&format!("/v1/orders?customer_id={customer}"), &last)
        .await
        .expect(200);
    assert_eq!(listed.json()["data"][0]["totals"], shown["totals"]);
    let known = shop
        .queries
        .get_after(&format!("/v1/customers/{customer}"), &last)
        .await
        .expect(200);
    assert_eq!(known.json()["name"], "Claire Gute");
    let year = shown["placed_at"].as_str().unwrap()[..4]
        .parse::<u16>()
        .unwrap();
    let report = format!(
        "/v1/reports/sales?currency=USD&interval=year&from={year}-01-01&to={}-01-01",
        year + 1
    );
    let report = shop
        .queries
        .get_after(&report, &last)
        .await
        .expect(200)
        .json();
    assert_eq!(
        report["totals"]["total_sales"],
        shown["totals"]["total_sales"]
    );
    assert_eq!(report["totals"]["orders"], 1);
}

#[tokio::test]
async fn a_retry_is_answered_alike_and_does_nothing() {
    let shop = Shop::open(StackOptions::default()).await;
    let customer = shop.customer("Retrying Customer").await;
    let key = [("idempotency-key", "\"order-1\"")];
    let first = shop
        .commands
        .post_with("/v1/orders", &key, &sample::order(&customer))
        .await
        .expect(201);
    let again = shop
        .commands
        .post_with("/v1/orders", &key, &sample::order(&customer))
        .await
        .expect(201);
    assert_eq!(again.text, first.text);
    assert_eq!(again.header("etag"), first.header("etag"));
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(
        again.header("consistency-token"),
        first.header("consistency-token")
    );
    assert_eq!(
        (
            first.header("idempotency-replayed"),
            again.header("idempotency-replayed")
        ),
        ("", "true")
    );
    let mut other = sample::order(&customer);
    other["lines"][0]["quantity"] = json!(3);
    let reused = shop
        .commands
        .post_with("/v1/orders", &key, &other)
        .await
        .expect(422);
    assert_eq!(reused.json()["code"], "idempotency_key_reused");

    let order = text(&first.json()["order_id"]);
    let ship = format!("/v1/orders/{order}/shipments");
    let key = [("idempotency-key", "ship-1")];
    let refused = shop
        .commands
        .post_with(&ship, &key, &json!({"reference": "s-1"}))
        .await
        .expect(409);
    fact(
        &shop,
        &order,
        "payments",
        json!({"reference": "p-1", "amount": 28_891, "method": "card"}),
    )
    .await;
    let still = shop
        .commands
        .post_with(&ship, &key, &json!({"reference": "s-1"}))
        .await
        .expect(409);
    assert_eq!(
        still.json()["code"],
        refused.json()["code"],
        "a kept refusal does not flip"
    );
    let again = fact(
        &shop,
        &order,
        "payments",
        json!({"reference": "p-1", "amount": 28_891, "method": "card"}),
    )
    .await;
    assert!(types(&again).is_empty(), "a repeated fact records nothing");
    let listed = shop
        .queries
        .get_after(&format!("/v1/orders?customer_id={customer}"), &again)
        .await
        .expect(200);
    assert_eq!(listed.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_version_that_has_moved_on_is_a_conflict_and_a_dry_run_leaves_no_trace() {
    let shop = Shop::open(StackOptions::default()).await;
    let customer = shop.customer("Careful Customer").await;
    let placed = shop
        .commands
        .post("/v1/orders", &sample::order(&customer))
        .await
        .expect(201);
    let order = text(&placed.json()["order_id"]);
    let pay = format!("/v1/orders/{order}/payments");
    let body = json!({"reference": "p-1", "amount": 100, "method": "cash"});
    let tried = shop
        .commands
        .post(&format!("{pay}?dry_run=true"), &body)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&tried["dry_run"], &tried["version"]),
        (&json!(true), &json!(2))
    );
    let stale = shop
        .commands
        .post_with(&pay, &[("if-match", "\"v2\"")], &body)
        .await
        .expect(412)
        .json();
    assert_eq!(
        (&stale["code"], &stale["current_version"]),
        (&json!("version_conflict"), &json!(1))
    );
    let read = shop
        .queries
        .get_after(&format!("/v1/orders/{order}"), &placed)
        .await
        .expect(200);
    let done = shop
        .commands
        .post_with(&pay, &[("if-match", read.header("etag"))], &body)
        .await
        .expect(200);
    assert_eq!(done.header("etag"), "\"v2\"");
    assert_eq!(done.json()["totals"], tried["totals"]);
}
