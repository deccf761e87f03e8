//! What each event does to each read model, and what cannot be.

use chrono::NaiveDate;
use orderfold_events::{
    Envelope, Event, Shard, Version,
    order::{Lifecycle, OrderFact},
};

use super::{
    super::{
        customer_360::{LAST_ORDERS_MAX, OrderCounts},
        customer_list::CustomerList,
        order_timeline,
        sales_series::{Bookings, Sales},
    },
    *,
};

/// What the list shows must be what the summary of the last event says.
fn assert_row_follows(history: &History, order: OrderId) {
    let (envelope, event) = last(history);
    let Event::Order(event) = event else {
        panic!("an order's event");
    };
    let row = row(history, order);
    let summary = &event.summary;
    assert_eq!(
        (row.version, row.coordinate),
        (envelope.version, envelope.coordinate)
    );
    assert_eq!(row.updated_at, envelope.recorded_at);
    assert_eq!(Some(row.placed_at), summary.placed_at);
    assert_eq!(row.lifecycle, summary.lifecycle);
    assert_eq!(row.payment_status, summary.payment_status);
    assert_eq!(row.fulfilment_status, summary.fulfilment_status);
    assert_eq!(row.totals, summary.totals);
    assert_eq!(
        (row.line_count, row.totals.units),
        (2, 4),
        "what was ordered does not change"
    );
    assert_eq!(row.reference.as_deref(), Some("R-1"));
}

/// Lets something happen to an order.
type Happening = fn(&mut History, OrderId);

/// Every event after the placing but the last cancellation, by a part of its name.
fn every_event() -> Vec<(&'static str, Happening)> {
    vec![
        ("confirmed", |history, order| history.confirm(order)),
        ("payment_recorded", |history, order| {
            history.pay(order, 3500);
        }),
        ("shipment_recorded", |history, order| history.ship(order, 2)),
        ("delivery_recorded", |history, order| {
            history.ship(order, 2);
            history.deliver(order, 2);
        }),
        ("return_recorded", |history, order| {
            history.ship(order, 2);
            history.deliver(order, 2);
            history.take_back(order, 1);
        }),
        ("items_cancelled", |history, order| history.cancel(order, 1)),
        ("completed", |history, order| history.complete(order)),
    ]
}

#[test]
fn placing_makes_a_row_and_every_later_event_refreshes_it() {
    let (history, _, order) = one_order();
    assert_row_follows(&history, order);
    for (name, event) in every_event() {
        let (mut history, _, order) = one_order();
        event(&mut history, order);
        assert!(
            last(&history).1.event_type().contains(name),
            "{name} was not recorded"
        );
        assert_row_follows(&history, order);
    }
}

#[test]
fn a_cancelled_order_says_so_everywhere() {
    let mut history = History::new(8);
    let customer = history.register_in(Shard(3));
    let order = history.place(customer, &[(3, 1000)]);
    history.cancel(order, 3);
    assert_eq!(row(&history, order).lifecycle, Lifecycle::Cancelled);
    let detail = detail(&history, order);
    assert_eq!(detail.lifecycle, Lifecycle::Cancelled);
    assert_eq!((detail.lines[0].cancelled, detail.lines[0].net), (3, 0));
    assert_eq!(detail.cancellations.len(), 1);
    assert!(
        detail
            .adjustments
            .iter()
            .all(|adjustment| adjustment.voided)
    );
    let customer = customer_document(&history, customer);
    assert_eq!(
        customer.counts,
        OrderCounts {
            placed: 1,
            cancelled: 1,
            completed: 0
        }
    );
    assert_eq!(customer.lifetime[0].totals.net_sales, 0);
}

#[test]
fn an_order_shows_its_lines_and_facts() {
    let (mut history, _, order) = one_order();
    let placed = detail(&history, order);
    assert_eq!(
        (placed.lines[0].ordered.quantity, placed.lines[0].net),
        (3, 3000)
    );
    assert_eq!(placed.metadata["source"], "test");

    history.confirm(order);
    history.pay(order, 3500);
    history.ship(order, 2);
    history.deliver(order, 2);
    history.take_back(order, 1);
    history.cancel(order, 1);
    history.complete(order);
    let whole = detail(&history, order);
    let line = &whole.lines[0];
    assert_eq!(
        (
            line.ordered.quantity,
            line.cancelled,
            line.shipped,
            line.delivered,
            line.returned
        ),
        (3, 1, 2, 2, 1)
    );
    assert_eq!((line.net, whole.lines[1].net), (1000, 500));
    assert_eq!(whole.totals, history.summary(order).totals);
    assert_eq!(whole.payments[0].amount, 3500);
    assert_eq!(whole.payments[0].at.version, Version(3));
    assert_eq!(whole.shipments[0].lines[0].quantity, 2);
    assert_eq!(whole.deliveries[0].lines[0].quantity, 2);
    assert_eq!(whole.returns[0].lines[0].quantity, 1);
    assert_eq!(whole.cancellations[0].lines[0].quantity, 1);
    assert_eq!(
        (whole.version, whole.lifecycle),
        (Version(8), Lifecycle::Completed)
    );
}

