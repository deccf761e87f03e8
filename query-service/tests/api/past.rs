//! An order as it was.

use bson::doc;
use serde_json::json;

use crate::{order_list::daily, service::Service};

#[tokio::test]
async fn an_order_is_shown_as_it_was_at_a_version_and_at_a_time() {
    let mut service = Service::start().await;
    let order = service
        .happen(|history| {
            let customer = history.register("A");
            let order = daily(history, customer, 1)[0];
            history.at("2017-03-02T00:00:00.000Z");
            history.pay(order, 600);
            // A payment that became known later than it happened counts from when it happened.
            history.at("2017-03-05T00:00:00.000Z");
            history.confirm(order);
            order
        })
        .await;
    let path = format!("/v1/orders/{order}");
    let now = service.get(&path).await;
    let last = service.get(&format!("{path}?version=3")).await;
    assert_eq!(
        last.body, now.body,
        "the fold of the timeline is the live view"
    );
    assert_eq!(last.header("etag"), now.header("etag"));

    for (moment, version, payments, lifecycle) in [
        ("version=1", 1, 0, "placed"),
        ("version=2", 2, 600, "placed"),
        ("at=2017-03-01T12:00:00Z", 1, 0, "placed"),
        ("at=2017-03-04T23:59:59.999Z", 2, 600, "placed"),
        ("at=2030-01-01T00:00:00Z", 3, 600, "confirmed"),
    ] {
        let then = service.get(&format!("{path}?{moment}")).await;
        assert_eq!(then.body["version"], version, "{moment}");
        assert_eq!(then.body["totals"]["payments"], payments, "{moment}");
        assert_eq!(then.body["lifecycle"], lifecycle, "{moment}");
        let tag = then.header("etag");
        assert!(tag.starts_with(&format!("\"v{version}-")), "{tag}");
        let again = service
            .get_with(&format!("{path}?{moment}"), &[("if-none-match", tag)])
            .await;
        assert_eq!(again.status, 304, "{moment}");
    }
}

#[tokio::test]
async fn behind_an_event_that_was_skipped_no_past_state_is_known() {
    let mut service = Service::start().await;
    let order = service
        .happen(|history| {
            let customer = history.register("A");
            let order = daily(history, customer, 1)[0];
            history.pay(order, 600);
            history.confirm(order);
            order
        })
        .await;
    let entries = service.database.order_timeline();
    let skipped = entries.delete_one(doc! { "version": 2 }).await.unwrap();
    assert_eq!(skipped.deleted_count, 1);
    let path = format!("/v1/orders/{order}");
    let before = service.get(&format!("{path}?version=1")).await;
    assert_eq!(before.body["version"], 1);
    for moment in ["version=2", "version=3", "at=2030-01-01T00:00:00Z"] {
        let answer = service.get(&format!("{path}?{moment}")).await;
        answer.is_problem(404, "order_version_not_found");
    }
}

#[tokio::test]
async fn what_was_not_there_then_is_not_found() {
    let mut service = Service::start().await;
    let (mine, other, order) = service
        .happen(|history| {
            let mine = history.register("Mine");
            let other = history.register("Other");
            let order = daily(history, mine, 1)[0];
            (mine, other, order)
        })
        .await;
    let path = format!("/v1/orders/{order}");
    for moment in [
        "version=2",
        "version=4294967295",
        "at=2017-03-01T11:59:59.999Z",
    ] {
        let answer = service.get(&format!("{path}?{moment}")).await;
        answer.is_problem(404, "order_version_not_found");
        assert_ne!(answer.header("read-model-lag"), "");
    }
    let past = format!("{path}?version=1");
    assert_eq!(service.get_as(mine, &past).await.status, 200);
    let foreign = service.get_as(other, &past).await;
    foreign.is_problem(404, "order_not_found");
    for (query, faults) in [
        ("version=0", json!(["/query/version"])),
        ("version=+1", json!(["/query/version"])),
        ("at=2017-03-01", json!(["/query/at"])),
        ("version=1&at=2017-03-01T00:00:00Z", json!(["/query/at"])),
    ] {
        let answer = service.get(&format!("{path}?{query}")).await;
        let pointers: Vec<_> = answer
            .faults()
            .iter()
            .map(|(pointer, _)| json!(pointer))
            .collect();
        assert_eq!(json!(pointers), faults, "{query}");
    }
}
