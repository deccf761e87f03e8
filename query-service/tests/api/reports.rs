//! The sales report.

use serde_json::{Value, json};

use crate::{
    history::{History, Placing},
    service::{Answer, Service},
};

fn order(history: &mut History, at: &str, placing: (&str, &str), amount: i64) {
    let (channel, currency) = placing;
    history.at(at);
    let customer = history.register("A");
    history.at(at);
    let placing = Placing {
        channel,
        currency,
        reference: "X",
        due_on: None,
    };
    history.place_as(customer, &placing, &[(2, amount)]);
}

fn figures(answer: &Answer, member: &str) -> Vec<i64> {
    let rows = answer.rows().iter();
    rows.map(|row| row[member].as_i64().unwrap()).collect()
}

fn starts(answer: &Answer) -> Vec<&str> {
    answer.column("start")
}

#[tokio::test]
async fn what_was_booked_is_shown_on_its_day_and_empty_days_with_zeros() {
    let mut service = Service::start().await;
    service
        .happen(|history| {
            order(history, "2017-03-01T12:00:00.000Z", ("web", "USD"), 500);
            order(history, "2017-03-01T13:00:00.000Z", ("desk", "USD"), 251);
            order(history, "2017-03-03T12:00:00.000Z", ("web", "USD"), 100);
            order(history, "2017-03-03T12:00:00.000Z", ("web", "EUR"), 999);
            let last = history.orders()[0];
            history.at("2017-03-04T12:00:00.000Z");
            history.pay(last, 1000);
            history.at("2017-03-04T12:00:00.000Z");
            history.cancel(last, 2);
        })
        .await;
    let path = "/v1/reports/sales?from=2017-03-01&to=2017-03-05&interval=day&currency=USD";
    let report = service.get(path).await;
    assert_eq!(figures(&report, "orders"), [2, 0, 1, 0]);
    assert_eq!(figures(&report, "units"), [4, 0, 2, 0]);
    assert_eq!(figures(&report, "gross_sales"), [1502, 0, 200, 0]);
    assert_eq!(figures(&report, "cancellations"), [0, 0, 0, 1000]);
    assert_eq!(figures(&report, "net_sales"), [1502, 0, 200, -1000]);
    assert_eq!(figures(&report, "payments"), [0, 0, 0, 1000]);
    assert_eq!(figures(&report, "orders_cancelled"), [0, 0, 0, 1]);
    let averages: Vec<_> = report
        .rows()
        .iter()
        .map(|row| &row["average_order_value"])
        .collect();
    assert_eq!(
        averages,
        [&json!(751), &Value::Null, &json!(200), &Value::Null]
    );
    assert_eq!(starts(&report)[1], "2017-03-02T00:00:00.000Z");
    let totals = &report.body["totals"];
    assert_eq!(
        (&totals["orders"], &totals["net_sales"]),
        (&json!(3), &json!(702))
    );
    assert_eq!(totals["average_order_value"], 567, "1702 ÷ 3 is 567.3");
    assert_eq!(report.body["currency"], "USD");
    assert_eq!(report.body["previous"], Value::Null);
    assert_eq!(report.body["freshness"]["lag_events"], 0);

    let desk = service.get(&format!("{path}&channel=desk")).await;
    assert_eq!(figures(&desk, "orders"), [1, 0, 0, 0]);
    let both = service.get(&format!("{path}&channel=desk,web")).await;
    assert_eq!(both.body["totals"], report.body["totals"]);
}

/// Orders around the night in which Berlin, the reporting zone, puts its clocks forward.
async fn spring_night() -> Service {
    let mut service = Service::start().await;
    service
        .happen(|history| {
            for at in [
                "2026-03-28T22:59:59.999Z",
                "2026-03-28T23:00:00.000Z",
                "2026-03-29T00:59:59.999Z",
                "2026-03-29T01:00:00.000Z",
                "2026-03-29T21:59:59.999Z",
                "2026-03-29T22:00:00.000Z",
            ] {
                order(history, at, ("web", "USD"), 1);
            }
        })
        .await;
    service
}

