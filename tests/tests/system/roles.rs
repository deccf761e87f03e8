//! The API and the projectors as processes of their own, and the verbs of the command line against a running system.

use std::{process::Command, time::Duration};

use orderfold_stack::{StackOptions, local::write_env};
use orderfold_system_tests::{
    client::Answer,
    sample,
    shop::{Shop, text},
    views,
};
use serde_json::json;
use sqlx::PgPool;
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_millis(100);
const FOLDED: &str = "orderfold_projection_events_total{";

#[tokio::test]
async fn a_replica_that_folds_nothing_waits_for_what_a_projector_folds_and_operators_have_their_verbs()
 {
    let shop = Shop::open(StackOptions {
        projectors: 1,
        ..StackOptions::default()
    })
    .await;
    let order = trade(&shop).await;
    the_api_shows_what_the_projector_folds(&shop, &order).await;
    let path = format!("/v1/orders/{}", text(&order.json()["order_id"]));
    a_parked_stream_is_listed_and_retried(&shop, &path).await;
    an_event_is_skipped_until_a_rebuild(&shop, &path).await;
    builds_are_changed_and_verified(&shop).await;
    verbs_need_no_more_than_the_environment_file(&shop);
}

/// An order with two more events.
async fn trade(shop: &Shop) -> Answer {
    let customer = shop.customer("Claire Gute").await;
    let order = sample::order(&customer);
    let placed = shop.commands.post("/v1/orders", &order).await.expect(201);
    let path = format!("/v1/orders/{}", text(&placed.json()["order_id"]));
    for command in ["confirm", "hold"] {
        let body = match command {
            "hold" => json!({ "reason": "fraud" }),
            _ => json!({}),
        };
        let path = format!("{path}/{command}");
        shop.commands.post(&path, &body).await.expect(200);
    }
    placed
}

async fn the_api_shows_what_the_projector_folds(shop: &Shop, order: &Answer) {
    let path = format!("/v1/orders/{}", text(&order.json()["order_id"]));
    let body = json!({"reference": "ch-1", "amount": 1_000, "method": "card"});
    let paid = shop.commands.post(&format!("{path}/payments"), &body).await;
    let shown = shop.queries.get_after(&path, &paid.expect(200)).await;
    assert_eq!(shown.expect(200).json()["version"], 4);

    let api = shop.queries.at(&shop.stack.query_admin_urls()[0], PATIENCE);
    assert!(!api.get("/metrics").await.text.contains(FOLDED));
    let projector = shop.stack.projector(0).unwrap();
    let addresses = projector.addresses();
    assert_eq!(addresses.len(), 1, "a projector answers nobody");
    let projector = shop.queries.at(&addresses[0].url, PATIENCE);
    assert!(projector.get("/metrics").await.text.contains(FOLDED));
}

async fn a_parked_stream_is_listed_and_retried(shop: &Shop, path: &str) {
    let stream = stream(path);
    garble(shop, &stream).await;
    let report = verb(shop, &["rebuild", "order_list"]).await;
    assert!(report.contains("order_list build 2: filling"), "{report}");
    until(shop, "the stream is parked", |parked| {
        parked.contains(&stream) && parked.contains("order_list build 2")
    })
    .await;
    active(shop, "order_list", 2).await;
    shows(shop, "/v1/orders", "1").await;

    heal(shop, &stream).await;
    let report = verb(shop, &["retry", &stream]).await;
    assert!(report.contains("retry requested"), "{report}");
    until(shop, "nothing is parked", str::is_empty).await;
    let refused = shop.stack.run_query_service(&["retry", &stream]).await;
    assert!(refused.unwrap_err().to_string().contains("not parked"));
    assert!(verb(shop, &["verify"]).await.contains(" 0 differ"));
}

