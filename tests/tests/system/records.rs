//! What is on Kafka, read with our own consumer and with the stock one.

use std::process::Stdio;

use orderfold_events::ShardCount;
use orderfold_stack::{ServersFor, StackOptions};
use orderfold_system_tests::{
    checker,
    client::Answer,
    log, sample,
    shop::{Shop, text},
};
use serde_json::json;
use tokio::process::Command;

async fn two_events(shop: &Shop) -> (String, Answer) {
    let customer = shop.customer("Kay Fka").await;
    let placed = shop
        .commands
        .post("/v1/orders", &sample::order(&customer))
        .await
        .expect(201);
    let cancel = format!("/v1/orders/{}/cancel", text(&placed.json()["order_id"]));
    let cancelled = shop
        .commands
        .post(&cancel, &json!({"reason": "stock", "note": "none left"}))
        .await
        .expect(200);
    shop.queries
        .get_after("/v1/orders", &cancelled)
        .await
        .expect(200);
    (customer, cancelled)
}

#[tokio::test]
async fn every_event_is_on_kafka_with_its_coordinates() {
    let shop = Shop::open(StackOptions::default()).await;
    let (customer, cancelled) = two_events(&shop).await;
    let backends = shop.stack.backends();
    let records = log::read(&backends.kafka_brokers, &backends.kafka_topic);
    assert_eq!(records.len(), 3);
    let last = records.last().unwrap();
    assert_eq!(last.key, customer);
    assert_eq!(
        last.envelope.coordinate.shard,
        ShardCount::new(32)
            .unwrap()
            .shard_of(customer.parse().unwrap())
    );
    assert_eq!(last.headers["ce_type"], "orderfold.order.cancelled.v1");
    assert_eq!(last.headers["ce_specversion"], "1.0");
    assert_eq!(last.headers["content-type"], "application/json");
    assert_eq!(
        last.headers["ce_subject"],
        format!("order-{}", text(&cancelled.json()["order_id"]))
    );
    assert_eq!(last.headers["ce_streamversion"], "2");
    assert!(last.headers["ce_source"].starts_with("/orderfold/"));
    let pool = sqlx::PgPool::connect(&backends.database_url).await.unwrap();
    checker::check_store(&pool).await;
    log::check_log(&pool, &records).await;
}

#[tokio::test]
async fn the_stock_console_consumer_reads_an_event_with_its_headers() {
    let options = StackOptions {
        servers: ServersFor::ThisTest,
        ..StackOptions::default()
    };
    let shop = Shop::open(options).await;
    let (customer, _) = two_events(&shop).await;
    let script = shop
        .stack
        .console_consumer()
        .expect("a stack with a broker of its own");
    let output = Command::new("sh")
        .args([
            "-c",
            script,
            "console-consumer",
            "--max-messages",
            "3",
            "--timeout-ms",
            "30000",
        ])
        .stderr(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text
        .lines()
        .find(|line| line.contains("ce_type:orderfold.order.placed.v1"))
        .expect("the placed event");
    for part in [
        "ce_specversion:1.0",
        "ce_position:2",
        "content-type:application/json",
        &customer,
        "FUR-BO-10001798",
    ] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
}
