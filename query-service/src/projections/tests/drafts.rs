//! Drafts: started, changed, discarded or placed; and what they must not touch.

use chrono::NaiveDate;
use orderfold_events::{
    Version,
    order::{Confirmed, Discarded, Lifecycle, OrderFact, Terms},
};

use super::{
    super::{customer_360::OrderCounts, receivables::Receivables, work_queue::WorkQueue},
    history::Placing,
    later, *,
};

const DRAFT: Placing<'_> = Placing {
    channel: "desk",
    currency: "USD",
    reference: "D-1",
    due_on: None,
};

fn on_account() -> Placing<'static> {
    Placing {
        reference: "D-2",
        due_on: NaiveDate::from_ymd_opt(2017, 3, 1),
        ..DRAFT
    }
}

fn one_draft() -> (History, CustomerId, OrderId) {
    let mut history = History::new(8);
    let customer = history.register_in(Shard(3));
    let order = history.draft(customer, &DRAFT, &[(3, 1000)]);
    (history, customer, order)
}

#[test]
fn a_draft_is_a_row_without_number_and_books_nothing() {
    let (mut history, customer, order) = one_draft();
    later::note(&mut history, order, "ask for the size");
    let row = row(&history, order);
    assert_eq!(
        (row.lifecycle, row.number, row.placed_at),
        (Lifecycle::Draft, None, None)
    );
    assert_eq!(row.listed_at, history.log[1].envelope.occurred_at);
    assert_eq!((row.line_count, row.totals.units), (1, 0));
    let detail = detail(&history, order);
    assert_eq!(detail.preview.unwrap().total_sales, 3000);
    assert_eq!((detail.totals.total_sales, detail.notes.len()), (0, 1));
    let document = customer_document(&history, customer);
    assert_eq!(document.counts, OrderCounts::default());
    assert!(document.lifetime.is_empty() && document.last_orders.is_empty());
    assert!(fold::<WorkQueue>(&history.log).is_empty());
}

#[test]
fn a_changed_draft_is_what_it_was_changed_to() {
    let (mut history, _, order) = one_draft();
    history.change_draft(order, &on_account(), &[(1, 500), (2, 70)]);
    let row = row(&history, order);
    assert_eq!((row.version, row.line_count), (Version(2), 2));
    assert_eq!(row.reference.as_deref(), Some("D-2"));
    assert_eq!(row.skus, ["SKU-1", "SKU-2"]);
    let detail = detail(&history, order);
    assert_eq!(detail.lines.len(), 2);
    assert_eq!(detail.preview.unwrap().total_sales, 640);
    assert_eq!(detail.due_on, on_account().due_on);
}

#[test]
fn a_placed_draft_is_an_order_like_any_other() {
    let (mut history, customer, order) = one_draft();
    history.place_started(order, &DRAFT, &[(3, 1000)]);
    history.pay(order, 3000);
    let row = row(&history, order);
    assert_eq!(
        (row.lifecycle, row.version),
        (Lifecycle::Placed, Version(3))
    );
    assert_eq!(row.number, history.summary(order).number);
    assert_eq!(Some(row.listed_at), row.placed_at);
    assert!(row.number_rank > 0 && row.to_ship);
    let detail = detail(&history, order);
    assert_eq!((detail.preview, detail.totals.payments), (None, 3000));
    let document = customer_document(&history, customer);
    assert_eq!((document.counts.placed, document.last_orders.len()), (1, 1));
    assert_eq!(fold::<WorkQueue>(&history.log)[&order].version, Version(3));
}

#[test]
fn a_discarded_draft_says_so_and_takes_notes_only() {
    let (mut history, _, order) = one_draft();
    history.discard(order);
    later::note(&mut history, order, "the customer went elsewhere");
    assert_eq!(row(&history, order).lifecycle, Lifecycle::Discarded);
    assert_eq!(detail(&history, order).lifecycle, Lifecycle::Discarded);

    history.place_started(order, &DRAFT, &[(3, 1000)]);
    let refusal = Err(Contradiction::NoDraft);
    assert_eq!(
        fold_into::<OrderList>(&mut Documents::<OrderList>::new(), &history.log),
        refusal
    );
    assert_eq!(
        fold_into::<OrderDetail>(&mut Documents::<OrderDetail>::new(), &history.log),
        refusal
    );
}

#[test]
fn what_needs_a_placed_order_contradicts_a_draft() {
    let (mut history, _, order) = one_draft();
    history.happen_to_order(order, OrderFact::Confirmed(Confirmed {}), |_| {});
    let refusal = Err(Contradiction::NotPlaced);
    assert_eq!(
        fold_into::<OrderList>(&mut Documents::<OrderList>::new(), &history.log),
        refusal
    );
    assert_eq!(
        fold_into::<OrderDetail>(&mut Documents::<OrderDetail>::new(), &history.log),
        refusal
    );
}

#[test]
fn what_needs_a_draft_contradicts_a_placed_order() {
    let (mut history, _, order) = one_order();
    history.happen_to_order(order, OrderFact::Discarded(Discarded {}), |_| {});
    let refusal = Err(Contradiction::NoDraft);
    assert_eq!(
        fold_into::<OrderList>(&mut Documents::<OrderList>::new(), &history.log),
        refusal
    );
}

#[test]
fn receivables_know_an_order_from_its_placing_on_account() {
    let (mut history, customer, draft) = one_draft();
    history.change_draft(draft, &on_account(), &[(3, 1000)]);
    history.change_draft(draft, &DRAFT, &[(3, 1000)]);
    history.place_started(draft, &DRAFT, &[(3, 1000)]);
    let owed = history.place_as(customer, &on_account(), &[(1, 700)]);
    assert_eq!(history.summary(owed).terms, Terms::OnAccount);
    history.pay(owed, 300);
    let documents = fold::<Receivables>(&history.log);
    assert_eq!(documents.keys().collect::<Vec<_>>(), [&owed]);
    assert_eq!(
        (documents[&owed].open, documents[&owed].version),
        (400, Version(2))
    );
    assert_eq!(documents[&owed].due_on, on_account().due_on);
    history.pay(owed, 500);
    assert_eq!(
        fold::<Receivables>(&history.log)[&owed].open,
        0,
        "overpaid is not owed"
    );
}
