//! Open work, debts and the front page.

use chrono::{Days, NaiveDate};
use orderfold_events::CustomerId;
use orderfold_http::clock;
use serde_json::{Value, json};

use crate::{
    asking::shop,
    history::{History, Placing},
    order_list::WEB,
    service::Service,
    views::REPORTING_ZONE,
};

#[tokio::test]
async fn work_is_counted_and_listed_by_stage() {
    let shop = shop().await;
    let queue = shop.service.get("/v1/work-queue").await;
    let stages: Vec<_> = queue
        .rows()
        .iter()
        .map(|stage| {
            (
                stage["stage"].as_str().unwrap(),
                stage["count"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        stages,
        [
            ("unconfirmed", 4),
            ("on_hold", 1),
            ("awaiting_payment", 1),
            ("to_ship", 2),
            ("in_transit", 1),
            ("refund_due", 1),
        ]
    );
    let [unconfirmed, on_hold, .., refund_due] = queue.rows() else {
        panic!("six stages");
    };
    assert_eq!(
        unconfirmed["values"],
        json!([
            {"currency": "EUR", "count": 1, "amount": 200},
            {"currency": "USD", "count": 3, "amount": 4701},
        ])
    );
    assert_eq!(unconfirmed["oldest_since"], "2017-03-01T12:00:00.000Z");
    assert!(unconfirmed["oldest_age_seconds"].as_i64().unwrap() > 0);
    assert_eq!(
        unconfirmed["orders"][0]["order_id"],
        shop.orders[0].to_string()
    );
    assert_eq!(refund_due["values"][0]["amount"], 50);
    assert_eq!(on_hold["orders"][0]["customer"]["name"], "Claire Gute");

    let some = shop
        .service
        .get("/v1/work-queue?stage=unconfirmed&limit=2")
        .await;
    assert_eq!(some.rows().len(), 1);
    assert_eq!(some.rows()[0]["orders"].as_array().unwrap().len(), 2);
    let narrow = shop
        .service
        .get_scoped("orders:read", "/v1/work-queue")
        .await;
    assert!(!narrow.text.contains("Claire"), "names need the scope");
    let wrong = shop.service.get("/v1/work-queue?stage=$ne").await;
    assert_eq!(wrong.faults(), [("/query/stage", "invalid_format")]);
}

/// An order on account that is due so many days from today, in the reporting zone.
fn owe(history: &mut History, customer: CustomerId, due_in_days: i64, amount: i64) {
    let today = clock::now().with_timezone(&REPORTING_ZONE).date_naive();
    let due_on = today.checked_add_signed(chrono::TimeDelta::days(due_in_days));
    let placing = Placing { due_on, ..WEB };
    history.place_as(customer, &placing, &[(1, amount)]);
}

#[tokio::test]
async fn debts_are_sorted_by_customer_and_by_how_long_they_are_past_due() {
    let mut service = Service::start().await;
    let (small, big) = service
        .happen(|history| {
            let small = history.register("Small");
            let big = history.register("Big");
            // Well within their ages, so that a midnight in between moves none into another.
            for (due, amount) in [(10, 1), (-15, 2), (-45, 4), (-75, 8), (-500, 16)] {
                owe(history, big, due, amount);
            }
            owe(history, small, 10, 3);
            let settled = history.place_as(
                small,
                &Placing {
                    due_on: NaiveDate::from_ymd_opt(2017, 1, 1),
                    ..WEB
                },
                &[(1, 900)],
            );
            history.pay(settled, 900);
            history.place_as(small, &WEB, &[(1, 500)]);
            (small, big)
        })
        .await;
    let report = service.get("/v1/reports/receivables?currency=USD").await;
    let ages = |orders, total, not_due: i64, past: [i64; 4]| {
        json!({
            "orders": orders, "total": total, "not_due": not_due, "days_1_30": past[0],
            "days_31_60": past[1], "days_61_90": past[2], "days_over_90": past[3],
        })
    };
    assert_eq!(report.body["totals"], ages(6, 34, 4, [2, 4, 8, 16]));
    let customers: Vec<_> = report
        .rows()
        .iter()
        .map(|row| row["customer"]["customer_id"].as_str().unwrap())
        .collect();
    assert_eq!(customers, [big.to_string(), small.to_string()]);
    assert_eq!(report.rows()[1]["total"], 3);
    let euro = service.get("/v1/reports/receivables?currency=EUR").await;
    assert_eq!(euro.body["totals"], ages(0, 0, 0, [0; 4]));
    let none = service.get("/v1/reports/receivables").await;
    assert_eq!(none.faults(), [("/query/currency", "currency_required")]);
}

#[tokio::test]
async fn the_front_page_sums_up_each_currency_by_itself() {
    let mut service = Service::start().await;
    let ago = |days| {
        let day = clock::now().checked_sub_days(Days::new(days)).unwrap();
        day.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
    };
    service
        .happen(|history| {
            let customer = history.register("A");
            let euro = Placing {
                currency: "EUR",
                ..WEB
            };
            for (days, placing, amount) in [
                (3, &WEB, 100),
                (20, &WEB, 1_000),
                (45, &WEB, 10_000),
                (100, &WEB, 100_000),
                (20, &euro, 7),
            ] {
                history.at(&ago(days));
                history.place_as(customer, placing, &[(1, amount)]);
            }
            owe(history, customer, -45, 50);
        })
        .await;
    let summary = service.get("/v1/summary").await;
    assert_eq!(summary.status, 200, "{}", summary.text);
    let sales = summary.body["sales"].as_array().unwrap();
    let of = |currency: usize, period: &str| sales[currency][period]["net_sales"].clone();
    assert_eq!(
        (&sales[0]["currency"], &sales[1]["currency"]),
        (&json!("EUR"), &json!("USD"))
    );
    assert_eq!(of(0, "last_30_days"), 7);
    assert_eq!(of(1, "last_30_days"), 1_100 + 50);
    assert_eq!(of(1, "previous_30_days"), 10_000);
    assert_eq!(summary.body["receivables"][0]["currency"], "USD");
    assert_eq!(summary.body["receivables"][0]["days_31_60"], 50);
    let work = summary.body["work"].as_array().unwrap();
    assert_eq!((work.len(), &work[0]["count"]), (6, &json!(6)));
    assert_eq!(work[1]["oldest_since"], Value::Null);
    assert_eq!(summary.body["freshness"]["lag_events"], 0);
}
