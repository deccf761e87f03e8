//! The export: exactly what the filter shows, in both forms.

use futures::StreamExt;
use query_service::{database::Build, projections::ReadModel};

use crate::{
    asking::shop,
    history::{History, Placing},
    order_list::WEB,
    service::Service,
};

const CSV: &[(&str, &str)] = &[("accept", "text/csv")];
const NDJSON: &[(&str, &str)] = &[("accept", "application/x-ndjson")];

#[tokio::test]
async fn an_export_has_the_very_rows_of_the_list() {
    let shop = shop().await;
    for query in [
        "",
        "currency=USD&sort=-total_sales",
        "q=claire",
        "lifecycle=draft",
    ] {
        let list = shop.service.get(&format!("/v1/orders?{query}")).await;
        let path = format!("/v1/orders/export?{query}");
        let export = shop.service.get_with(&path, NDJSON).await;
        assert_eq!(export.header("content-type"), "application/x-ndjson");
        let rows: Vec<serde_json::Value> = export
            .text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(rows, list.rows(), "{query}");

        let export = shop.service.get_with(&path, CSV).await;
        assert_eq!(export.status, 200);
        assert_eq!(
            export.header("content-disposition"),
            "attachment; filename=\"orders.csv\""
        );
        assert_ne!(export.header("read-model-lag"), "");
        let mut reader = csv::Reader::from_reader(export.text.as_bytes());
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let column = |name: &str| {
            let columns = csv::Reader::from_reader(export.text.as_bytes());
            let mut columns = columns;
            let at = columns
                .headers()
                .unwrap()
                .iter()
                .position(|it| it == name)
                .unwrap();
            records
                .iter()
                .map(|record| record[at].to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(column("order_id"), list.column("order_id"), "{query}");
        let totals: Vec<String> = list
            .rows()
            .iter()
            .map(|row| row["totals"]["total_sales"].to_string())
            .collect();
        assert_eq!(column("total_sales"), totals, "{query}");
    }
}

#[tokio::test]
async fn names_and_formulas_do_no_harm() {
    let mut service = Service::start().await;
    service
        .happen(|history| {
            let customer = history.register("=HYPERLINK(\"http://x\")");
            let placing = Placing {
                reference: "@SUM(A1)",
                ..WEB
            };
            history.place_as(customer, &placing, &[(1, 100)]);
        })
        .await;
    let whole = service.get_with("/v1/orders/export", CSV).await;
    assert!(whole.text.contains("'=HYPERLINK") && whole.text.contains("'@SUM(A1)"));
    let bearer = service.bearer(orderfold_stack::tokens::Principal::Service, "orders:read");
    let narrow = service.ask(&bearer, "/v1/orders/export", CSV).await;
    assert!(!narrow.text.contains("HYPERLINK"), "names need the scope");
}

#[tokio::test]
async fn an_export_is_longer_than_a_page_and_a_form_that_is_none_is_refused() {
    let mut service = Service::start().await;
    let count = 1_203;
    service.happen(|history| place_many(history, count)).await;
    let export = service.get_with("/v1/orders/export", NDJSON).await;
    assert_eq!(export.text.lines().count(), count);
    let html = [("accept", "text/html")];
    let refused = service.get_with("/v1/orders/export", &html).await;
    refused.is_problem(406, "not_acceptable");
}

fn place_many(history: &mut History, count: usize) {
    let customer = history.register("A");
    for _ in 0..count {
        history.place_as(customer, &WEB, &[(1, 100)]);
    }
}

#[tokio::test]
async fn an_export_whose_build_is_dropped_meanwhile_does_not_end_like_a_whole_one() {
    let mut service = Service::start().await;
    service.happen(|history| place_many(history, 1_203)).await;
    let bearer = service.bearer(orderfold_stack::tokens::Principal::Service, "orders:read");
    let answer = service.stream(&bearer, "/v1/orders/export", NDJSON).await;
    assert_eq!(answer.status(), 200);
    let mut body = answer.into_body().into_data_stream();
    while body.next().await.unwrap().unwrap().is_empty() {}
    let dropping = service
        .database
        .drop_build(ReadModel::OrderList, Build::FIRST);
    dropping.await.unwrap();
    let rest: Vec<_> = body.collect().await;
    let last = rest.last().unwrap();
    assert!(last.is_err(), "it is cut off, and whoever reads it is told");
}
