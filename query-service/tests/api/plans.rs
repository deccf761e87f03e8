//! How MongoDB answers every question: by an index, and by looking at few more documents than it shows. The server's
//! own profiler is the witness, so what is asked is what the service really asks.

use bson::{Document, doc};
use futures::TryStreamExt;
use mongodb::Client;

use crate::{
    history::{History, Placing},
    order_list::WEB,
    service::Service,
};

/// Orders of the make-believe shop.
const ORDERS: usize = 400;

async fn profiled() -> (Service, mongodb::Database) {
    let mut service = Service::start().await;
    service.happen(fill).await;
    let client = Client::with_uri_str(&service.mongodb_uri).await.unwrap();
    let database = client.default_database().unwrap();
    let everything = doc! { "profile": 2, "slowms": 0 };
    database.run_command(everything).await.unwrap();
    (service, database)
}

fn fill(history: &mut History) {
    let customers: Vec<_> = (0..20)
        .map(|number| history.register(&format!("Customer {number}")))
        .collect();
    for number in 0..ORDERS {
        let reference = format!("R-{number}");
        let placing = Placing {
            channel: ["web", "desk", "shop"][number % 3],
            currency: ["USD", "EUR"][number % 2],
            reference: &reference,
            due_on: chrono::NaiveDate::from_ymd_opt(2017, 4, 30).filter(|_| number % 5 == 0),
        };
        let order = history.place_as(customers[number % 20], &placing, &[(2, 100)]);
        if number % 2 == 0 {
            history.pay(order, 200);
        }
        if number % 4 == 0 {
            history.ship(order, 1);
        }
    }
    history.draft(customers[0], &WEB, &[(1, 1)]);
}

/// What the profiler saw of the views since the last look.
async fn seen(database: &mongodb::Database) -> Vec<Document> {
    let profile = database.collection::<Document>("system.profile");
    let filter = doc! { "op": { "$in": ["query", "command"] }, "planSummary": { "$exists": true } };
    let found: Vec<Document> = profile
        .find(filter)
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let name = |entry: &Document| entry.get_str("ns").unwrap_or_default().to_owned();
    found
        .into_iter()
        .filter(|entry| {
            let name = name(entry);
            name.contains("_v1") && !name.contains("system.profile")
        })
        .collect()
}

/// Asks, and checks that each command it took used an index.
async fn assert_by_index(service: &Service, database: &mongodb::Database, path: &str) {
    let before = seen(database).await.len();
    let answer = service.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    let entries = seen(database).await;
    assert!(entries.len() > before, "{path} asked nothing");
    for entry in &entries[before..] {
        let plan = entry.get_str("planSummary").unwrap();
        let by_index = ["IXSCAN", "COUNT_SCAN", "DISTINCT_SCAN", "IDHACK", "EXPRESS"];
        assert!(!plan.contains("COLLSCAN"), "{path}: {plan}");
        assert!(
            by_index.iter().any(|stage| plan.contains(stage)),
            "{path}: {plan}"
        );
    }
}

#[tokio::test]
async fn every_question_is_answered_by_an_index() {
    let (service, database) = profiled().await;
    let order = service.get("/v1/orders?limit=1").await;
    let order = order.rows()[0].clone();
    let id = order["order_id"].as_str().unwrap();
    let customer = order["customer_id"].as_str().unwrap();
    let number = order["number"].as_str().unwrap();
    for path in [
        "/v1/orders",
        "/v1/orders?sort=updated_at",
        "/v1/orders?sort=-number",
        "/v1/orders?sort=-total_sales&currency=USD",
        "/v1/orders?currency=USD&total_min=100&total_max=300",
        "/v1/orders?lifecycle=placed,confirmed",
        "/v1/orders?lifecycle=draft",
        "/v1/orders?payment_status=unpaid",
        "/v1/orders?fulfilment_status=unfulfilled",
        "/v1/orders?channel=web&placed_from=2017-01-01&placed_to=2018-01-01",
        "/v1/orders?updated_from=2017-01-01&sort=updated_at",
        "/v1/orders?on_hold=true",
        "/v1/orders?to_ship=true",
        "/v1/orders?refund_due=true",
        "/v1/orders?terms=on_account",
        "/v1/orders?due_before=2017-05-01",
        "/v1/orders?reference=R-7",
        "/v1/orders?sku=SKU-1",
        "/v1/orders?tag=gift",
        "/v1/orders?customer_reference=x",
        "/v1/orders?payment_reference=x",
        "/v1/orders?tracking_number=x",
        "/v1/orders?q=r-7",
        "/v1/orders/facets?channel=web",
        "/v1/orders/export?channel=web",
        "/v1/customers",
        "/v1/customers?q=customer&status=active&tag=consumer",
        "/v1/work-queue",
        "/v1/summary",
        "/v1/reports/sales?from=2017-01-01&to=2018-01-01&interval=month&currency=USD",
        "/v1/reports/sales?from=2017-01-01&to=2018-01-01&interval=month&currency=USD&tz=Asia/Tokyo",
        "/v1/reports/products?from=2017-01-01&to=2018-01-15&currency=USD&by=return_rate",
        "/v1/reports/customers?from=2017-01-01&to=2018-01-15&currency=USD",
        "/v1/reports/receivables?currency=USD",
        &format!("/v1/orders?ids={id},{number}"),
        &format!("/v1/orders/{id}"),
        &format!("/v1/orders/{number}"),
        &format!("/v1/orders/{id}?version=1"),
        &format!("/v1/orders/{id}/timeline"),
        &format!("/v1/customers/{customer}"),
        &format!("/v1/customers/{customer}/orders?sort=updated_at"),
    ] {
        assert_by_index(&service, &database, path).await;
    }
}

#[tokio::test]
async fn a_page_looks_at_few_more_rows_than_it_shows_wherever_it_is() {
    let (service, database) = profiled().await;
    for question in [
        "sort=placed_at",
        "sort=-updated_at",
        "sort=number",
        "channel=web",
        "lifecycle=placed&sort=-placed_at",
    ] {
        let mut path = format!("/v1/orders?{question}&limit=10");
        for page in 0..3 {
            let before = seen(&database).await.len();
            let answer = service.get(&path).await;
            for entry in &seen(&database).await[before..] {
                let examined = figure(entry, "docsExamined");
                assert!(
                    examined <= 22,
                    "{question}, page {page}: {examined} examined"
                );
                let sorts = entry.get_bool("hasSortStage").unwrap_or(false);
                assert!(!sorts, "{question}, page {page}: sorted in memory");
            }
            path = crate::order_list::next_page(&answer);
        }
    }
}

fn figure(entry: &Document, name: &str) -> i64 {
    let figure = entry.get(name);
    figure
        .and_then(bson::Bson::as_i64)
        .or_else(|| figure?.as_i32().map(i64::from))
        .unwrap_or(0)
}
