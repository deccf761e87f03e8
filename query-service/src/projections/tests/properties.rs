//! Whatever batches and whatever order of streams: the documents are the same, and sums agree with the orders.

use std::collections::BTreeMap;

use orderfold_events::{Shard, StreamId, order::Totals};
use proptest::{prelude::*, sample::Index};

use super::{
    super::{
        customer_list::CustomerList,
        customer_sales::CustomerSales,
        product_sales::ProductSales,
        ranking::{ItemBookings, ItemKey, ItemSales, Ranking, Span},
        receivables::Receivables,
        sales_series::{Bookings, DayKey, Sales},
        work_queue::WorkQueue,
    },
    *,
};

/// A random history: some customers over four shards, orders, and a walk over what can happen to them.
fn histories() -> impl Strategy<Value = History> {
    let steps = prop::collection::vec((0..18_u8, any::<Index>(), 1..4_i64), 1..60);
    steps.prop_map(|steps| {
        let mut history = History::new(8);
        let customers: Vec<_> = (0..4)
            .map(|shard| history.register_in(Shard(shard * 2)))
            .collect();
        history.place(customers[0], &[(5, 1990), (2, 450)]);
        for (step, which, amount) in steps {
            let customer = *which.get(&customers);
            let order = *which.get(&placed(&history));
            match step {
                0 | 1 => drop(history.place(customer, &[(amount, 700), (1, 99)])),
                2 => history.confirm(order),
                3 => history.pay(order, amount * 100),
                4 => history.ship(order, amount),
                5 => history.deliver(order, amount),
                6 => history.take_back(order, amount),
                7 => history.cancel(order, amount),
                8 => later::hold(&mut history, order, 1),
                9 => later::release(&mut history, order, &[1]),
                10 => later::update_details(&mut history, order, "R-other"),
                11 => later::refund(&mut history, order, amount),
                12 => later::note(&mut history, order, "note"),
                13 => start_draft(&mut history, customer, amount),
                14 => parties::update_profile(&mut history, customer, "Claire"),
                15 => parties::block(&mut history, customer),
                16 => parties::expose(&mut history, customer, order, amount),
                _ => history.complete(order),
            }
        }
        history
    })
}

/// A draft that is changed, and then placed or discarded.
fn start_draft(history: &mut History, customer: CustomerId, amount: i64) {
    let placing = history::Placing {
        channel: "desk",
        currency: "USD",
        reference: "D-1",
        due_on: chrono::NaiveDate::from_ymd_opt(2017, 1, 31),
    };
    let draft = history.draft(customer, &placing, &[(amount, 300)]);
    history.change_draft(draft, &placing, &[(amount, 200), (1, 10)]);
    if amount == 1 {
        history.discard(draft);
    } else {
        history.place_started(draft, &placing, &[(amount, 200), (1, 10)]);
    }
}

fn placed(history: &History) -> Vec<OrderId> {
    let orders = history.orders().into_iter();
    let placed = |order: &OrderId| history.summary(*order).number.is_some();
    orders.filter(placed).collect()
}

/// Cuts events into batches wherever the indices say.
fn batches<'a>(events: &'a [Recorded], cuts: &[Index]) -> Vec<&'a [Recorded]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(events.len())).collect();
    at.extend([0, events.len()]);
    at.sort_unstable();
    at.windows(2)
        .map(|pair| &events[pair[0]..pair[1]])
        .collect()
}

/// Between batches documents go through their stored form.
fn fold_in_batches<V: DocumentView>(batches: &[&[Recorded]]) -> Documents<V> {
    let mut documents = Documents::<V>::new();
    for batch in batches {
        fold_into::<V>(&mut documents, batch).unwrap();
        for document in documents.values_mut() {
            let stored = bson::serialize_to_vec(document).unwrap();
            *document = bson::deserialize_from_slice(&stored).unwrap();
        }
    }
    documents
}

type Sums = (BTreeMap<(DayKey, u16), Sales>, BTreeMap<DayKey, Sales>);

fn sums(batches: &[&[Recorded]], history: &History) -> Sums {
    let mut sums = Sums::default();
    let add = |sum: &mut Sales, sales: &Sales| *sum = sum.checked_add(sales).unwrap();
    for batch in batches {
        let mut bookings = Bookings::new(history.shards, chrono_tz::Asia::Kathmandu);
        for Recorded {
            envelope, event, ..
        } in *batch
        {
            bookings.book(envelope, event).unwrap();
        }
        for (key, bucket) in bookings.slots {
            for (slot, sales) in bucket.added {
                add(sums.0.entry((key.clone(), slot)).or_default(), &sales);
            }
        }
        for (key, bucket) in bookings.days {
            add(sums.1.entry(key).or_default(), &bucket.added);
        }
    }
    sums
}

type Items = BTreeMap<ItemKey, (ItemSales, Option<String>)>;

/// What batches add to a ranking; names as `$max` keeps them.
fn items<R: Ranking>(batches: &[&[Recorded]], history: &History) -> Items {
    let mut items = Items::new();
    for batch in batches {
        let mut bookings = ItemBookings::new(history.shards, chrono_tz::Asia::Kathmandu);
        for Recorded {
            envelope, event, ..
        } in *batch
        {
            R::book(&mut bookings, envelope, event).unwrap();
        }
        for (key, bucket) in bookings.buckets {
            let (sum, name) = items.entry(key).or_default();
            *sum = sum.add(&bucket.added).unwrap();
            *name = name.take().max(bucket.name);
        }
    }
    items
}

