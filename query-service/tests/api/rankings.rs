//! Top products and top customers.

use orderfold_events::CustomerId;
use serde_json::{Value, json};

use crate::{
    history::Placing,
    order_list::WEB,
    service::{Answer, Service},
};

/// Two customers: one buys much in March and sends some back in April, the other buys little on the first of April in
/// Berlin, which is still March in UTC.
async fn spring() -> (Service, CustomerId, CustomerId) {
    let mut service = Service::start().await;
    let (big, small) = service
        .happen(|history| {
            let big = history.register("Big");
            let small = history.register("Small");
            history.at("2017-03-10T12:00:00.000Z");
            let order = history.place_as(big, &WEB, &[(4, 1000), (10, 10)]);
            history.at("2017-03-31T22:30:00.000Z");
            history.place_as(small, &WEB, &[(1, 500)]);
            history.at("2017-04-02T12:00:00.000Z");
            history.ship(order, 4);
            history.deliver(order, 4);
            history.take_back(order, 1);
            let euro = Placing {
                currency: "EUR",
                ..WEB
            };
            history.place_as(small, &euro, &[(1, 9_999)]);
            (big, small)
        })
        .await;
    (service, big, small)
}

fn figures(answer: &Answer, name: &str) -> Vec<(String, Value, Value, Value)> {
    let rows = answer.rows().iter();
    rows.map(|row| {
        let figure = |member: &str| row[member].clone();
        let name = row[name].as_str().unwrap().to_owned();
        (
            name,
            figure("units"),
            figure("returned_units"),
            figure("net_sales"),
        )
    })
    .collect()
}

#[tokio::test]
async fn products_are_ranked_by_what_was_booked_on_days_of_the_reporting_zone() {
    let (service, ..) = spring().await;
    let path = "/v1/reports/products?currency=USD";
    let march = service
        .get(&format!("{path}&from=2017-03-01&to=2017-04-01"))
        .await;
    let row = |sku: &str, units, returned, net| {
        (sku.to_owned(), json!(units), json!(returned), json!(net))
    };
    assert_eq!(
        figures(&march, "sku"),
        [row("SKU-1", 4, 0, 4000), row("SKU-2", 10, 0, 100)]
    );
    assert_eq!(march.rows()[0]["name"], "Article 1");
    assert_eq!(march.body["tz"], "Europe/Berlin");
    let by_units = service
        .get(&format!(
            "{path}&from=2017-03-01&to=2017-04-01&by=units&limit=1"
        ))
        .await;
    assert_eq!(figures(&by_units, "sku"), [row("SKU-2", 10, 0, 100)]);
    // Cut days, whole months and cut days again.
    let all = service
        .get(&format!("{path}&from=2017-02-10&to=2017-05-03"))
        .await;
    assert_eq!(
        figures(&all, "sku"),
        [row("SKU-1", 5, 1, 3500), row("SKU-2", 10, 0, 100)]
    );
    let returned = service
        .get(&format!(
            "{path}&from=2017-02-10&to=2017-05-03&by=return_rate"
        ))
        .await;
    let rates: Vec<_> = returned
        .rows()
        .iter()
        .map(|row| &row["return_rate"])
        .collect();
    assert_eq!(rates, [&json!("0.2000"), &json!("0.0000")]);
}

#[tokio::test]
async fn customers_are_ranked_and_named_where_names_may_be_seen() {
    let (service, big, small) = spring().await;
    let path = "/v1/reports/customers?currency=USD&from=2017-03-01&to=2017-05-01";
    let ranking = service.get(path).await;
    assert_eq!(
        ranking.column("customer_id"),
        [big.to_string(), small.to_string()]
    );
    assert_eq!(ranking.column("name"), ["Big", "Small"]);
    assert_eq!(ranking.rows()[0]["net_sales"], 3100);
    assert_eq!(ranking.rows()[1]["net_sales"], 500, "euros are not added");
    let narrow = service.get_scoped("reports:read", path).await;
    assert_eq!(narrow.rows()[0]["name"], Value::Null);
}

#[tokio::test]
async fn a_ranking_needs_a_currency_and_a_range() {
    let service = Service::start().await;
    for path in ["/v1/reports/products", "/v1/reports/customers"] {
        let nothing = service.get(path).await;
        assert_eq!(
            nothing.faults(),
            [
                ("/query/currency", "currency_required"),
                ("/query/from", "required"),
                ("/query/to", "required"),
            ]
        );
        for (query, fault) in [
            (
                "from=2017-03-01&to=2017-03-01",
                ("/query/to", "out_of_range"),
            ),
            (
                "from=2000-01-01&to=2017-03-01",
                ("/query/to", "out_of_range"),
            ),
            (
                "from=2017-03-01&to=2017-04-01&by=price",
                ("/query/by", "invalid_format"),
            ),
        ] {
            let answer = service.get(&format!("{path}?currency=USD&{query}")).await;
            assert_eq!(answer.faults(), [fault], "{query}");
        }
    }
}
