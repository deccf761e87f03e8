//! All that the order list can be asked for: every filter, every sort, search and facets.

use chrono::NaiveDate;
use orderfold_events::{
    CustomerId, OrderId,
    order::{DetailsUpdated, Held, HoldReason, OrderFact},
};
use serde_json::{Value, json};

use crate::{
    history::{History, Placing},
    order_list::{WEB, next_page},
    service::Service,
};

/// A small shop: a paid and shipped order, one on account with details, one on hold, a euro one that is overpaid, and
/// two drafts of which one is discarded.
pub struct Shop {
    pub service: Service,
    pub customer: CustomerId,
    pub other: CustomerId,
    pub orders: Vec<OrderId>,
    pub draft: OrderId,
}

pub async fn shop() -> Shop {
    let mut service = Service::start().await;
    let (customer, other, orders, draft) = service
        .happen(|history| {
            let customer = history.register("Claire Gute");
            let other = history.register("Darrin van Huff");
            let orders = place_all(history, customer, other);
            let draft = history.draft(customer, &WEB, &[(1, 10)]);
            let discarded = history.draft(customer, &WEB, &[(1, 10)]);
            history.discard(discarded);
            (customer, other, orders, draft)
        })
        .await;
    Shop {
        service,
        customer,
        other,
        orders,
        draft,
    }
}

fn place_all(history: &mut History, customer: CustomerId, other: CustomerId) -> Vec<OrderId> {
    let on_account = Placing {
        channel: "desk",
        currency: "USD",
        reference: "PO/4711",
        due_on: NaiveDate::from_ymd_opt(2017, 4, 30),
    };
    let euro = Placing {
        channel: "shop",
        currency: "EUR",
        reference: "CA-2017-152156",
        due_on: None,
    };
    history.at("2017-03-01T12:00:00.000Z");
    let shipped = history.place_as(customer, &WEB, &[(2, 500)]);
    history.pay(shipped, 1000);
    history.ship(shipped, 2);
    history.at("2017-03-02T12:00:00.000Z");
    let owed = history.place_as(other, &on_account, &[(3, 1000), (1, 1)]);
    let details = OrderFact::DetailsUpdated(DetailsUpdated {
        reference: Some("PO/4711".to_owned()),
        customer_reference: Some("Their 9".to_owned()),
        tags: vec!["gift".to_owned()],
        metadata: std::collections::BTreeMap::new(),
    });
    history.happen_to_order(owed, details, |_| {});
    history.at("2017-03-03T12:00:00.000Z");
    let held = history.place_as(
        customer,
        &Placing {
            reference: "A-3",
            ..WEB
        },
        &[(1, 700)],
    );
    let hold = OrderFact::Held(Held {
        hold: 1,
        reason: HoldReason::Address,
        personal: orderfold_events::Personal::plain(orderfold_events::personal::Note {
            note: Some("no such street".to_owned()),
        }),
    });
    history.happen_to_order(held, hold, |summary| summary.on_hold = true);
    history.at("2017-03-04T12:00:00.000Z");
    let overpaid = history.place_as(other, &euro, &[(1, 200)]);
    history.pay(overpaid, 250);
    vec![shipped, owed, held, overpaid]
}

/// Which of the shop's orders an answer lists, in its order.
async fn listed(shop: &Shop, query: &str) -> Vec<usize> {
    let answer = shop.service.get(&format!("/v1/orders?{query}")).await;
    let ids = answer.column("order_id").into_iter();
    let index = |id: &str| {
        let found = shop.orders.iter().position(|order| order.to_string() == id);
        found.unwrap_or(usize::MAX)
    };
    ids.map(index).collect()
}

