//! Operating the read models over HTTP: who may, what is refused, and what is noted.

use orderfold_events::{OrderId, StreamId};
use orderfold_stack::tokens::Principal;
use query_service::{
    database::{
        Build,
        parked::{ParkedEvent, ParkedStream, RepairAction},
    },
    projections::ReadModel,
};
use serde_json::{Value, json};

use crate::service::Service;

/// An order of which the last event is parked in the order list.
async fn parked(service: &mut Service) -> (OrderId, ParkedStream) {
    let order = service
        .happen(|history| {
            let customer = history.register("A");
            let order = history.place(customer, &[(1, 100)]);
            history.pay(order, 100);
            order
        })
        .await;
    let envelope = service.last_envelope();
    let stream = StreamId::Order(order);
    let parked = ParkedStream {
        id: ParkedStream::id_of(ReadModel::OrderList, Build::FIRST, stream),
        projection: ReadModel::OrderList,
        version: 1,
        build: Build::FIRST,
        shard: envelope.coordinate.shard,
        stream,
        customer_id: None,
        first: ParkedEvent::from(&envelope),
        cause: "no such event type".to_owned(),
        waiting: 4,
        parked_at: envelope.recorded_at,
        request: None,
        last_failure: None,
    };
    park(service, &parked).await;
    (order, parked)
}

async fn park(service: &Service, parked: &ParkedStream) {
    let streams = std::slice::from_ref(parked);
    let mut transaction = service.database.transaction().await.unwrap();
    transaction.park(streams).await.unwrap();
    transaction.commit().await.unwrap();
    service.progress.read_checkpoints().await.unwrap();
}

#[tokio::test]
async fn answers_that_miss_a_parked_stream_say_so_and_no_others() {
    let mut service = Service::start().await;
    let (order, _) = parked(&mut service).await;
    let other = service
        .happen(|history| {
            let customer = history.register("B");
            history.place(customer, &[(1, 100)])
        })
        .await;
    assert_eq!(
        service.get("/v1/orders").await.header("read-model-parked"),
        "1"
    );
    for path in [
        "/v1/customers".to_owned(),
        format!("/v1/orders/{order}"),
        format!("/v1/orders/{other}"),
    ] {
        let answer = service.get(&path).await;
        assert!(!answer.headers.contains_key("read-model-parked"), "{path}");
    }
}

#[tokio::test]
async fn every_list_and_report_says_that_a_stream_is_parked_in_what_it_reads() {
    let mut service = Service::start().await;
    let (order, parked) = parked(&mut service).await;
    let owner = service.owner_of(order);
    for &read_model in ReadModel::ALL {
        if read_model != parked.projection {
            let id = ParkedStream::id_of(read_model, Build::FIRST, parked.stream);
            let elsewhere = ParkedStream {
                id,
                projection: read_model,
                customer_id: Some(owner),
                ..parked.clone()
            };
            park(&service, &elsewhere).await;
        }
    }
    let csv = [("accept", "text/csv")];
    let export = service.get_with("/v1/orders/export", &csv).await;
    assert_eq!(export.header("read-model-parked"), "1");
    let days = "currency=EUR&from=2017-03-01&to=2017-03-02";
    for path in [
        "/v1/orders".to_owned(),
        "/v1/orders/facets".to_owned(),
        format!("/v1/orders/{order}"),
        format!("/v1/orders/{order}?version=1"),
        format!("/v1/orders/{order}/timeline"),
        "/v1/customers".to_owned(),
        format!("/v1/customers/{owner}"),
        format!("/v1/customers/{owner}/orders"),
        format!("/v1/reports/sales?interval=day&{days}"),
        format!("/v1/reports/products?{days}"),
        format!("/v1/reports/customers?{days}"),
        "/v1/reports/receivables?currency=EUR".to_owned(),
        "/v1/work-queue".to_owned(),
        "/v1/summary".to_owned(),
    ] {
        let answer = service.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert_eq!(answer.header("read-model-parked"), "1", "{path}");
    }
}

#[tokio::test]
async fn customers_are_told_of_what_is_missing_of_theirs_alone() {
    let mut service = Service::start().await;
    let (order, mut parked) = parked(&mut service).await;
    let owner = service.owner_of(order);
    let other = service.happen(|history| history.register("B")).await;
    let list = service.get_as(other, "/v1/orders").await;
    assert_eq!(list.header("read-model-parked"), "1", "it may be anybody's");
    parked.customer_id = Some(owner);
    let mut transaction = service.database.transaction().await.unwrap();
    transaction.keep_parked(&parked).await.unwrap();
    transaction.commit().await.unwrap();
    service.progress.read_checkpoints().await.unwrap();
    for path in ["/v1/orders", "/v1/orders/facets"] {
        let answer = service.get_as(other, path).await;
        assert!(!answer.headers.contains_key("read-model-parked"), "{path}");
        let answer = service.get_as(owner, path).await;
        assert_eq!(answer.header("read-model-parked"), "1", "{path}");
    }
}