async fn an_event_is_skipped_until_a_rebuild(shop: &Shop, path: &str) {
    let stream = stream(path);
    garble(shop, &stream).await;
    verb(shop, &["rebuild", "order_detail"]).await;
    until(shop, "the stream is parked", |parked| {
        parked.contains(&stream)
    })
    .await;
    active(shop, "order_detail", 2).await;
    let skip = ["skip", &stream, "--reason", "it says nothing"];
    let report = verb(shop, &skip).await;
    assert!(report.contains("skip requested"), "{report}");
    until(shop, "nothing is parked", str::is_empty).await;
    // It stays missing; what is behind it is not.
    let shown = shows(shop, path, "1").await;
    assert_eq!(shown.json()["version"], 4);

    heal(shop, &stream).await;
    verb(shop, &["rebuild", "order_detail"]).await;
    active(shop, "order_detail", 3).await;
    shows(shop, path, "").await;
}

async fn builds_are_changed_and_verified(shop: &Shop) {
    let report = verb(shop, &["activate", "order_list", "1"]).await;
    assert!(report.contains("build 1: ready, answers"), "{report}");
    active(shop, "order_list", 1).await;
    let report = verb(shop, &["retire", "order_list", "2"]).await;
    assert!(report.contains("build 2: retiring"), "{report}");
    let refused = ["retire", "order_list", "1"];
    assert!(shop.stack.run_query_service(&refused).await.is_err());
    let pool = pool(shop).await;
    let differing = views::differing(&shop.stack, &pool, 1).await;
    assert!(differing.is_empty(), "{differing:#?}");
    let sampled = ["verify", "--projection", "order_list", "--sample", "2"];
    assert!(verb(shop, &sampled).await.starts_with("order_list build 1"));
}

fn verbs_need_no_more_than_the_environment_file(shop: &Shop) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("env");
    write_env(&shop.stack, folder.path(), &file).unwrap();
    for verb in [
        "$COMMAND_SERVICE migrate",
        "$QUERY_SERVICE verify --sample 2",
    ] {
        let script = format!("source '{}' && {verb}", file.display());
        let mut shell = Command::new("bash");
        let ended = shell.args(["-c", &script]).env_clear().output().unwrap();
        assert!(ended.status.success(), "{verb}: {ended:?}");
    }
}

async fn verb(shop: &Shop, arguments: &[&str]) -> String {
    shop.stack.run_query_service(arguments).await.unwrap()
}

/// Waits for what the list of parked streams says.
async fn until(shop: &Shop, what: &str, holds: impl Fn(&str) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let parked = verb(shop, &["parked"]).await;
        if holds(&parked) {
            return;
        }
        assert!(Instant::now() < deadline, "never {what}: {parked}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until a build answers, here too.
async fn active(shop: &Shop, read_model: &str, build: u32) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let known = shop.queries.get("/v1/projections").await.expect(200).json();
        let mut known = known["data"].as_array().unwrap().iter();
        let model = known.find(|known| known["name"] == read_model).unwrap();
        if model["active_build"] == build && model["lag_events"] == 0 {
            return;
        }
        assert!(Instant::now() < deadline, "{model}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Waits until an answer says that so much is missing in it.
async fn shows(shop: &Shop, path: &str, parked: &str) -> Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let shown = shop.queries.get(path).await.expect(200);
        if shown.header("read-model-parked") == parked {
            return shown;
        }
        assert!(Instant::now() < deadline, "{shown:?}");
        tokio::time::sleep(PAUSE).await;
    }
}

fn stream(path: &str) -> String {
    format!("order-{}", path.rsplit('/').next().unwrap())
}

/// Makes the second event of a stream one that nobody knows, in the feed alone: only what is filled anew sees it.
async fn garble(shop: &Shop, stream: &str) {
    rename(shop, stream, "orderfold.order.enchanted.v1").await;
}

async fn heal(shop: &Shop, stream: &str) {
    rename(shop, stream, "orderfold.order.confirmed.v1").await;
}

async fn rename(shop: &Shop, stream: &str, event_type: &str) {
    let renaming = sqlx::query("update event set type = $2 where stream_id = $1 and version = 2")
        .bind(stream)
        .bind(event_type);
    let renamed = renaming.execute(&pool(shop).await).await.unwrap();
    assert_eq!(renamed.rows_affected(), 1);
}

async fn pool(shop: &Shop) -> PgPool {
    let url = &shop.stack.backends().database_url;
    PgPool::connect(url).await.unwrap()
}