#[test]
fn the_timeline_has_an_entry_for_every_event_of_an_order_and_none_else() {
    let (mut history, customer, order) = one_order();
    for (_, event) in every_event() {
        event(&mut history, order);
    }
    let entries: Vec<_> = history
        .log
        .iter()
        .filter_map(|recorded| {
            let data = str::from_utf8(&recorded.data).unwrap();
            let entry = order_timeline::entry(&recorded.envelope, &recorded.event, data)?;
            assert_eq!(entry.data.as_bytes(), recorded.data, "to the byte");
            Some(entry)
        })
        .collect();
    assert_eq!(
        entries.len(),
        history.log.len() - 1,
        "all but the registration"
    );
    let versions: Vec<_> = entries.iter().map(|entry| entry.version.0).collect();
    assert!(
        versions
            .into_iter()
            .eq(1..=u32::try_from(entries.len()).unwrap())
    );
    assert!(
        entries
            .iter()
            .all(|entry| (entry.order_id, entry.customer_id) == (order, customer))
    );
}

#[test]
fn a_registration_makes_a_row_and_a_profile() {
    let (history, customer, _) = one_order();
    let row = fold::<CustomerList>(&history.log)
        .remove(&customer)
        .unwrap();
    assert_eq!(row.version, Version(1));
    assert_eq!(row.tags, ["consumer", "wholesale"]);
    let profile = customer_document(&history, customer).profile.unwrap();
    assert_eq!(profile.personal, row.personal);
    assert_eq!(profile.version, Version(1));
}

#[test]
fn lifetime_figures_are_kept_per_currency() {
    let mut history = History::new(8);
    let customer = history.register_in(Shard(3));
    let orders: Vec<_> = (0..4)
        .map(|_| history.place(customer, &[(2, 100)]))
        .collect();
    history.pay(orders[3], 50);
    let document = customer_document(&history, customer);
    let lifetime: Vec<_> = document
        .lifetime
        .iter()
        .map(|entry| {
            (
                entry.currency.code(),
                entry.counts.placed,
                entry.totals.net_sales,
                entry.totals.payments,
            )
        })
        .collect();
    assert_eq!(lifetime, [("EUR", 1, 200, 50), ("USD", 3, 600, 0)]);
    assert_eq!(document.counts.placed, 4);
    assert_eq!(
        document.first_order_at,
        history.summary(orders[0]).placed_at
    );
    assert_eq!(document.last_order_at, history.summary(orders[3]).placed_at);
}

#[test]
fn the_last_orders_are_the_newest_and_stay_current() {
    let mut history = History::new(8);
    let customer = history.register_in(Shard(3));
    let orders: Vec<_> = (0..LAST_ORDERS_MAX + 2)
        .map(|_| history.place(customer, &[(2, 100)]))
        .collect();
    history.pay(orders[0], 200);
    history.confirm(orders[5]);
    let document = customer_document(&history, customer);
    let listed: Vec<_> = document
        .last_orders
        .iter()
        .map(|order| order.order_id)
        .collect();
    let newest: Vec<_> = orders.iter().rev().take(LAST_ORDERS_MAX).copied().collect();
    assert_eq!(listed, newest);
    let confirmed = document
        .last_orders
        .iter()
        .find(|order| order.order_id == orders[5]);
    assert_eq!(confirmed.unwrap().lifecycle, Lifecycle::Confirmed);
}

#[test]
fn an_order_of_a_customer_that_is_not_there_yet_is_kept() {
    let (history, customer, _) = one_order();
    let document = fold::<Customer360>(&history.log[1..])
        .remove(&customer)
        .unwrap();
    assert_eq!((document.profile, document.counts.placed), (None, 1));
}

#[test]
fn sales_are_booked_on_the_day_they_occurred_in_utc_and_in_the_reporting_zone() {
    let (mut history, _, order) = one_order();
    history.confirm(order);
    let mut placed = history.log[1].clone();
    placed.envelope.occurred_at = "2017-01-01T03:20:00.000Z".parse().unwrap();
    let confirmed = &history.log[2];

    let mut bookings = Bookings::new(history.shards, chrono_tz::America::New_York);
    for Recorded {
        envelope, event, ..
    } in [&history.log[0], &placed, confirmed]
    {
        bookings.book(envelope, event).unwrap();
    }
    let (slots, slot_bucket) = bookings.slots.first_key_value().unwrap();
    let (day, day_bucket) = bookings.days.first_key_value().unwrap();
    assert_eq!(
        (bookings.slots.len(), bookings.days.len()),
        (1, 1),
        "no figures, no booking"
    );
    assert_eq!(slots.day, NaiveDate::from_ymd_opt(2017, 1, 1).unwrap());
    assert_eq!(day.day, NaiveDate::from_ymd_opt(2016, 12, 31).unwrap());
    assert_eq!(
        (slots.channel.as_str(), slots.currency.code(), slots.partial),
        ("web", "USD", 1)
    );
    let sales = slot_bucket.added[&13];
    assert_eq!(
        (sales.orders, sales.totals.units, sales.totals.gross_sales),
        (1, 4, 3500)
    );
    assert_eq!(day_bucket.added, sales);
    assert_eq!(
        day_bucket.positions[&Shard(3)].0,
        2,
        "the confirmation touched nothing"
    );
}

