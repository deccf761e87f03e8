//! The service as a process: it starts on real Kafka and MongoDB, says when it is ready, answers, and stops in order.
//! The command service is make-believe.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../projecting/fake_store.rs"]
mod fake_store;
#[path = "../support/history.rs"]
#[expect(dead_code, reason = "the tests of the consumer use the rest")]
mod history;
mod running;

use std::time::Duration;

use orderfold_stack::tokens::{ALL_SCOPES, Principal};
use serde_json::Value;

use crate::running::Running;

#[tokio::test]
async fn it_follows_the_store_answers_and_stops_when_told() {
    let service = Running::start(|history| {
        let customer = history.register("Claire Gute");
        history.place(customer, &[(2, 500)]);
    })
    .await;
    service.wait_until_ready().await;
    assert_eq!(service.admin("/livez").await.status(), 200);

    let token = service.bearer(Principal::Service, ALL_SCOPES);
    let orders: Value = service.orders(&token).await.json().await.unwrap();
    assert_eq!(orders["data"][0]["customer"]["name"], "Claire Gute");
    assert_eq!(orders["freshness"]["lag_events"], 0);
    assert_eq!(service.orders("rubbish").await.status(), 401);

    let metrics = service.admin("/metrics").await.text().await.unwrap();
    for name in [
        "orderfold_http_request_duration_seconds_bucket",
        "orderfold_projection_halted_shards",
    ] {
        assert!(metrics.contains(name), "{name} is missing");
    }
    let logs = service.stop().await;
    assert!(!logs.contains("Claire"), "logs hold nothing personal");
    assert!(!logs.contains(&token), "and no token");
}

#[tokio::test]
async fn without_its_key_it_says_so_and_does_not_start() {
    let mut command = Running::command();
    command
        .env("JWT_PUBLIC_KEY_FILE", "/nowhere/key.pem")
        .env("MONGODB_URI", "mongodb://127.0.0.1:1/x");
    let output = tokio::time::timeout(Duration::from_mins(1), command.output());
    let output = output.await.unwrap().unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("/nowhere/key.pem"), "{said}");
}

#[tokio::test]
async fn without_its_servers_it_lives_but_is_not_ready() {
    let service = Running::start_without_servers().await;
    assert_eq!(service.admin("/livez").await.status(), 200);
    let ready = service.admin("/readyz").await;
    assert_eq!(ready.status(), 503);
    let report: Value = ready.json().await.unwrap();
    assert_ne!(report["checks"]["mongodb"], "ok");
    assert_ne!(report["checks"]["consumer"], "ok");
    let token = service.bearer(Principal::Service, ALL_SCOPES);
    let orders = service.orders(&token).await;
    assert_eq!(orders.status(), 503);
    assert!(orders.headers().contains_key("retry-after"));
    service.stop().await;
}
