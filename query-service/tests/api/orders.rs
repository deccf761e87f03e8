//! One order, and its timeline.

use bson::{Document, doc};
use futures::{FutureExt, future::join_all};
use orderfold_events::OrderId;
use query_service::database::stored;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    order_list::{WEB, daily, next_page},
    service::{Answer, Service},
};

#[tokio::test]
async fn an_order_is_whole_by_its_id_and_by_its_number() {
    let mut service = Service::start().await;
    let (order, number) = service
        .happen(|history| {
            let customer = history.register("A");
            let order = daily(history, customer, 1)[0];
            history.pay(order, 1100);
            history.ship(order, 2);
            history.deliver(order, 1);
            history.take_back(order, 1);
            history.confirm(order);
            (order, history.summary(order).number.unwrap())
        })
        .await;
    let answer = service.get(&format!("/v1/orders/{order}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = &answer.body;
    assert_eq!(body["version"], 6);
    assert_eq!(body["totals"]["returns"], 500);
    assert_eq!(body["payments"][0]["amount"], 1100);
    assert_eq!(
        body["shipments"][0]["lines"],
        json!([{"line": 1, "quantity": 2}])
    );
    assert_eq!(body["deliveries"][0]["lines"][0]["quantity"], 1);
    assert_eq!(body["returns"][0]["reason"], "unwanted");
    let line = &body["lines"][0];
    let units = ["ordered", "cancelled", "shipped", "delivered", "returned"];
    assert_eq!(
        units.map(|member| line[member].as_i64().unwrap()),
        [2, 0, 2, 1, 1]
    );
    assert_eq!(body["ship_to"]["name"], "Recipient");
    assert_eq!(
        body["allowed_actions"],
        json!([
            "hold_order",
            "amend_order",
            "update_order_details",
            "cancel_order",
            "record_payment",
            "record_refund",
            "record_shipment",
            "record_delivery",
            "record_return",
            "add_order_note"
        ])
    );
    let by_number = service.get(&format!("/v1/orders/{number}")).await;
    assert_eq!(by_number.body, answer.body);
}

#[tokio::test]
async fn many_who_ask_at_once_each_get_their_order_and_a_broken_one_is_a_fault_of_its_own() {
    let mut service = Service::start().await;
    let (mine, theirs) = service
        .happen(|history| {
            let mine = history.register("A");
            let theirs = history.register("B");
            (daily(history, mine, 28), daily(history, theirs, 28))
        })
        .await;
    let broken = theirs[27];
    let gone = service
        .database
        .order_detail()
        .clone_with_type::<Document>()
        .update_one(
            doc! { "_id": stored::id_value(broken) },
            doc! { "$unset": { "channel": "" } },
        )
        .await
        .unwrap();
    assert_eq!(gone.modified_count, 1);

    let owner = service.owner_of(mine[0]);
    let asked: Vec<OrderId> = mine.iter().chain(&theirs).copied().collect();
    let paths: Vec<String> = asked.iter().map(|it| format!("/v1/orders/{it}")).collect();
    let asking = paths.iter().flat_map(|path| {
        [
            service.get(path).boxed_local(),
            service.get(path).boxed_local(),
            service.get_as(owner, path).boxed_local(),
        ]
    });
    let answers = join_all(asking).await;
    for (order, answers) in asked.iter().zip(answers.chunks(3)) {
        let to_customer = if mine.contains(order) { 200 } else { 404 };
        let expected = if *order == broken {
            [503; 3]
        } else {
            [200, 200, to_customer]
        };
        for (answer, expected) in answers.iter().zip(expected) {
            assert_eq!(answer.status, expected, "{order}: {}", answer.body);
            if expected == 200 {
                assert_eq!(answer.body["order_id"], order.to_string());
            }
        }
    }
    let unknown = OrderId(Uuid::from_u128(7));
    let answer = service.get(&format!("/v1/orders/{unknown}")).await;
    answer.is_problem(404, "order_not_found");
}

#[tokio::test]
async fn a_known_order_is_not_sent_again_until_it_changes() {
    let mut service = Service::start().await;
    let order = service
        .happen(|history| {
            let customer = history.register("A");
            daily(history, customer, 1)[0]
        })
        .await;
    let path = format!("/v1/orders/{order}");
    let first = service.get(&path).await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("\"v1-"), "{tag}");
    for known in [
        tag.clone(),
        format!("\"v9\", {tag}"),
        format!("W/{tag}"),
        "*".to_owned(),
    ] {
        let again = service.get_with(&path, &[("if-none-match", &known)]).await;
        assert_eq!(again.status, 304, "{known}");
        assert_eq!(again.body, Value::Null);
        assert_eq!(again.header("etag"), tag);
        assert_ne!(again.header("read-model-lag"), "");
    }
    let narrow = service.get_scoped("orders:read", &path).await;
    assert_ne!(narrow.header("etag"), tag, "it shows something else");

    service.happen(|history| history.pay(order, 1)).await;
    let changed = service.get_with(&path, &[("if-none-match", &tag)]).await;
    assert_eq!(changed.status, 200);
    assert!(changed.header("etag").starts_with("\"v2-"));
}

#[tokio::test]
async fn the_timeline_has_every_event_in_pages_oldest_first() {
    let mut service = Service::start().await;
    let (order, number) = service
        .happen(|history| {
            let customer = history.register("A");
            let order = daily(history, customer, 1)[0];
            history.pay(order, 600);
            history.pay(order, 500);
            (order, history.summary(order).number.unwrap())
        })
        .await;
    let first = service
        .get(&format!("/v1/orders/{order}/timeline?limit=2"))
        .await;
    assert_eq!(
        first.column("type"),
        [
            "orderfold.order.placed.v1",
            "orderfold.order.payment_recorded.v1"
        ]
    );
    let placed = &first.rows()[0];
    assert_eq!(placed["version"], 1);
    assert_eq!(placed["actor"], "service:test");
    assert_eq!(placed["occurred_at"], "2017-03-01T12:00:00.000Z");
    assert_eq!(placed["coordinate"]["epoch"], 1);
    assert_eq!(placed["data"]["reference"], "A-1");
    assert_eq!(placed["data"]["personal"]["ship_to"]["name"], "Recipient");
    let second = service.get(&next_page(&first)).await;
    assert_eq!(second.rows().len(), 1);
    assert_eq!(second.rows()[0]["data"]["amount"], 500);
    assert_eq!(second.body["has_more"], false);
    let by_number = service.get(&format!("/v1/orders/{number}/timeline")).await;
    assert_eq!(by_number.rows().len(), 3);
}

#[tokio::test]
async fn without_the_scope_nothing_personal_is_shown() {
    let mut service = Service::start().await;
    let order = service
        .happen(|history| {
            let customer = history.register("Claire Gute");
            let order = history.place_as(customer, &WEB, &[(1, 100)]);
            history.cancel(order, 1);
            order
        })
        .await;
    for path in [
        "/v1/orders".to_owned(),
        format!("/v1/orders/{order}"),
        format!("/v1/orders/{order}/timeline"),
    ] {
        let answer = service.get_scoped("orders:read", &path).await;
        assert_eq!(answer.status, 200);
        let text = answer.body.to_string();
        for personal in ["Claire", "Recipient", "Henderson", "changed her mind"] {
            assert!(!text.contains(personal), "{path} shows {personal}");
        }
    }
    let whole = service.get(&format!("/v1/orders/{order}")).await;
    assert_eq!(whole.body["cancellations"][0]["note"], "changed her mind");
    assert_eq!(
        whole.body["allowed_actions"],
        json!([
            "amend_order",
            "update_order_details",
            "record_payment",
            "add_order_note"
        ])
    );
}

#[tokio::test]
async fn a_customer_sees_only_their_own_orders() {
    let mut service = Service::start().await;
    let (mine, other, order, number) = service
        .happen(|history| {
            let mine = history.register("Mine");
            let other = history.register("Other");
            daily(history, mine, 1);
            let order = daily(history, other, 1)[0];
            (mine, other, order, history.summary(order).number.unwrap())
        })
        .await;
    let own = service.get_as(mine, "/v1/orders").await;
    assert_eq!(own.column("customer_id"), [mine.to_string()]);
    let filtered = service
        .get_as(mine, &format!("/v1/orders?customer_id={other}"))
        .await;
    assert!(filtered.rows().is_empty());
    for path in [
        format!("/v1/orders/{order}"),
        format!("/v1/orders/{number}"),
        format!("/v1/orders/{order}/timeline"),
    ] {
        service
            .get_as(mine, &path)
            .await
            .is_problem(404, "order_not_found");
        assert_eq!(service.get_as(other, &path).await.status, 200);
    }
}

#[tokio::test]
async fn a_prepaid_order_may_not_leave_before_it_is_paid() {
    let mut service = Service::start().await;
    let order = service
        .happen(|history| {
            let customer = history.register("A");
            daily(history, customer, 1)[0]
        })
        .await;
    let path = format!("/v1/orders/{order}");
    let may_ship = |answer: &Answer| {
        let actions = answer.body["allowed_actions"].as_array().unwrap();
        actions.contains(&json!("record_shipment"))
    };
    assert!(!may_ship(&service.get(&path).await));
    service.happen(|history| history.pay(order, 1100)).await;
    assert!(may_ship(&service.get(&path).await));
}