#[tokio::test]
async fn every_filter_narrows() {
    let shop = shop().await;
    let payment = shop
        .service
        .get(&format!("/v1/orders/{}", shop.orders[0]))
        .await;
    let payment = payment.body["payments"][0]["reference"]
        .as_str()
        .unwrap()
        .to_owned();
    let number = shop
        .service
        .get(&format!("/v1/orders/{}", shop.orders[3]))
        .await;
    let number = number.body["number"].as_str().unwrap().to_owned();
    let by_names = format!("ids={},{number}", shop.orders[1]);
    for (query, expected) in [
        ("sort=placed_at", vec![0, 1, 2, 3]),
        ("on_hold=true", vec![2]),
        ("on_hold=false&sort=placed_at", vec![0, 1, 3]),
        ("to_ship=true&sort=placed_at", vec![1, 3]),
        ("refund_due=true", vec![3]),
        ("terms=on_account", vec![1]),
        ("due_before=2017-05-01", vec![1]),
        ("due_before=2017-04-30", vec![]),
        ("currency=USD&total_min=1001", vec![1]),
        (
            "currency=USD&total_min=700&total_max=1000&sort=placed_at",
            vec![0, 2],
        ),
        ("sku=SKU-2", vec![1]),
        ("sku=sku-2", vec![]),
        ("tag=gift", vec![1]),
        ("tag=gift,vip", vec![1]),
        ("reference=PO/4711", vec![1]),
        ("reference=po/4711", vec![]),
        ("customer_reference=Their%209", vec![1]),
        (&format!("payment_reference={payment}"), vec![0]),
        ("tracking_number=none", vec![]),
        (&by_names, vec![3, 1]),
        ("updated_from=2017-03-04", vec![3]),
        ("updated_to=2017-03-02T00:00:00Z", vec![0]),
        (
            "fulfilment_status=unfulfilled&channel=web,desk&sort=placed_at",
            vec![0, 1, 2],
        ),
    ] {
        assert_eq!(listed(&shop, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn drafts_are_listed_only_when_asked_for() {
    let shop = shop().await;
    let drafts = shop.service.get("/v1/orders?lifecycle=draft").await;
    assert_eq!(drafts.column("order_id"), [shop.draft.to_string()]);
    assert_eq!(drafts.rows()[0]["number"], Value::Null);
    assert_eq!(drafts.rows()[0]["placed_at"], Value::Null);
    let both = shop
        .service
        .get("/v1/orders?lifecycle=draft,discarded")
        .await;
    assert_eq!(both.rows().len(), 2);
    let placed = shop
        .service
        .get("/v1/orders?lifecycle=draft&placed_from=2016-01-01")
        .await;
    assert!(placed.rows().is_empty(), "nothing was placed");

    let draft = shop
        .service
        .get(&format!("/v1/orders/{}", shop.draft))
        .await;
    assert_eq!(draft.body["preview"]["total_sales"], 10);
    assert_eq!(
        draft.body["allowed_actions"],
        json!([
            "change_draft",
            "place_order",
            "discard_draft",
            "add_order_note"
        ])
    );
}

#[tokio::test]
async fn words_find_orders_by_themselves_and_by_their_customers() {
    let shop = shop().await;
    for (q, expected) in [
        ("po/4711", vec![1]),
        ("4711", vec![1]),
        ("152156", vec![3]),
        ("ca-2017-152156", vec![3]),
        ("sku-2", vec![1]),
        ("sku-2+9", vec![]),
        ("their+gift", vec![]),
        // The customer's own reference is "REF Claire Gute".
        ("claire+gute", vec![2, 0]),
        ("nobody", vec![]),
        (".*", vec![]),
    ] {
        assert_eq!(listed(&shop, &format!("q={q}")).await, expected, "{q}");
    }
    let mine = shop
        .service
        .get_as(shop.customer, "/v1/orders?q=4711")
        .await;
    assert!(mine.rows().is_empty(), "somebody else's");
}

#[tokio::test]
async fn every_sort_runs_both_ways_in_pages() {
    let shop = shop().await;
    for (sort, expected) in [
        ("placed_at", [0, 1, 2, 3]),
        ("updated_at", [0, 1, 2, 3]),
        ("number", [0, 1, 2, 3]),
        ("total_sales&currency=USD", [2, 0, 1, usize::MAX]),
    ] {
        let expected: Vec<_> = expected.into_iter().filter(|it| *it < 4).collect();
        assert_eq!(
            listed(&shop, &format!("sort={sort}")).await,
            expected,
            "{sort}"
        );
        let reversed: Vec<_> = expected.into_iter().rev().collect();
        let mut path = format!("/v1/orders?limit=1&sort=-{sort}");
        let mut seen = Vec::new();
        loop {
            let page = shop.service.get(&path).await;
            let id = page.column("order_id")[0].to_owned();
            seen.extend(shop.orders.iter().position(|order| order.to_string() == id));
            if page.body["has_more"] == false {
                break;
            }
            path = next_page(&page);
        }
        assert_eq!(seen, reversed, "-{sort}");
    }
}

#[tokio::test]
async fn amounts_are_compared_in_one_currency_only() {
    let shop = shop().await;
    for query in [
        "total_min=1",
        "total_max=1",
        "sort=total_sales",
        "sort=-total_sales&currency=USD,EUR",
    ] {
        for path in ["/v1/orders", "/v1/orders/export"] {
            let answer = shop.service.get(&format!("{path}?{query}")).await;
            answer.is_problem(422, "currency_required");
            assert_eq!(answer.body["errors"][0]["pointer"], "/query/currency");
        }
    }
    let facets = shop.service.get("/v1/orders/facets?total_min=1").await;
    facets.is_problem(422, "currency_required");
}

fn counts(facets: &Value, facet: &str) -> Vec<(String, u64)> {
    let values = facets["data"][facet].as_array().unwrap().iter();
    values
        .map(|value| {
            assert_eq!(value["more"], false);
            let name = value["value"].as_str().unwrap().to_owned();
            (name, value["count"].as_u64().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn facets_count_what_the_list_shows_and_ignore_their_own_filter() {
    let shop = shop().await;
    let all = shop.service.get("/v1/orders/facets").await.body;
    let of = |name: &str, count| (name.to_owned(), count);
    assert_eq!(
        counts(&all, "lifecycle"),
        [of("draft", 1), of("placed", 4), of("discarded", 1)]
    );
    assert_eq!(
        counts(&all, "channel"),
        [of("desk", 1), of("shop", 1), of("web", 2)]
    );
    assert_eq!(counts(&all, "on_hold"), [of("true", 1), of("false", 3)]);
    assert_eq!(all["freshness"]["lag_events"], 0);

    let euro = shop
        .service
        .get("/v1/orders/facets?currency=EUR")
        .await
        .body;
    assert_eq!(counts(&euro, "currency"), [of("EUR", 1), of("USD", 3)]);
    assert_eq!(counts(&euro, "channel"), [of("shop", 1)]);
    let found = shop.service.get("/v1/orders/facets?q=4711").await.body;
    assert_eq!(counts(&found, "currency"), [of("USD", 1)]);

    let mine = shop
        .service
        .get_as(shop.customer, "/v1/orders/facets")
        .await
        .body;
    assert_eq!(
        counts(&mine, "channel"),
        [of("web", 2)],
        "of others not even the names"
    );
}

#[tokio::test]
async fn a_customer_s_orders_are_the_list_of_that_customer() {
    let shop = shop().await;
    let path = format!("/v1/customers/{}/orders", shop.customer);
    let all = shop.service.get(&path).await;
    assert_eq!(all.rows().len(), 2);
    let held = shop.service.get(&format!("{path}?on_hold=true")).await;
    assert_eq!(held.column("order_id"), [shop.orders[2].to_string()]);
    let others = shop
        .service
        .get(&format!("{path}?customer_id={}", shop.other))
        .await;
    assert!(others.rows().is_empty());
    let own = shop.service.get_as(shop.customer, &path).await;
    assert_eq!(own.rows().len(), 2);
    let foreign = shop.service.get_as(shop.other, &path).await;
    foreign.is_problem(404, "customer_not_found");
    let none = uuid::Uuid::nil();
    let none = shop
        .service
        .get(&format!("/v1/customers/{none}/orders"))
        .await;
    none.is_problem(404, "customer_not_found");
}