#[tokio::test]
async fn what_is_parked_is_listed_and_asked_for() {
    let mut service = Service::start().await;
    let (_, parked) = parked(&mut service).await;
    let list = service.get("/v1/parked").await;
    let row = &list.rows()[0];
    assert_eq!(row["stream"], parked.stream.to_string());
    assert_eq!(row["projection"], "order_list");
    assert_eq!(row["event"]["event_id"], parked.first.event_id.to_string());
    assert_eq!(
        (&row["waiting"], &row["requested"]),
        (&json!(4), &Value::Null)
    );
    let other = service.get("/v1/parked?projection=customer_list").await;
    assert!(other.rows().is_empty());

    let retry = format!("/v1/parked/{}/retry", parked.stream);
    let asked = service.post(&retry, &json!({})).await;
    assert_eq!(asked.status, 202);
    assert_eq!(asked.body["data"][0]["requested"], "retry");
    let elsewhere = json!({"projection": "customer_list"});
    let answer = service.post(&retry, &elsewhere).await;
    answer.is_problem(404, "stream_not_parked");

    let skip = format!("/v1/parked/{}/skip", parked.stream);
    let answer = service.post(&skip, &json!({})).await;
    assert_eq!(answer.faults(), [("/reason", "required")]);
    let answer = service.post(&skip, &json!({"reason": "", "why": 1})).await;
    assert_eq!(answer.faults().len(), 2);
    let answer = service.post(&skip, &json!({"reason": "wrong"})).await;
    assert_eq!(answer.body["data"][0]["requested"], "skip");
    let found = service.database.parked_streams(None, None).await.unwrap();
    let request = found[0].request.clone().unwrap();
    assert_eq!(request.action, RepairAction::Skip);
    assert_eq!(request.event_id, parked.first.event_id);
    let records = service.database.audit_records(10).await.unwrap();
    assert_eq!(records.len(), 2, "refused requests leave no record");
    assert!(
        records
            .iter()
            .all(|record| record.by.starts_with("service:"))
    );
}

#[tokio::test]
async fn a_rebuild_is_begun_once_and_only_builds_that_are_ready_answer() {
    let mut service = Service::start().await;
    service.happen(|history| history.register("A")).await;
    let rebuild = "/v1/projections/order_list/rebuild";
    let begun = service.post(rebuild, &json!({})).await;
    assert_eq!(begun.status, 202);
    assert_eq!(begun.body["active_build"], 1);
    assert_eq!(begun.body["builds"][1]["state"], "filling");
    let again = service.post(rebuild, &json!({})).await;
    again.is_problem(409, "rebuild_in_progress");

    let activate = "/v1/projections/order_list/activate";
    let answer = service.post(activate, &json!({"build": 2})).await;
    answer.is_problem(409, "build_not_ready");
    let answer = service.post(activate, &json!({"build": 9})).await;
    answer.is_problem(409, "build_not_found");
    let answer = service.post(activate, &json!({"build": 1})).await;
    assert_eq!(answer.status, 202, "it answers already");
    let answer = service.post(activate, &json!({"build": 0})).await;
    assert_eq!(answer.faults(), [("/build", "out_of_range")]);

    let retire = "/v1/projections/order_list/retire";
    let answer = service.post(retire, &json!({"build": 1})).await;
    answer.is_problem(409, "build_active");
    let answer = service.post(retire, &json!({"build": 2})).await;
    assert_eq!(answer.body["builds"][1]["state"], "retiring");

    let list = service.get("/v1/projections").await;
    assert_eq!(list.rows().len(), ReadModel::ALL.len());
    let row = list.rows().iter().find(|row| row["name"] == "order_list");
    let build = &row.unwrap()["builds"][0];
    assert_eq!(build["events_folded"], 1);
    assert_eq!(build["events_recorded"], 1);
    let shards = build["shards"].as_array().unwrap();
    assert_eq!(shards.len(), 8);
}

#[tokio::test]
async fn only_operators_operate() {
    let service = Service::start().await;
    let rebuild = "/v1/projections/order_list/rebuild";
    let reader = service.bearer(Principal::Staff, "ops:read orders:read");
    let answer = service.post_as(&reader, rebuild, &json!({})).await;
    answer.is_problem(403, "insufficient_scope");
    for path in ["/v1/projections", "/v1/parked"] {
        let answer = service.get_scoped("orders:read", path).await;
        answer.is_problem(403, "insufficient_scope");
    }
    let answer = service
        .post("/v1/projections/nothing/rebuild", &json!({}))
        .await;
    answer.is_problem(404, "projection_not_found");
    let answer = service.post("/v1/parked/order-x/retry", &json!({})).await;
    answer.is_problem(404, "stream_not_parked");
    let answer = service.post(rebuild, &json!([])).await;
    assert_eq!(answer.faults(), [("", "wrong_type")]);
}
