//! What happens to an order after its placing beside payments and units: holds, amendments, details, refunds, notes.

use orderfold_events::{
    Personal, TaxRate,
    order::{
        Adjustment, AdjustmentKind, AmendReason, Amended, AmendedPersonal, Cancelled, ContentHash,
        DetailsUpdated, FulfilmentStatus, Held, HoldReason, Line, LineQuantity, LineTax, NoteAdded,
        OrderFact, RefundReason, RefundRecorded, Released,
    },
    personal::{Address, Note},
};

use super::{
    super::order_detail::{FACTS_MAX, NOTES_MAX},
    *,
};

fn said(text: &str) -> Personal<Note> {
    Personal::plain(Note {
        note: Some(text.to_owned()),
    })
}

pub fn hold(history: &mut History, order: OrderId, hold: u32) {
    let fact = OrderFact::Held(Held {
        hold,
        reason: HoldReason::Fraud,
        personal: said("check the card"),
    });
    history.happen_to_order(order, fact, |summary| summary.on_hold = true);
}

pub fn release(history: &mut History, order: OrderId, holds: &[u32]) {
    let fact = OrderFact::Released(Released {
        holds: holds.to_vec(),
        personal: said("the card is fine"),
    });
    history.happen_to_order(order, fact, |summary| summary.on_hold = false);
}

fn line(number: u32, quantity: i64) -> Line {
    Line {
        line: number,
        sku: format!("SKU-{number}"),
        name: format!("Later article {number}"),
        category: None,
        reference: None,
        quantity,
        unit_price: 200,
        discount: 0,
        tax: LineTax::Rate(TaxRate::ZERO),
        metadata: BTreeMap::new(),
    }
}

pub fn amend(history: &mut History, order: OrderId, lines: &[Line]) {
    history.happen_to_order(order, amended(lines, "Other street"), |_| {});
}

fn amended(lines: &[Line], street: &str) -> OrderFact {
    OrderFact::Amended(Box::new(Amended {
        reason: AmendReason::Customer,
        lines: lines.to_vec(),
        cancelled: Vec::new(),
        adjustments: vec![fee(1)],
        personal: Personal::plain(AmendedPersonal {
            ship_to: Some(Address {
                line1: Some(street.to_owned()),
                ..Address::default()
            }),
            bill_to: None,
        }),
    }))
}

fn fee(number: u32) -> Adjustment {
    Adjustment {
        number,
        kind: AdjustmentKind::Fee,
        label: None,
        amount: 0,
        tax_rate: TaxRate::ZERO,
        net: 0,
        tax: 0,
    }
}

pub fn update_details(history: &mut History, order: OrderId, reference: &str) {
    let fact = OrderFact::DetailsUpdated(DetailsUpdated {
        reference: Some(reference.to_owned()),
        customer_reference: Some("PO-77".to_owned()),
        tags: vec!["late".to_owned(), "gift".to_owned()],
        metadata: BTreeMap::new(),
    });
    history.happen_to_order(order, fact, |_| {});
}

pub fn refund(history: &mut History, order: OrderId, amount: i64) {
    let fact = OrderFact::RefundRecorded(RefundRecorded {
        reference: format!("RF-{amount}"),
        amount,
        reason: RefundReason::Goodwill,
        payment: Some("F-1".to_owned()),
        return_reference: None,
        adjustments: vec![fee(2)],
        content: ContentHash("00".to_owned()),
    });
    history.happen_to_order(order, fact, |summary| summary.totals.refunds += amount);
}

pub fn note(history: &mut History, order: OrderId, text: &str) {
    let fact = OrderFact::NoteAdded(NoteAdded {
        personal: said(text),
    });
    history.happen_to_order(order, fact, |_| {});
}

#[test]
fn holds_are_kept_with_what_opened_and_closed_them() {
    let (mut history, _, order) = one_order();
    hold(&mut history, order, 1);
    hold(&mut history, order, 2);
    assert!(row(&history, order).on_hold);
    release(&mut history, order, &[1, 2]);
    let detail = detail(&history, order);
    assert!(!detail.on_hold);
    let holds: Vec<_> = detail
        .holds
        .iter()
        .map(|hold| (hold.hold, hold.at.version.0, hold.closed.unwrap().version.0))
        .collect();
    assert_eq!(holds, [(1, 2, 4), (2, 3, 4)]);
    let release = detail.holds[0].release.as_ref().unwrap();
    assert_eq!(in_plain(&history, release), said("the card is fine"));
}

