//! What is refused: callers without a right, questions that make no sense, and paths that are none.

use axum::{body::Body, http::Request};
use orderfold_stack::tokens::{ALL_SCOPES, Principal};
use uuid::Uuid;

use crate::service::Service;

const PATHS: [(&str, &str); 15] = [
    ("/v1/event-types", "orders:read"),
    ("/v1/orders", "orders:read"),
    ("/v1/orders/facets", "orders:read"),
    ("/v1/orders/export", "orders:read"),
    (
        "/v1/customers/00000000-0000-0000-0000-000000000000/orders",
        "orders:read",
    ),
    ("/v1/work-queue", "orders:read"),
    ("/v1/reports/products", "reports:read"),
    ("/v1/reports/customers", "reports:read"),
    ("/v1/reports/receivables", "reports:read"),
    ("/v1/summary", "reports:read"),
    ("/v1/orders/26-0048213-3", "orders:read"),
    ("/v1/orders/26-0048213-3/timeline", "orders:read"),
    ("/v1/customers", "customers:read"),
    (
        "/v1/customers/00000000-0000-0000-0000-000000000000",
        "customers:read",
    ),
    ("/v1/reports/sales", "reports:read"),
];

#[tokio::test]
async fn nobody_reads_without_a_token_or_with_one_of_another_key() {
    let service = Service::start().await;
    let stranger = Service::start().await;
    let foreign = stranger.bearer(Principal::Service, ALL_SCOPES);
    for (path, _) in PATHS {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = service.send(request).await;
        answer.is_problem(401, "unauthenticated");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        service
            .ask(&foreign, path, &[])
            .await
            .is_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn every_operation_needs_its_own_scope() {
    let service = Service::start().await;
    for (path, scope) in PATHS {
        let others: Vec<_> = ALL_SCOPES
            .split(' ')
            .filter(|other| *other != scope)
            .collect();
        let answer = service.get_scoped(&others.join(" "), path).await;
        answer.is_problem(403, "insufficient_scope");
        assert_eq!(answer.body["scope"], scope);
        assert_ne!(service.get_scoped(scope, path).await.status, 403);
    }
}

#[tokio::test]
async fn reports_are_not_for_customers_whatever_their_scopes() {
    let service = Service::start().await;
    let bearer = service.bearer(Principal::Customer(Uuid::from_u128(1)), ALL_SCOPES);
    for path in [
        "/v1/reports/sales",
        "/v1/reports/products",
        "/v1/reports/customers",
        "/v1/reports/receivables",
        "/v1/work-queue",
        "/v1/summary",
    ] {
        let answer = service.ask(&bearer, path, &[]).await;
        answer.is_problem(403, "insufficient_scope");
    }
}

#[tokio::test]
async fn unknown_repeated_and_wrong_parameters_are_all_told() {
    let service = Service::start().await;
    let query =
        "lifecycle=open&limit=0&sort=price&query=x&tz=Mars&placed_from=soon&channel=a&channel=b";
    let answer = service.get(&format!("/v1/orders?{query}")).await;
    let mut faults = answer.faults();
    faults.sort_unstable();
    assert_eq!(
        faults,
        [
            ("/query/channel", "duplicate"),
            ("/query/lifecycle", "invalid_format"),
            ("/query/limit", "invalid_format"),
            ("/query/placed_from", "invalid_format"),
            ("/query/query", "unknown_parameter"),
            ("/query/sort", "invalid_format"),
            ("/query/tz", "invalid_format"),
        ]
    );
    for path in [
        "/v1/orders/26-0048213-3?revision=7",
        "/v1/orders/26-0048213-3/timeline?sort=version",
        "/v1/customers?name=claire",
        "/v1/orders/facets?sort=placed_at",
        "/v1/orders/export?limit=5",
        "/v1/summary?currency=USD",
        "/v1/customers/00000000-0000-0000-0000-000000000000?expand=orders",
    ] {
        let answer = service.get(path).await;
        assert_eq!(answer.faults()[0].1, "unknown_parameter", "{path}");
    }
}

#[tokio::test]
async fn operators_in_parameters_are_refused_or_plain_text() {
    let service = Service::start().await;
    for query in [
        "reference[$ne]=x",
        "reference%5B%24gt%5D=",
        "%24where=1",
        "lifecycle[$in]=placed",
        "customer_id=%7B%22%24ne%22%3Anull%7D",
        "currency=%24gt",
        "placed_from=%7B%22%24gt%22%3A0%7D",
        "reference=%00",
    ] {
        service.get(&format!("/v1/orders?{query}")).await.faults();
    }
    for query in [
        "reference=%7B%22%24ne%22%3Anull%7D",
        "channel=.*",
        "reference=%24where",
    ] {
        let answer = service.get(&format!("/v1/orders?{query}")).await;
        assert!(answer.rows().is_empty(), "{query}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_document() {
    let service = Service::start().await;
    for path in [
        "/v1/orders/0199d3c5-1a00-7b8a-9ea5-f190656412a9",
        "/v1/orders/26-0048213-3",
        "/v1/orders/26-0048213-4",
        "/v1/orders/0199D3C5-1A00-7B8A-9EA5-F190656412A9",
        "/v1/orders/$ne",
        "/v1/orders/%7B%7D/timeline",
    ] {
        service.get(path).await.is_problem(404, "order_not_found");
    }
    for path in [
        "/v1/customers/x",
        "/v1/customers/0199d3c5-1a00-7b8a-9ea5-f190656412a9",
    ] {
        service
            .get(path)
            .await
            .is_problem(404, "customer_not_found");
    }
    service
        .get("/v1/catalogue")
        .await
        .is_problem(404, "not_found");
    let request = Request::delete("/v1/orders").body(Body::empty()).unwrap();
    let answer = service.send(request).await;
    answer.is_problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET,HEAD");
}