/// Another order of the events that keeps each stream's own.
fn interleaved(events: &[Recorded], picks: &[Index]) -> Vec<Recorded> {
    let mut streams = BTreeMap::<StreamId, std::collections::VecDeque<Recorded>>::new();
    for recorded in events {
        streams
            .entry(recorded.envelope.stream)
            .or_default()
            .push_back(recorded.clone());
    }
    let mut order = Vec::new();
    let mut picks = picks.iter().cycle();
    while !streams.is_empty() {
        let names: Vec<_> = streams.keys().copied().collect();
        let name = *picks.next().unwrap().get(&names);
        let stream = streams.get_mut(&name).unwrap();
        order.extend(stream.pop_front());
        if stream.is_empty() {
            streams.remove(&name);
        }
    }
    order
}

fn without_coordinates(documents: Documents<Customer360>) -> Vec<CustomerDocument> {
    let anywhere = one_order().0.log[0].envelope.coordinate;
    documents
        .into_values()
        .map(|document| CustomerDocument {
            coordinate: anywhere,
            ..document
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_split_into_batches_gives_the_same_documents(
        history in histories(),
        cuts in prop::collection::vec(any::<Index>(), 0..12),
    ) {
        let whole = [&history.log[..]];
        let parts = batches(&history.log, &cuts);
        prop_assert_eq!(fold_in_batches::<OrderList>(&parts), fold::<OrderList>(&history.log));
        prop_assert_eq!(fold_in_batches::<OrderDetail>(&parts), fold::<OrderDetail>(&history.log));
        prop_assert_eq!(fold_in_batches::<CustomerList>(&parts), fold::<CustomerList>(&history.log));
        prop_assert_eq!(fold_in_batches::<Customer360>(&parts), fold::<Customer360>(&history.log));
        prop_assert_eq!(fold_in_batches::<WorkQueue>(&parts), fold::<WorkQueue>(&history.log));
        prop_assert_eq!(fold_in_batches::<Receivables>(&parts), fold::<Receivables>(&history.log));
        prop_assert_eq!(
            items::<ProductSales>(&parts, &history),
            items::<ProductSales>(&whole, &history)
        );
        prop_assert_eq!(sums(&parts, &history), sums(&whole, &history));
    }

    #[test]
    fn any_interleaving_of_streams_gives_the_same_documents(
        history in histories(),
        picks in prop::collection::vec(any::<Index>(), 1..40),
    ) {
        let other = interleaved(&history.log, &picks);
        prop_assert_eq!(fold::<OrderList>(&other), fold::<OrderList>(&history.log));
        prop_assert_eq!(fold::<OrderDetail>(&other), fold::<OrderDetail>(&history.log));
        prop_assert_eq!(
            without_coordinates(fold::<Customer360>(&other)),
            without_coordinates(fold::<Customer360>(&history.log))
        );
        prop_assert_eq!(sums(&[&other], &history), sums(&[&history.log], &history));
        prop_assert_eq!(
            items::<ProductSales>(&[&other], &history),
            items::<ProductSales>(&[&history.log], &history)
        );
    }

    #[test]
    fn sums_over_buckets_and_customers_are_the_sums_over_orders(history in histories()) {
        let add = |sum: Totals, totals: &Totals| sum.checked_add(totals).unwrap();
        let rows = fold::<OrderList>(&history.log);
        let orders = rows.values().map(|row| &row.totals).fold(Totals::default(), add);

        let (slots, days) = sums(&[&history.log], &history);
        let in_slots = slots.values().map(|sales| &sales.totals).fold(Totals::default(), add);
        let in_days = days.values().map(|sales| &sales.totals).fold(Totals::default(), add);
        prop_assert_eq!(in_slots, orders);
        prop_assert_eq!(in_days, orders);
        let placed: i64 = days.values().map(|sales| sales.orders).sum();
        let in_rows = rows.values().filter(|row| row.number.is_some()).count();
        prop_assert_eq!(placed, i64::try_from(in_rows).unwrap());

        let customers = fold::<Customer360>(&history.log);
        let in_customers = customers
            .values()
            .flat_map(|customer| &customer.lifetime)
            .map(|entry| &entry.totals)
            .fold(Totals::default(), add);
        prop_assert_eq!(in_customers, orders);

        let net_of = |span: Span, items: Items| -> i64 {
            let of_span = items.iter().filter(|(key, _)| key.span == span);
            of_span.map(|(_, (sales, _))| sales.net_sales).sum()
        };
        for span in [Span::Day, Span::Month] {
            let whole = [&history.log[..]];
            prop_assert_eq!(net_of(span, items::<ProductSales>(&whole, &history)), orders.net_sales);
            prop_assert_eq!(net_of(span, items::<CustomerSales>(&whole, &history)), orders.net_sales);
        }

        for (order, detail) in fold::<OrderDetail>(&history.log) {
            let net: i64 = detail.lines.iter().map(|line| line.net).sum();
            prop_assert_eq!(net, detail.totals.net_sales);
            prop_assert_eq!(detail.totals, rows[&order].totals);
        }
    }
}
