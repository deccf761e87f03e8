//! Personal data sealed in the read models, opened for whoever may see it, and gone for good once its key is.

use std::time::Duration;

use bson::{Document, doc};
use futures::TryStreamExt;
use orderfold_events::{CustomerId, OrderId, Shard, StreamId};
use query_service::{
    database::{
        Build,
        keys::KeptKey,
        parked::{ParkedEvent, ParkedStream},
    },
    projections::ReadModel,
};
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

fn order_with_a_note(history: &mut History) -> (CustomerId, OrderId) {
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
async fn pages(service: &Service, customer: CustomerId, order: OrderId) -> String {
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
    let database = database_of(service);
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

fn database_of(service: &Service) -> mongodb::Database {
    let rows = service.database.order_list();
    rows.client().database(&rows.namespace().db)
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
    let mut service = Service::start().await;
    let (customer, _) = service.happen(order_with_a_note).await;
    service.happen(|history| history.erase(customer)).await;
    service
        .happen_but(Some(ReadModel::OrderTimeline), |history| {
            history.destroy_key(customer);
        })
        .await;
    // It is the read model alone that is waited for.
    caches_have_forgotten(&service, customer).await;
    assert_eq!(receipt(&service, customer).await, "pending");
}

#[tokio::test]
async fn a_receipt_is_not_complete_while_a_build_that_does_not_answer_is_behind() {
    let mut service = Service::start().await;
    let (customer, _) = service.happen(order_with_a_note).await;
    service.happen(|history| history.erase(customer)).await;
    service
        .happen(|history| history.destroy_key(customer))
        .await;
    let (database, read_model, building) =
        (service.database.clone(), ReadModel::OrderDetail, Build(2));
    let rebuild = format!("/v1/projections/{read_model}/rebuild");
    assert_eq!(service.post(&rebuild, &json!({})).await.status, 202);
    let shards = service.store.lock().unwrap().history.shards;
    let prepared = database.ensure_checkpoints_of(read_model, building, shards);
    prepared.await.unwrap();
    service.progress.read_checkpoints().await.unwrap();
    caches_have_forgotten(&service, customer).await;
    assert_eq!(receipt(&service, customer).await, "pending");

    let checkpoints = database_of(&service).collection::<Document>("checkpoints");
    let far = doc! { "$set": { "position": 1_000_i64 } };
    let moved = checkpoints.update_many(doc! { "build": 2 }, far).await;
    assert!(moved.unwrap().modified_count > 0);
    service.progress.read_checkpoints().await.unwrap();
    assert_eq!(receipt(&service, customer).await, "complete");
}

#[tokio::test]
async fn a_receipt_is_not_complete_while_something_of_the_customer_waits_parked() {
    let mut service = Service::start().await;
    let (customer, order) = service.happen(order_with_a_note).await;
    let waiting = parked(&service, order);
    service.happen(|history| history.erase(customer)).await;
    service
        .happen(|history| history.destroy_key(customer))
        .await;
    let mut transaction = service.database.transaction().await.unwrap();
    transaction
        .park(std::slice::from_ref(&waiting))
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    caches_have_forgotten(&service, customer).await;
    assert_eq!(receipt(&service, customer).await, "pending");

    let mut transaction = service.database.transaction().await.unwrap();
    transaction.unpark(&waiting.id).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(receipt(&service, customer).await, "complete");
}

/// An event that could not even be read: nobody knows whose it is.
fn parked(service: &Service, order: OrderId) -> ParkedStream {
    let (read_model, build) = (ReadModel::OrderDetail, Build(7));
    let stream = StreamId::Order(order);
    let envelope = service.last_envelope();
    ParkedStream {
        id: ParkedStream::id_of(read_model, build, stream),
        projection: read_model,
        version: read_model.version(),
        build,
        shard: Shard(0),
        stream,
        customer_id: None,
        first: ParkedEvent::from(&envelope),
        cause: "unreadable".to_owned(),
        waiting: 1,
        parked_at: envelope.recorded_at,
        request: None,
        last_failure: None,
    }
}

async fn receipt(service: &Service, customer: CustomerId) -> String {
    let path = format!("/v1/customers/{customer}/erasure");
    let answer = service.get(&path).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["status"].as_str().unwrap().to_owned()
}

/// Waits until the time has gone by that caches are given.
async fn caches_have_forgotten(service: &Service, customer: CustomerId) {
    let deadline = Instant::now() + PATIENCE;
    while service.database.key_ended_ms(customer).await.unwrap() < Some(6_000) {
        assert!(Instant::now() < deadline);
        sleep(POLL).await;
    }
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
