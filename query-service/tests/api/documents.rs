//! What the service says of itself: the OpenAPI document and the pages of its problems.

use std::{fs, path::Path};

use orderfold_http::documents::problems_table;
use query_service::http::problems::CATALOGUE;
use serde_json::Value;

use crate::service::Service;

/// Every operation: its path, its id and its scope.
const OPERATIONS: [(&str, &str, &str); 24] = [
    ("/v1/customers", "list_customers", "customers:read"),
    (
        "/v1/customers/{customer_id}",
        "get_customer",
        "customers:read",
    ),
    (
        "/v1/customers/{customer_id}/erasure",
        "get_customer_erasure",
        "customers:read",
    ),
    (
        "/v1/customers/{customer_id}/orders",
        "list_customer_orders",
        "orders:read",
    ),
    ("/v1/event-types", "list_event_types", "orders:read"),
    ("/v1/live", "listen", "orders:read"),
    ("/v1/orders", "list_orders", "orders:read"),
    ("/v1/orders/export", "export_orders", "orders:read"),
    ("/v1/orders/facets", "get_order_facets", "orders:read"),
    ("/v1/orders/{order}", "get_order", "orders:read"),
    (
        "/v1/orders/{order}/timeline",
        "get_order_timeline",
        "orders:read",
    ),
    ("/v1/parked", "list_parked", "ops:read"),
    ("/v1/parked/{stream}/retry", "retry_parked", "ops:write"),
    ("/v1/parked/{stream}/skip", "skip_parked", "ops:write"),
    ("/v1/projections", "list_projections", "ops:read"),
    (
        "/v1/projections/{name}/activate",
        "activate_build",
        "ops:write",
    ),
    (
        "/v1/projections/{name}/rebuild",
        "rebuild_projection",
        "ops:write",
    ),
    ("/v1/projections/{name}/retire", "retire_build", "ops:write"),
    (
        "/v1/reports/customers",
        "get_customers_report",
        "reports:read",
    ),
    (
        "/v1/reports/products",
        "get_products_report",
        "reports:read",
    ),
    (
        "/v1/reports/receivables",
        "get_receivables_report",
        "reports:read",
    ),
    ("/v1/reports/sales", "get_sales_report", "reports:read"),
    ("/v1/summary", "get_summary", "reports:read"),
    ("/v1/work-queue", "get_work_queue", "orders:read"),
];

#[tokio::test]
async fn the_description_has_every_operation_with_its_scope_and_its_parameters() {
    let service = Service::start().await;
    let document = service.get("/openapi.json").await.body;
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    let operations: Vec<(&str, &str, &str)> = paths
        .iter()
        .map(|(path, item)| {
            // No path has more than one operation.
            let (_method, operation) = item.as_object().unwrap().iter().next().unwrap();
            let scope = &operation["security"][0]["bearer"][0];
            let id = operation["operationId"].as_str().unwrap();
            (path.as_str(), id, scope.as_str().unwrap())
        })
        .collect();
    assert_eq!(operations, OPERATIONS);
    let names: Vec<_> = document["paths"]["/v1/orders"]["get"]["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|parameter| parameter["name"].as_str().unwrap())
        .collect();
    for name in [
        "lifecycle",
        "reference",
        "q",
        "sku",
        "total_min",
        "updated_from",
        "placed_from",
        "tz",
        "limit",
        "cursor",
        "Prefer",
    ] {
        assert!(names.contains(&name), "{name} is missing");
    }
}

/// Both are kept under `docs/api`, so that a change of the contract shows as one.
#[tokio::test]
async fn the_published_documents_are_what_the_service_says() {
    let service = Service::start().await;
    let description = service.get("/openapi.json").await.body;
    let description = serde_json::to_string_pretty(&description).unwrap() + "\n";
    let problems = problems_table("query", CATALOGUE);
    for (name, said) in [
        ("query-openapi.json", description),
        ("query-problems.md", problems),
    ] {
        let published = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../docs/api")
            .join(name);
        if fs::read_to_string(&published).unwrap_or_default() != said {
            let actual = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
            fs::write(&actual, said).unwrap();
            panic!(
                "docs/api/{name} is not up to date: copy {} there",
                actual.display()
            );
        }
    }
}

#[tokio::test]
async fn every_reference_of_the_description_leads_somewhere() {
    let service = Service::start().await;
    let document = service.get("/openapi.json").await.body;
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect<'a>(value: &'a Value, references: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(reference) if name == "$ref" => references.push(reference),
                    other => collect(other, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

#[tokio::test]
async fn every_problem_has_a_page_and_the_description_one_offline() {
    let service = Service::start().await;
    for known in CATALOGUE.codes() {
        let answer = service.get(&format!("/problems/{}", known.code)).await;
        assert_eq!(answer.status, 200, "{}", known.code);
    }
    service
        .get("/problems/none")
        .await
        .is_problem(404, "not_found");
    let docs = service.get("/docs/").await;
    assert_eq!(docs.status, 200);
}

#[tokio::test]
async fn the_catalogue_of_event_types_is_sent_once() {
    let service = Service::start().await;
    let first = service.get("/v1/event-types").await;
    assert_eq!(first.rows().len(), 29);
    let placed = first
        .rows()
        .iter()
        .find(|it| it["type"] == "orderfold.order.placed.v1");
    let schema = &placed.unwrap()["schema"];
    assert_eq!(schema["properties"]["lines"]["type"], "array");
    let known = [("if-none-match", first.header("etag"))];
    assert_eq!(
        service.get_with("/v1/event-types", &known).await.status,
        304
    );
}
