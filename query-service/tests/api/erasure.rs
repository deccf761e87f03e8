//! Personal data sealed in the read models, opened for whoever may see it, and gone for good once its key is.

use std::time::Duration;

use bson::{Document, doc};
use futures::TryStreamExt;
use orderfold_events::CustomerId;
use query_service::database::keys::KeptKey;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    history::{History, Placing},
    service::Service,
};

const PATIENCE: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(50);
const CANARIES: [&str; 4] = [
    "Canary Claire",
    "Recipient",
    "Henderson",
    "changed her mind",
];

fn order_with_a_note(history: &mut History) -> (CustomerId, orderfold_events::OrderId) {
    let customer = history.register("Canary Claire");
    let placing = Placing {
        channel: "web",
        currency: "USD",
        reference: "E-1",
        due_on: None,
    };
    let order = history.place_as(customer, &placing, &[(2, 500)]);
    history.cancel(order, 2);
    (customer, order)
}

/// Every page that shows something of the customer.
async fn pages(
    service: &Service,
    customer: CustomerId,
    order: orderfold_events::OrderId,
) -> String {
    let mut text = String::new();
    for path in [
        "/v1/customers".to_owned(),
        format!("/v1/customers/{customer}"),
        "/v1/orders".to_owned(),
        format!("/v1/orders/{order}"),
        format!("/v1/orders/{order}/timeline"),
    ] {
        let answer = service.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        text.push_str(&without_reference(&answer.body.to_string()));
    }
    text
}

/// The histories name a customer's reference after the customer; a reference is nothing personal.
fn without_reference(text: &str) -> String {
    text.replace("REF Canary Claire", "")
}

/// Everything that MongoDB holds.
async fn everything(service: &Service) -> String {
    let namespace = service.database.order_list().namespace();
    let client = service.database.order_list().client().clone();
    let database = client.database(&namespace.db);
    let mut text = String::new();
    for name in database.list_collection_names().await.unwrap() {
        let collection = database.collection::<Document>(&name);
        let found = collection.find(doc! {}).await.unwrap();
        let found: Vec<Document> = found.try_collect().await.unwrap();
        for document in found {
            text.push_str(&without_reference(&document.to_string()));
        }
    }
    text
}

#[tokio::test]
async fn nothing_personal_stands_in_the_read_models_and_everything_is_shown_to_who_may_see_it() {
    let mut service = Service::start().await;
    let (customer, order) = service.happen(order_with_a_note).await;
    let kept = everything(&service).await;
    let shown = pages(&service, customer, order).await;
    for canary in CANARIES {
        assert!(!kept.contains(canary), "{canary} is kept in plain");
        assert!(shown.contains(canary), "{canary} is not shown");
    }
}

#[tokio::test]
async fn an_erased_customer_is_shown_without_anything_personal() {
    let mut service = Service::start().await;
    let (customer, order) = service.happen(order_with_a_note).await;
    pages(&service, customer, order).await;
    let receipt = format!("/v1/customers/{customer}/erasure");
    service
        .get(&receipt)
        .await
        .is_problem(404, "erasure_not_found");
    service.happen(|history| history.erase(customer)).await;
    let answer = service.get(&receipt).await;
    assert_eq!(answer.body["status"], "pending");
    assert_eq!(answer.body["key_destroyed_at"], Value::Null);

    service
        .happen(|history| history.destroy_key(customer))
        .await;
    let shown = pages(&service, customer, order).await;
    for canary in CANARIES {
        assert!(!shown.contains(canary), "{canary} is still shown");
    }
    let listed = service.get("/v1/customers?status=erased").await;
    assert_eq!(listed.rows().len(), 1);
    assert_eq!(listed.rows()[0]["name"], Value::Null);
    let tokens = service.database.customer_list();
    let row = tokens.find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(row.tokens, Vec::<i64>::new(), "nobody finds them any more");

    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = service.get(&receipt).await;
        assert_eq!(answer.status, 200);
        if answer.body["status"] == json!("complete") {
            assert!(answer.body["key_destroyed_at"].is_string());
            break;
        }
        assert!(Instant::now() < deadline, "{}", answer.body);
        sleep(POLL).await;
    }
}

#[tokio::test]
async fn a_receipt_is_not_complete_while_one_read_model_is_behind() {
    use query_service::projections::ReadModel;
    let mut service = Service::start().await;
    let (customer, _) = service.happen(order_with_a_note).await;
    service.happen(|history| history.erase(customer)).await;
    service
        .happen_but(Some(ReadModel::OrderTimeline), |history| {
            history.destroy_key(customer);
        })
        .await;
    let receipt = format!("/v1/customers/{customer}/erasure");
    let deadline = Instant::now() + PATIENCE;
    // Past the time that caches are given, it is the read model alone that is waited for.
    while service.database.key_ended_ms(customer).await.unwrap() < Some(6_000) {
        assert!(Instant::now() < deadline);
        sleep(POLL).await;
    }
    let answer = service.get(&receipt).await;
    assert_eq!(answer.body["status"], "pending");
}

#[tokio::test]
async fn a_key_that_comes_late_does_not_undo_an_erasure() {
    let mut service = Service::start().await;
    let (customer, _) = service.happen(order_with_a_note).await;
    service.happen(|history| history.erase(customer)).await;
    let late = [(customer, KeptKey::Wrapped(vec![1, 2, 3]))];
    service.database.keep_keys(&late).await.unwrap();
    let kept = service.database.kept_keys(&[customer]).await.unwrap();
    assert_eq!(kept[&customer], KeptKey::Erased);
}

#[tokio::test]
async fn somebody_elses_receipt_is_as_good_as_none() {
    let mut service = Service::start().await;
    let (mine, other) = service
        .happen(|history| {
            let mine = history.register("Mine");
            let other = history.register("Other");
            history.erase(other);
            (mine, other)
        })
        .await;
    let path = format!("/v1/customers/{other}/erasure");
    service
        .get_as(mine, &path)
        .await
        .is_problem(404, "customer_not_found");
}