#[test]
fn a_cancellation_counts_on_its_own_day() {
    let mut history = History::new(8);
    let customer = history.register_in(Shard(3));
    let order = history.place(customer, &[(3, 1000)]);
    history.cancel(order, 3);
    let mut bookings = Bookings::new(history.shards, chrono_tz::UTC);
    let Recorded {
        envelope, event, ..
    } = &history.log[2];
    bookings.book(envelope, event).unwrap();
    let sales = bookings.days.pop_first().unwrap().1.added;
    assert_eq!(
        (
            sales.orders,
            sales.orders_cancelled,
            sales.totals.cancellations,
            sales.totals.net_sales
        ),
        (0, 1, 3000, -3000)
    );
    assert_eq!(sales.totals.units, 0);
}

#[test]
fn sums_beyond_their_range_are_refused() {
    let most = Sales {
        orders: i64::MAX,
        ..Sales::default()
    };
    assert_eq!(most.checked_add(&most), None);
}

/// Folds everything but the last event, then the last one, changed.
fn contradict<V: DocumentView>(
    history: &History,
    change: impl FnOnce(&mut Envelope, &mut Event),
) -> Contradiction {
    let (last, before) = history.log.split_last().unwrap();
    let mut documents = fold::<V>(before);
    let mut last = last.clone();
    change(&mut last.envelope, &mut last.event);
    fold_into::<V>(&mut documents, &[last]).unwrap_err()
}

#[test]
fn a_version_that_is_not_the_next_contradicts() {
    let (mut history, _, order) = one_order();
    history.confirm(order);
    for version in [1, 3] {
        let skip = |envelope: &mut Envelope, _: &mut Event| envelope.version = Version(version);
        let expected = Contradiction::Version {
            document: Version(1),
            event: Version(version),
        };
        assert_eq!(contradict::<OrderList>(&history, skip), expected);
        assert_eq!(contradict::<OrderDetail>(&history, skip), expected);
        assert_eq!(contradict::<Customer360>(&history, skip), expected);
    }
}

#[test]
fn an_order_that_was_never_placed_contradicts() {
    let (mut history, _, order) = one_order();
    history.confirm(order);
    let confirmed = &history.log[2..];
    let mut none = Documents::<OrderList>::new();
    assert_eq!(
        fold_into::<OrderList>(&mut none, confirmed),
        Err(Contradiction::NotPlaced)
    );
    let mut none = Documents::<OrderDetail>::new();
    assert_eq!(
        fold_into::<OrderDetail>(&mut none, confirmed),
        Err(Contradiction::NotPlaced)
    );
}

#[test]
fn what_can_only_happen_first_contradicts_when_it_comes_again() {
    let (history, _, _) = one_order();
    let again = [&history.log[..], &history.log[1..]].concat();
    let placed = Err(Contradiction::PlacedTwice);
    assert_eq!(
        fold_into::<OrderList>(&mut Documents::<OrderList>::new(), &again),
        placed
    );
    assert_eq!(
        fold_into::<OrderDetail>(&mut Documents::<OrderDetail>::new(), &again),
        placed
    );
    assert_eq!(
        fold_into::<Customer360>(&mut Documents::<Customer360>::new(), &again),
        placed
    );

    let again = [&history.log[..1], &history.log[..1]].concat();
    let registered = Err(Contradiction::RegisteredTwice);
    assert_eq!(
        fold_into::<CustomerList>(&mut Documents::<CustomerList>::new(), &again),
        registered
    );
    assert_eq!(
        fold_into::<Customer360>(&mut Documents::<Customer360>::new(), &again),
        registered
    );
}

#[test]
fn units_that_do_not_exist_contradict() {
    let (mut history, _, order) = one_order();
    history.ship(order, 1);
    let ship = |line: u32, quantity: i64| {
        contradict::<OrderDetail>(&history, |_, event| {
            if let Event::Order(event) = event
                && let OrderFact::ShipmentRecorded(shipment) = &mut event.fact
            {
                shipment.lines[0].line = line;
                shipment.lines[0].quantity = quantity;
            }
        })
    };
    assert_eq!(ship(9, 1), Contradiction::UnknownLine(9));
    assert_eq!(ship(1, 4), Contradiction::Units(1));
    assert_eq!(ship(1, -1), Contradiction::Units(1));
    assert_eq!(ship(1, i64::MAX), Contradiction::Units(1));
}

#[test]
fn an_event_names_its_own_stream() {
    let (history, ..) = one_order();
    for recorded in &history.log {
        assert_eq!(recorded.event.stream(), recorded.envelope.stream);
    }
}