fn question(tz: &str, from: &str, to: &str, interval: &str) -> String {
    format!("/v1/reports/sales?currency=USD&tz={tz}&from={from}&to={to}&interval={interval}")
}

#[tokio::test]
async fn days_and_hours_of_a_zone_are_exact_when_its_clocks_change() {
    let service = spring_night().await;
    let path = question("Europe/Berlin", "2026-03-28", "2026-03-31", "day");
    let days = service.get(&path).await;
    assert_eq!(figures(&days, "orders"), [1, 4, 1]);
    assert_eq!(starts(&days)[2], "2026-03-30T00:00:00.000+02:00");

    let path = question("Europe/Berlin", "2026-03-29", "2026-03-30", "hour");
    let hours = service.get(&path).await;
    assert_eq!(hours.rows().len(), 23);
    assert_eq!(
        starts(&hours)[1..3],
        [
            "2026-03-29T01:00:00.000+01:00",
            "2026-03-29T03:00:00.000+02:00"
        ]
    );
    let orders = figures(&hours, "orders");
    assert_eq!((orders[0], orders[1], orders[2], orders[22]), (1, 1, 1, 1));
    assert_eq!(orders.iter().sum::<i64>(), 4, "the hours add up to the day");
}

#[tokio::test]
async fn another_zone_cuts_the_same_sales_at_its_own_midnight() {
    let service = spring_night().await;
    for (tz, orders) in [
        ("UTC", [2, 4, 0]),
        ("Asia/Kathmandu", [0, 4, 2]),
        ("America/New_York", [4, 2, 0]),
    ] {
        let days = service
            .get(&question(tz, "2026-03-28", "2026-03-31", "day"))
            .await;
        assert_eq!(figures(&days, "orders"), orders, "{tz}");
        let month = service
            .get(&question(tz, "2026-03-01", "2026-04-01", "month"))
            .await;
        assert_eq!(figures(&month, "orders"), [6], "{tz}");
        let hours = service
            .get(&question(tz, "2026-03-28", "2026-03-31", "hour"))
            .await;
        assert_eq!(figures(&hours, "orders").iter().sum::<i64>(), 6, "{tz}");
    }
}

#[tokio::test]
async fn a_range_that_cuts_days_counts_only_what_is_in_it() {
    let service = spring_night().await;
    let path = question(
        "UTC",
        "2026-03-28T23:00:00Z",
        "2026-03-29T22:00:00Z",
        "year",
    );
    assert_eq!(figures(&service.get(&path).await, "orders"), [4]);
    let path = question("UTC", "2026-03-29T00:45:00Z", "2026-03-29T01:00:00Z", "day");
    assert_eq!(figures(&service.get(&path).await, "orders"), [1]);
}

#[tokio::test]
async fn a_report_is_compared_with_the_period_and_the_year_before() {
    let mut service = Service::start().await;
    service
        .happen(|history| {
            order(history, "2016-03-10T12:00:00.000Z", ("web", "USD"), 10);
            order(history, "2017-02-10T12:00:00.000Z", ("web", "USD"), 20);
            order(history, "2017-03-10T12:00:00.000Z", ("web", "USD"), 30);
        })
        .await;
    let path = question("UTC", "2017-03-01", "2017-04-01", "month");
    for (compare, from, value) in [
        ("previous_period", "2017-02-01T00:00:00.000Z", 40),
        ("previous_year", "2016-03-01T00:00:00.000Z", 20),
    ] {
        let report = service.get(&format!("{path}&compare={compare}")).await;
        let previous = &report.body["previous"];
        assert_eq!(previous["data"].as_array().unwrap().len(), 1);
        assert_eq!(previous["data"][0]["start"], from);
        assert_eq!(previous["totals"]["net_sales"], value);
        assert_eq!(report.body["totals"]["net_sales"], 60);
    }
}
