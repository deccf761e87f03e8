//! Nothing that a caller writes becomes an operator, a member's name or a pattern: it is refused, or means itself.

use crate::{asking::shop, service::Service};

/// What attackers try, percent-encoded.
const ATTEMPTS: [&str; 8] = [
    "%7B%22%24ne%22%3Anull%7D",
    "%7B%22%24gt%22%3A%22%22%7D",
    "%24where",
    "%5B%22%24in%22%5D",
    ".*",
    "%5E",
    "a.%24b",
    "%2F.*%2F",
];

/// Every text that is meant literally.
const LITERALS: [(&str, &str); 13] = [
    ("/v1/orders", "channel"),
    ("/v1/orders", "sku"),
    ("/v1/orders", "tag"),
    ("/v1/orders", "reference"),
    ("/v1/orders", "customer_reference"),
    ("/v1/orders", "payment_reference"),
    ("/v1/orders", "tracking_number"),
    ("/v1/orders", "q"),
    ("/v1/customers", "q"),
    ("/v1/customers", "tag"),
    ("/v1/customers", "reference"),
    ("/v1/orders/export", "reference"),
    ("/v1/orders/facets", "sku"),
];

/// Every parameter that is parsed.
const PARSED: [(&str, &str); 27] = [
    ("/v1/orders", "lifecycle"),
    ("/v1/orders", "payment_status"),
    ("/v1/orders", "fulfilment_status"),
    ("/v1/orders", "on_hold"),
    ("/v1/orders", "to_ship"),
    ("/v1/orders", "refund_due"),
    ("/v1/orders", "currency"),
    ("/v1/orders", "terms"),
    ("/v1/orders", "customer_id"),
    ("/v1/orders", "placed_from"),
    ("/v1/orders", "updated_to"),
    ("/v1/orders", "due_before"),
    ("/v1/orders", "total_min"),
    ("/v1/orders", "ids"),
    ("/v1/orders", "tz"),
    ("/v1/orders", "sort"),
    ("/v1/orders", "limit"),
    ("/v1/orders", "cursor"),
    ("/v1/orders/export", "sort"),
    ("/v1/orders/facets", "terms"),
    ("/v1/customers", "status"),
    ("/v1/work-queue", "stage"),
    ("/v1/work-queue", "limit"),
    ("/v1/reports/sales", "compare"),
    ("/v1/reports/products", "by"),
    ("/v1/reports/customers", "from"),
    ("/v1/reports/receivables", "currency"),
];

#[tokio::test]
async fn a_text_means_itself_whatever_it_looks_like() {
    let shop = shop().await;
    for (path, parameter) in LITERALS {
        for attempt in ATTEMPTS {
            let answer = shop
                .service
                .get(&format!("{path}?{parameter}={attempt}"))
                .await;
            assert_eq!(
                answer.status, 200,
                "{path}?{parameter}={attempt}: {}",
                answer.text
            );
            let found = match path {
                "/v1/orders/export" => answer.text.lines().count() - 1,
                "/v1/orders/facets" => answer.body["data"]["channel"].as_array().unwrap().len(),
                _ => answer.rows().len(),
            };
            assert_eq!(found, 0, "{path}?{parameter}={attempt}");
        }
    }
}

#[tokio::test]
async fn what_is_parsed_takes_nothing_else() {
    let service = Service::start().await;
    for (path, parameter) in PARSED {
        for attempt in ATTEMPTS {
            let answer = service.get(&format!("{path}?{parameter}={attempt}")).await;
            let pointer = format!("/query/{parameter}");
            let faults = answer.faults();
            assert!(
                faults.contains(&(pointer.as_str(), "invalid_format")),
                "{path}?{parameter}={attempt}: {faults:?}"
            );
        }
    }
}

#[tokio::test]
async fn names_of_parameters_with_brackets_dots_or_dollars_are_none() {
    let service = Service::start().await;
    for path in [
        "/v1/orders",
        "/v1/orders/facets",
        "/v1/orders/export",
        "/v1/customers",
        "/v1/work-queue",
        "/v1/summary",
    ] {
        for name in [
            "reference[$ne]",
            "totals.balance",
            "$where",
            "channel[]",
            "__proto__",
        ] {
            let answer = service.get(&format!("{path}?{name}=1")).await;
            let faults = answer.faults();
            assert!(
                faults.iter().all(|(_, code)| *code == "unknown_parameter"),
                "{path}?{name}: {faults:?}"
            );
        }
    }
}
