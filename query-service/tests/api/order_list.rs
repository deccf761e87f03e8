//! The order list: rows, filters, sorts and pages.

use orderfold_events::{CustomerId, OrderId};
use serde_json::{Value, json};

use crate::{
    history::{History, Placing},
    service::{Answer, Service},
};

pub const WEB: Placing<'_> = Placing {
    channel: "web",
    currency: "USD",
    reference: "A-1",
    due_on: None,
};

/// Orders of one customer, a day apart, the first on 1 March 2017.
pub fn daily(history: &mut History, customer: CustomerId, count: usize) -> Vec<OrderId> {
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

/// The path that the header `Link` gives; it must carry the cursor of the body.
pub fn next_page(answer: &Answer) -> String {
    let link = answer.header("link");
    let path = link.strip_prefix('<').unwrap();
    let path = path.strip_suffix(">; rel=\"next\"").unwrap();
    assert!(path.contains(answer.body["next_cursor"].as_str().unwrap()));
    path.to_owned()
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
                due_on: None,
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
