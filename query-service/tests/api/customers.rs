//! The customer list and one customer.

use orderfold_events::{
    credit::{CreditEvent, ExposureChanged, TermsSet},
    customer::{CustomerEvent, CustomerStatus, EraseReason, Erased},
};
use serde_json::{Value, json};

use crate::{history::Placing, order_list::WEB, service::Service};

#[tokio::test]
async fn customers_are_listed_newest_first_in_pages() {
    let mut service = Service::start().await;
    service
        .happen(|history| {
            for name in ["First", "Second", "Third"] {
                history.register(name);
            }
        })
        .await;
    let first = service.get("/v1/customers?limit=2").await;
    assert_eq!(first.column("name"), ["Third", "Second"]);
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = service
        .get(&format!("/v1/customers?limit=2&cursor={cursor}"))
        .await;
    assert_eq!(second.column("name"), ["First"]);
    assert_eq!(second.body["has_more"], false);
    assert_eq!(
        second.rows()[0]["reference"],
        json!({"channel": "web", "value": "REF First"})
    );
    for (query, count) in [
        ("reference=REF%20First,REF%20Third", 2),
        ("status=active", 3),
        ("tag=consumer", 3),
        ("tag=vip", 0),
        ("q=third", 1),
        ("q=REF+first", 1),
        ("q=first+third", 0),
    ] {
        let answer = service.get(&format!("/v1/customers?{query}")).await;
        assert_eq!(answer.rows().len(), count, "{query}");
    }
}

#[tokio::test]
async fn a_customer_is_shown_with_everything_that_was_bought() {
    let mut service = Service::start().await;
    let (customer, order) = service
        .happen(|history| {
            let customer = history.register("Claire Gute");
            let place = |currency| Placing {
                channel: "web",
                currency,
                reference: "X",
                due_on: None,
            };
            history.place_as(customer, &place("USD"), &[(1, 1000)]);
            let cancelled = history.place_as(customer, &place("USD"), &[(1, 501)]);
            history.cancel(cancelled, 1);
            let order = history.place_as(customer, &place("EUR"), &[(2, 700)]);
            (customer, order)
        })
        .await;
    let path = format!("/v1/customers/{customer}");
    let answer = service.get(&path).await;
    let body = &answer.body;
    assert_eq!(body["name"], "Claire Gute");
    assert_eq!(body["version"], 1);
    assert_eq!(body["addresses"], json!([]));
    assert_eq!(
        body["orders"],
        json!({"placed": 3, "open": 2, "cancelled": 1, "completed": 0})
    );
    let lifetime = body["lifetime"].as_array().unwrap();
    assert_eq!(
        (&lifetime[0]["currency"], &lifetime[1]["currency"]),
        (&json!("EUR"), &json!("USD"))
    );
    assert_eq!(lifetime[1]["totals"]["gross_sales"], 1501);
    assert_eq!(lifetime[1]["totals"]["net_sales"], 1000);
    assert_eq!(
        lifetime[1]["average_order_value"], 751,
        "half away from zero"
    );
    assert_eq!(body["last_orders"][0]["order_id"], order.to_string());

    let tag = answer.header("etag");
    assert!(tag.starts_with("\"v1-"), "{tag}");
    let again = service.get_with(&path, &[("if-none-match", tag)]).await;
    assert_eq!(again.status, 304);
}

#[tokio::test]
async fn without_the_scope_a_customer_has_no_name() {
    let mut service = Service::start().await;
    let customer = service
        .happen(|history| history.register("Claire Gute"))
        .await;
    for path in [
        "/v1/customers".to_owned(),
        format!("/v1/customers/{customer}"),
    ] {
        let answer = service.get_scoped("customers:read", &path).await;
        assert_eq!(answer.status, 200);
        let row = answer.body["data"].get(0).unwrap_or(&answer.body);
        assert_eq!((&row["name"], &row["email"]), (&Value::Null, &Value::Null));
    }
}

#[tokio::test]
async fn a_customer_sees_only_themselves() {
    let mut service = Service::start().await;
    let (mine, other) = service
        .happen(|history| (history.register("Mine"), history.register("Other")))
        .await;
    assert_eq!(
        service.get_as(mine, "/v1/customers").await.column("name"),
        ["Mine"]
    );
    assert_eq!(
        service
            .get_as(mine, &format!("/v1/customers/{mine}"))
            .await
            .status,
        200
    );
    let foreign = service
        .get_as(mine, &format!("/v1/customers/{other}"))
        .await;
    foreign.is_problem(404, "customer_not_found");
    let none = service
        .get_as(mine, &format!("/v1/customers/{}", uuid::Uuid::nil()))
        .await;
    assert_eq!(
        foreign.body["detail"], none.body["detail"],
        "as if there was none"
    );
}

#[tokio::test]
async fn a_credit_account_is_shown_with_what_is_available() {
    let mut service = Service::start().await;
    let customer = service
        .happen(|history| {
            let customer_id = history.register("Claire Gute");
            history.happen_to_credit(CreditEvent::TermsSet(TermsSet {
                customer_id,
                currency: "USD".parse().unwrap(),
                limit: 1000,
                payment_days: 14,
            }));
            let order_id = history.place_as(customer_id, &WEB, &[(1, 1200)]);
            history.happen_to_credit(CreditEvent::ExposureChanged(ExposureChanged {
                customer_id,
                currency: "USD".parse().unwrap(),
                order_id,
                from: 0,
                to: 1200,
                total: 1200,
                limit: 1000,
                cause: "orderfold.order.placed.v1".to_owned(),
            }));
            customer_id
        })
        .await;
    let path = format!("/v1/customers/{customer}");
    let credit = &service.get(&path).await.body["credit"];
    assert_eq!(credit["available"], -200);
    assert_eq!(
        (&credit["limit"], &credit["exposure"]),
        (&json!(1000), &json!(1200))
    );
    assert_eq!(
        (&credit["version"], &credit["payment_days"]),
        (&json!(2), &json!(14))
    );
}

#[tokio::test]
async fn an_erased_customer_has_no_name_anywhere() {
    let mut service = Service::start().await;
    let customer = service
        .happen(|history| {
            let customer_id = history.register("Claire Gute");
            history.place_as(customer_id, &WEB, &[(1, 100)]);
            history.happen_to_customer(CustomerEvent::Erased(Erased {
                customer_id,
                status: CustomerStatus::Erased,
                reason: EraseReason::Request,
            }));
            customer_id
        })
        .await;
    let one = service.get(&format!("/v1/customers/{customer}")).await;
    assert_eq!(
        (&one.body["status"], &one.body["name"]),
        (&json!("erased"), &Value::Null)
    );
    assert_eq!(one.body["orders"]["placed"], 1);
    let list = service.get("/v1/customers?status=erased").await;
    assert_eq!(list.rows()[0]["name"], Value::Null);
    let orders = service.get("/v1/orders").await;
    assert_eq!(orders.rows()[0]["customer"]["name"], Value::Null);
}
