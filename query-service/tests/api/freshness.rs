//! How fresh answers are, and waiting for what was just written.

use std::{sync::Arc, time::Duration};

use orderfold_events::{Coordinate, Epoch, Position, Shard};
use query_service::projections::ReadModel;
use tokio_util::sync::CancellationToken;

use crate::service::{Service, token_at};

#[tokio::test]
async fn every_read_says_how_fresh_it_is() {
    let mut service = Service::start().await;
    let customer = service.happen(|history| history.register("A")).await;
    for path in [
        "/v1/orders".to_owned(),
        "/v1/customers".to_owned(),
        format!("/v1/customers/{customer}"),
        "/v1/reports/sales?from=2017-01-01&to=2018-01-01&interval=year&currency=USD".to_owned(),
    ] {
        let answer = service.get(&path).await;
        assert_eq!(answer.status, 200);
        assert!(
            answer.header("read-model-lag").starts_with("events=0, ms="),
            "{path}"
        );
        assert!(answer.header("read-model-as-of").ends_with('Z'), "{path}");
        assert_eq!(answer.header("cache-control"), "private, no-cache");
    }
}

#[tokio::test]
async fn a_read_model_that_is_behind_says_by_how_many_events() {
    let mut service = Service::start().await;
    let behind = Some(ReadModel::OrderList);
    service
        .happen_but(behind, |history| {
            history.register("A");
            history.register("B");
        })
        .await;
    let orders = service.get("/v1/orders").await;
    assert_eq!(orders.body["freshness"]["lag_events"], 2);
    assert!(orders.header("read-model-lag").starts_with("events=2, "));
    let customers = service.get("/v1/customers").await;
    assert_eq!(customers.body["freshness"]["lag_events"], 0);
}

#[tokio::test]
async fn before_the_store_has_answered_the_lag_is_unknown() {
    let service = Service::start().await;
    let answer = service.get("/v1/orders").await;
    assert_eq!(
        answer.header("read-model-lag"),
        "events=unknown, ms=unknown"
    );
    assert!(answer.body["freshness"]["lag_events"].is_null());
}

#[tokio::test]
async fn a_token_that_is_reached_is_said_to_be() {
    let mut service = Service::start().await;
    let customer = service.happen(|history| history.register("A")).await;
    let token = service.token(customer);
    let headers = [
        ("consistency-token", token.as_str()),
        ("prefer", "wait=2, handling=strict"),
    ];
    let answer = service.get_with("/v1/customers", &headers).await;
    assert_eq!(answer.rows().len(), 1);
    assert_eq!(answer.header("read-model-consistent"), "true");
    assert_eq!(
        answer.header("preference-applied"),
        "wait=2, handling=strict"
    );
}

#[tokio::test]
async fn a_token_that_is_not_reached_is_told_or_refused_as_preferred() {
    let mut service = Service::start().await;
    let behind = Some(ReadModel::CustomerList);
    let customer = service
        .happen_but(behind, |history| history.register("A"))
        .await;
    let token = service.token(customer);
    let asking = |prefer: &'static str| [("consistency-token", token.as_str()), ("prefer", prefer)];

    let lenient = service.get_with("/v1/customers", &asking("wait=0")).await;
    assert!(lenient.rows().is_empty());
    assert_eq!(lenient.header("read-model-consistent"), "false");

    let strict = service
        .get_with("/v1/customers", &asking("wait=0, handling=strict"))
        .await;
    strict.is_problem(503, "not_yet_consistent");
    assert_eq!(strict.header("retry-after"), "1");

    let orders = service
        .get_with("/v1/orders/26-0048213-3", &asking("wait=0"))
        .await;
    orders.is_problem(404, "order_not_found");
    assert_eq!(orders.header("read-model-consistent"), "true");

    let path = format!("/v1/customers/{customer}");
    let other = service.get_with(&path, &asking("handling=strict")).await;
    assert_eq!(other.status, 200, "it does not read what is behind");
}

#[tokio::test]
async fn a_reader_that_waits_sees_what_it_wrote() {
    let mut service = Service::start().await;
    let cancel = CancellationToken::new();
    let following = tokio::spawn({
        let (progress, cancel) = (Arc::clone(&service.progress), cancel.clone());
        async move { progress.follow(&cancel).await }
    });
    let customer = service.happen(|history| history.register("A")).await;
    // The token of the event that is still to come.
    let shard = service.shard_of(customer);
    let token = token_at(Coordinate {
        epoch: Epoch::FIRST,
        shard,
        position: Position(2),
    });
    let bearer = service.bearer(orderfold_stack::tokens::Principal::Service, "orders:read");
    let waiting = service.ask_later(
        &bearer,
        "/v1/orders",
        &[
            ("consistency-token", &token),
            ("prefer", "wait=10, handling=strict"),
        ],
    );
    service
        .happen(|history| history.place(customer, &[(1, 1)]))
        .await;
    let answer = waiting.await.unwrap();
    assert_eq!(answer.rows().len(), 1);
    cancel.cancel();
    following.await.unwrap();
}

#[tokio::test]
async fn a_token_that_is_none_or_of_another_store_is_refused() {
    let mut service = Service::start().await;
    service.happen(|history| history.register("A")).await;
    let elsewhere = token_at(Coordinate {
        epoch: Epoch::FIRST,
        shard: Shard(999),
        position: Position(1),
    });
    for token in ["rubbish", "", elsewhere.as_str()] {
        let answer = service
            .get_with("/v1/orders", &[("consistency-token", token)])
            .await;
        assert_eq!(
            answer.faults(),
            [("/headers/Consistency-Token", "invalid_format")]
        );
    }
}

#[tokio::test]
async fn a_token_of_a_history_that_is_no_more_is_refused() {
    let mut service = Service::start().await;
    let customer = service.happen(|history| history.register("A")).await;
    let token = service.token(customer);
    service.fork(customer).await;
    let answer = service
        .get_with("/v1/orders", &[("consistency-token", &token)])
        .await;
    answer.is_problem(409, "consistency_token_lost");
}

#[tokio::test]
async fn waiting_takes_no_longer_than_preferred() {
    let mut service = Service::start().await;
    let behind = Some(ReadModel::CustomerList);
    let customer = service
        .happen_but(behind, |history| history.register("A"))
        .await;
    let token = service.token(customer);
    let headers = [("consistency-token", token.as_str()), ("prefer", "wait=1")];
    let answer = tokio::time::timeout(
        Duration::from_mins(1),
        service.get_with("/v1/customers", &headers),
    );
    assert_eq!(
        answer.await.unwrap().header("read-model-consistent"),
        "false"
    );
}
