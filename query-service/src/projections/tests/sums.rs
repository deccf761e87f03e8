//! Work queue and rankings: which stage an order is in and since when, and what is added for products and customers.

use chrono::NaiveDate;

use super::{
    super::{
        customer_sales::CustomerSales,
        product_sales::ProductSales,
        ranking::{ItemBookings, ItemSales, Ranking, Span},
        work_queue::{Stage, WorkQueue},
    },
    *,
};

fn stages(history: &History, order: OrderId) -> Vec<Stage> {
    let since = fold::<WorkQueue>(&history.log)[&order].since;
    let stages = Stage::ALL.iter().copied();
    stages.filter(|stage| since.of(*stage).is_some()).collect()
}

#[test]
fn an_order_goes_through_the_stages_of_work() {
    use Stage::{AwaitingPayment, InTransit, OnHold, RefundDue, ToShip, Unconfirmed};
    let (mut history, _, order) = one_order();
    assert_eq!(stages(&history, order), [Unconfirmed, AwaitingPayment]);
    history.confirm(order);
    assert_eq!(stages(&history, order), [AwaitingPayment]);
    later::hold(&mut history, order, 1);
    history.pay(order, 3500);
    assert_eq!(
        stages(&history, order),
        [OnHold],
        "a hold keeps it from being shipped"
    );
    later::release(&mut history, order, &[1]);
    assert_eq!(stages(&history, order), [ToShip]);
    history.ship(order, 3);
    assert_eq!(
        stages(&history, order),
        [ToShip, InTransit],
        "line 2 is still open"
    );
    history.deliver(order, 3);
    history.take_back(order, 1);
    assert_eq!(stages(&history, order), [ToShip, RefundDue]);
    later::refund(&mut history, order, 1000);
    assert_eq!(stages(&history, order), [ToShip]);
}

#[test]
fn a_stage_lasts_since_the_event_that_brought_it() {
    let (mut history, _, order) = one_order();
    let placed_at = last(&history).0.occurred_at;
    history.pay(order, 100);
    later::note(&mut history, order, "nothing new");
    let since = fold::<WorkQueue>(&history.log)[&order].since;
    assert_eq!(since.of(Stage::Unconfirmed), Some(placed_at));
    assert_eq!(since.of(Stage::AwaitingPayment), Some(placed_at));
    history.pay(order, 3400);
    let paid_at = last(&history).0.occurred_at;
    let since = fold::<WorkQueue>(&history.log)[&order].since;
    assert_eq!(since.of(Stage::ToShip), Some(paid_at));
    assert_eq!(since.of(Stage::AwaitingPayment), None);
}

fn booked<R: Ranking>(history: &History) -> ItemBookings {
    let mut bookings = ItemBookings::new(history.shards, chrono_tz::UTC);
    for Recorded {
        envelope, event, ..
    } in &history.log
    {
        R::book(&mut bookings, envelope, event).unwrap();
    }
    bookings
}

fn of_month(bookings: &ItemBookings, item: &str) -> ItemSales {
    let months = bookings
        .buckets
        .iter()
        .filter(|(key, _)| key.span == Span::Month);
    months
        .filter(|(key, _)| key.item == item)
        .map(|(_, bucket)| bucket.added)
        .fold(ItemSales::default(), |sum, added| sum.add(&added).unwrap())
}

#[test]
fn products_sum_up_what_was_sold_and_what_came_back() {
    let (mut history, _, order) = one_order();
    history.ship(order, 3);
    history.deliver(order, 3);
    history.take_back(order, 1);
    let bookings = booked::<ProductSales>(&history);
    let expected = ItemSales {
        orders: 1,
        units: 3,
        returned_units: 1,
        net_sales: 2000,
        taxes: 0,
    };
    assert_eq!(of_month(&bookings, "SKU-1"), expected);
    assert_eq!(of_month(&bookings, "SKU-2").net_sales, 500);
    let (_, first) = bookings.buckets.first_key_value().unwrap();
    assert_eq!(first.name.as_deref(), Some("Article 1"));
}

#[test]
fn customers_sum_up_what_they_bought_and_sent_back() {
    let (mut history, customer, order) = one_order();
    history.ship(order, 3);
    history.deliver(order, 3);
    history.take_back(order, 2);
    history.place(customer, &[(1, 50)]);
    let bookings = booked::<CustomerSales>(&history);
    let expected = ItemSales {
        orders: 2,
        units: 5,
        returned_units: 2,
        net_sales: 1550,
        taxes: 0,
    };
    assert_eq!(of_month(&bookings, &customer.to_string()), expected);
}

#[test]
fn a_day_and_its_month_are_those_of_the_reporting_zone() {
    let (mut history, _, _) = one_order();
    history.log[1].envelope.occurred_at = "2017-01-01T03:20:00.000Z".parse().unwrap();
    let mut bookings = ItemBookings::new(history.shards, chrono_tz::America::New_York);
    let Recorded {
        envelope, event, ..
    } = &history.log[1];
    ProductSales::book(&mut bookings, envelope, event).unwrap();
    let days: Vec<_> = bookings
        .buckets
        .keys()
        .filter(|key| key.item == "SKU-1")
        .map(|key| (key.span, key.day.to_string()))
        .collect();
    assert_eq!(
        days,
        [
            (Span::Day, "2016-12-31".to_owned()),
            (Span::Month, "2016-12-01".to_owned())
        ]
    );
}

#[test]
fn drafts_are_in_no_ranking() {
    let mut history = History::new(8);
    let customer = history.register_in(Shard(3));
    let placing = history::Placing {
        channel: "web",
        currency: "USD",
        reference: "D",
        due_on: NaiveDate::from_ymd_opt(2017, 1, 1),
    };
    let draft = history.draft(customer, &placing, &[(1, 100)]);
    history.discard(draft);
    assert!(booked::<ProductSales>(&history).buckets.is_empty());
    assert!(booked::<CustomerSales>(&history).buckets.is_empty());
}
