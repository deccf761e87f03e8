//! The order list, one order, and its timeline.

use orderfold_events::{CustomerId, OrderId};
use serde_json::{Value, json};

use crate::{
    history::{History, Placing},
    service::{Answer, Service},
};

const WEB: Placing<'_> = Placing {
    channel: "web",
    currency: "USD",
    reference: "A-1",
};

/// Orders of one customer, a day apart, the first on 1 March 2017.
fn daily(history: &mut History, customer: CustomerId, count: usize) -> Vec<OrderId> {
    let days = (1..=count).map(|day| {
        history.at(&format!("2017-03-{day:02}T12:00:00.000Z"));
        let reference = format!("A-{day}");
        let placing = Placing {
            reference: &reference,
            ..WEB
        };
        history.place_as(customer, &placing, &[(2, 500), (1, 100)])
    });
    days.collect()
}

fn texts(orders: &[OrderId]) -> Vec<String> {
    orders.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_row_says_what_the_order_is_and_whose() {
    let mut service = Service::start().await;
    let (customer, order) = service
        .happen(|history| {
            let customer = history.register("Claire Gute");
            (customer, daily(history, customer, 1)[0])
        })
        .await;
    let answer = service.get("/v1/orders").await;
    let row = &answer.rows()[0];
    assert_eq!(row["order_id"], order.to_string());
    assert_eq!(row["customer_id"], customer.to_string());
    assert_eq!(
        row["customer"],
        json!({"customer_id": customer.to_string(), "name": "Claire Gute"})
    );
    assert_eq!((&row["line_count"], &row["units"]), (&json!(2), &json!(3)));
    assert_eq!(row["totals"]["total_sales"], 1100);
    assert_eq!(row["lifecycle"], "placed");
    assert_eq!(row["placed_at"], "2017-03-01T12:00:00.000Z");
    assert_eq!(answer.body["has_more"], false);
    assert_eq!(answer.body["next_cursor"], Value::Null);
    assert_eq!(answer.body["freshness"]["lag_events"], 0);
}

#[tokio::test]
async fn pages_follow_one_another_both_ways_and_miss_and_repeat_nothing() {
    let mut service = Service::start().await;
    let orders = service
        .happen(|history| {
            let customer = history.register("A");
            let mut orders = daily(history, customer, 5);
            // Two at the very same instant are told apart by their ids.
            history.at("2017-03-03T12:00:00.000Z");
            orders.insert(3, history.place_as(customer, &WEB, &[(1, 1)]));
            orders
        })
        .await;
    for (sort, expected) in [
        ("placed_at", texts(&orders)),
        ("-placed_at", texts(&orders).into_iter().rev().collect()),
    ] {
        let mut path = format!("/v1/orders?limit=2&sort={sort}");
        let mut seen: Vec<String> = Vec::new();
        for page in 1..=3 {
            let answer = service.get(&path).await;
            seen.extend(answer.column("order_id").into_iter().map(str::to_owned));
            assert_eq!(answer.body["has_more"], page < 3, "{sort}, page {page}");
            if page < 3 {
                path = next_page(&answer);
            } else {
                assert_eq!(answer.header("link"), "");
            }
        }
        assert_eq!(seen, expected, "{sort}");
    }
}

/// The path that the header `Link` gives; it must carry the cursor of the body.
fn next_page(answer: &Answer) -> String {
    let link = answer.header("link");
    let path = link.strip_prefix('<').unwrap();
    let path = path.strip_suffix(">; rel=\"next\"").unwrap();
    assert!(path.contains(answer.body["next_cursor"].as_str().unwrap()));
    path.to_owned()
}

#[tokio::test]
async fn a_row_that_moves_in_between_does_not_disturb_the_pages() {
    let mut service = Service::start().await;
    let (customer, orders) = service
        .happen(|history| {
            let customer = history.register("A");
            (customer, daily(history, customer, 4))
        })
        .await;
    let first = service.get("/v1/orders?limit=2").await;
    service
        .happen(|history| {
            history.at("2017-04-01T12:00:00.000Z");
            history.place_as(customer, &WEB, &[(1, 1)]);
        })
        .await;
    let second = service.get(&next_page(&first)).await;
    assert_eq!(
        second.column("order_id"),
        [texts(&orders)[1].as_str(), &texts(&orders)[0]]
    );
}

#[tokio::test]
async fn filters_narrow_alone_together_and_by_several_values() {
    let mut service = Service::start().await;
    let (first, second) = service
        .happen(|history| {
            let first = history.register("First");
            let second = history.register("Second");
            let orders = daily(history, first, 3);
            history.at("2017-03-10T12:00:00.000Z");
            let desk = Placing {
                channel: "desk",
                currency: "EUR",
                reference: "a $ne, not an operator",
            };
            let returned = history.place_as(second, &desk, &[(1, 900)]);
            history.pay(returned, 900);
            history.cancel(orders[0], 2);
            (first, second)
        })
        .await;
    for (query, count) in [
        ("", 4),
        ("channel=desk", 1),
        ("channel=desk,web", 4),
        ("channel=shop", 0),
        ("currency=EUR", 1),
        ("currency=EUR,USD&channel=web", 3),
        (&format!("customer_id={first}"), 3),
        (&format!("customer_id={first},{second}"), 4),
        ("reference=A-2", 1),
        ("reference=A-2,A-3", 2),
        ("reference=A-2&channel=desk", 0),
        ("reference=%24ne", 0),
        ("reference=.*", 0),
        ("lifecycle=placed", 4),
        ("lifecycle=cancelled,completed", 0),
        ("payment_status=unpaid", 4),
        ("fulfilment_status=unfulfilled,shipped", 4),
        ("placed_from=2017-03-02&placed_to=2017-03-04", 2),
        (
            "placed_from=2017-03-02T12:00:00Z&placed_to=2017-03-03T12:00:00Z",
            1,
        ),
        ("placed_to=2017-03-02&tz=Pacific/Auckland", 0),
        ("placed_to=2017-03-02T01:00:00%2B13:00", 0),
        ("placed_to=2017-03-02T01:00:00.001%2B13:00", 1),
    ] {
        let answer = service.get(&format!("/v1/orders?{query}")).await;
        assert_eq!(answer.rows().len(), count, "{query}");
    }
}

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
            (order, history.summary(order).number)
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
            "cancel_order",
            "record_payment",
            "record_shipment",
            "record_delivery",
            "record_return"
        ])
    );
    let by_number = service.get(&format!("/v1/orders/{number}")).await;
    assert_eq!(by_number.body, answer.body);
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
            (order, history.summary(order).number)
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
    assert_eq!(whole.body["allowed_actions"], json!(["record_payment"]));
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
            (mine, other, order, history.summary(order).number)
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
async fn a_cursor_holds_for_its_own_question_only() {
    let mut service = Service::start().await;
    let customer = service
        .happen(|history| {
            let customer = history.register("A");
            daily(history, customer, 3);
            customer
        })
        .await;
    let first = service.get("/v1/orders?limit=1").await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    assert_eq!(
        service
            .get(&format!("/v1/orders?cursor={cursor}"))
            .await
            .rows()
            .len(),
        2
    );
    for other in [
        format!("/v1/orders?cursor={cursor}&channel=web"),
        format!("/v1/orders?cursor={cursor}&sort=placed_at"),
        format!("/v1/customers?cursor={cursor}"),
        "/v1/orders?cursor=rubbish".to_owned(),
        "/v1/orders?cursor=".to_owned(),
    ] {
        assert_eq!(
            service.get(&other).await.faults(),
            [("/query/cursor", "invalid_format")]
        );
    }
    let path = format!("/v1/orders?cursor={cursor}");
    let as_customer = service.get_as(customer, &path).await;
    assert_eq!(as_customer.faults(), [("/query/cursor", "invalid_format")]);
}