#[test]
fn the_end_of_an_order_closes_its_holds() {
    let mut history = History::new(8);
    let customer = history.register_in(Shard(3));
    let order = history.place(customer, &[(3, 1000)]);
    hold(&mut history, order, 1);
    let cancelled = OrderFact::Cancelled(Cancelled {
        reason: orderfold_events::order::CancelReason::Fraud,
        lines: vec![LineQuantity {
            line: 1,
            quantity: 3,
        }],
        personal: said("fraud"),
    });
    history.happen_to_order(order, cancelled, |summary| {
        summary.on_hold = false;
        summary.fulfilment_status = FulfilmentStatus::Unfulfilled;
    });
    let detail = detail(&history, order);
    assert_eq!(detail.holds[0].closed.unwrap().version.0, 3);
    assert_eq!(detail.holds[0].release, None);
}

#[test]
fn an_amendment_changes_and_adds_lines_and_keeps_what_became_of_them() {
    let (mut history, _, order) = one_order();
    history.ship(order, 2);
    amend(&mut history, order, &[line(2, 4)]);
    history.happen_with_line(order, amended(&[line(3, 5)], "Last street"), (5, 200));
    let detail = detail(&history, order);
    let units: Vec<_> = detail
        .lines
        .iter()
        .map(|line| (line.ordered.line, line.ordered.quantity, line.shipped))
        .collect();
    assert_eq!(units, [(1, 3, 2), (2, 4, 0), (3, 5, 0)]);
    assert_eq!(detail.lines[2].net, 1000);
    assert_eq!(detail.amendments.len(), 2);
    assert_eq!(detail.adjustments.len(), 2);
    let row = row(&history, order);
    assert_eq!(row.line_count, 3);
    assert_eq!(row.skus, ["SKU-1", "SKU-2", "SKU-3"]);
    assert!(row.search.contains(&"sku-3".to_owned()));
    assert_eq!(row.units.ordered, 9);
}

#[test]
fn details_replace_what_they_name_and_are_found() {
    let (mut history, _, order) = one_order();
    update_details(&mut history, order, "NEW-1");
    let row = row(&history, order);
    assert_eq!(row.reference.as_deref(), Some("NEW-1"));
    assert_eq!(row.tags, ["gift", "late"]);
    for word in ["new-1", "po-77"] {
        assert!(row.search.contains(&word.to_owned()), "{word}");
    }
    assert!(!row.search.contains(&"r-1".to_owned()));
    let detail = detail(&history, order);
    assert_eq!(detail.customer_reference.as_deref(), Some("PO-77"));
    assert!(detail.metadata.is_empty());
}

#[test]
fn a_refund_is_an_entry_of_the_ledger_and_brings_its_adjustments() {
    let (mut history, customer, order) = one_order();
    history.pay(order, 3600);
    assert!(row(&history, order).refund_due);
    refund(&mut history, order, 100);
    let detail = detail(&history, order);
    assert_eq!((detail.refunds[0].amount, detail.totals.balance), (100, 0));
    assert_eq!(detail.adjustments.len(), 1);
    assert!(!row(&history, order).refund_due);
    let lifetime = &customer_document(&history, customer).lifetime[0];
    assert_eq!(lifetime.totals.refunds, 100);
}

#[test]
fn the_newest_notes_and_facts_are_kept_and_all_are_counted() {
    let (mut history, _, order) = one_order();
    for number in 0..NOTES_MAX + 5 {
        note(&mut history, order, &format!("note {number}"));
    }
    for _ in 0..FACTS_MAX + 3 {
        history.pay(order, 1);
    }
    let detail = detail(&history, order);
    assert_eq!(detail.notes.len(), NOTES_MAX);
    assert_eq!(
        in_plain(&history, &detail.notes[0].personal),
        said("note 5")
    );
    assert_eq!(detail.note_count, 25);
    assert_eq!(detail.payments.len(), FACTS_MAX);
    assert_eq!(detail.totals.payments, 203);
}
