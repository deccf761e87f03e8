//! Placing an order.

use orderfold_events::order::{AdjustmentKind, Change, OrderFact, Totals};

use super::*;
use crate::orders::domain::LineRule;

#[test]
fn a_placed_order_books_every_figure_at_once() {
    let command = place_with(vec![line(2, 13098), line(1, 500)], |place| {
        place.lines[0].tax = rate("0.08");
        place.lines[1].discount = 100;
        place.adjustments = vec![adjustment(AdjustmentKind::Shipping, 599)];
    });
    let events = when(&Order::initial(), &command).unwrap();
    assert_eq!(names(&events), ["placed"]);
    let expected = Totals {
        units: 3,
        gross_sales: 26696,
        discounts: 100,
        net_sales: 26596,
        adjustments: 599,
        taxes: 2096,
        total_sales: 29291,
        balance: 29291,
        ..Totals::default()
    };
    assert_eq!(events[0].summary.totals, expected);
    assert_eq!(events[0].change.totals, expected);
    let lines: Vec<_> = events[0]
        .change
        .lines
        .iter()
        .map(|change| (change.line, change.units, change.net, change.tax))
        .collect();
    assert_eq!(lines, [(1, 2, 26196, 2096), (2, 1, 400, 0)]);
}

#[test]
fn an_order_is_placed_when_it_occurred_not_when_it_was_recorded() {
    let events = when(&Order::initial(), &place(vec![line(1, 100)])).unwrap();
    assert_eq!(events[0].summary.placed_at, Some(at(PLACED_AT)));
    let live = place_with(vec![line(1, 100)], |place| place.occurred_at = None);
    let events = when(&Order::initial(), &live).unwrap();
    assert_eq!(events[0].summary.placed_at, Some(at(NOW)));
}

#[test]
fn an_order_without_lines_is_refused() {
    assert_eq!(
        refusal(&Order::initial(), &place(vec![])),
        OrderError::NoLines
    );
}

#[test]
fn only_a_digital_order_goes_without_a_shipping_address() {
    let nowhere = |digital| {
        place_with(vec![line(1, 100)], |place| {
            place.personal = OrderPersonal::default();
            place.digital = digital;
        })
    };
    assert_eq!(
        refusal(&Order::initial(), &nowhere(false)),
        OrderError::ShippingAddressRequired
    );
    assert_eq!(outcome(&Order::initial(), &nowhere(true)), ["placed"]);
}

#[test]
fn a_total_below_zero_is_refused_and_one_of_zero_is_not() {
    let with_voucher = |amount| {
        place_with(vec![line(1, 100)], |place| {
            place.adjustments = vec![adjustment(AdjustmentKind::Credit, amount)];
        })
    };
    assert_eq!(
        refusal(&Order::initial(), &with_voucher(-101)),
        OrderError::TotalNegative { total_sales: -1 }
    );
    assert_eq!(outcome(&Order::initial(), &with_voucher(-100)), ["placed"]);
}

#[test]
fn a_total_beyond_the_bound_is_refused_and_one_at_it_is_not() {
    let costing = |unit_price| place(vec![line(1_000_000, unit_price)]);
    assert_eq!(outcome(&Order::initial(), &costing(1_000_000)), ["placed"]);
    let too_large = OrderError::TotalTooLarge {
        limit: 1_000_000_000_000,
    };
    assert_eq!(refusal(&Order::initial(), &costing(1_000_001)), too_large);
    assert_eq!(
        refusal(
            &Order::initial(),
            &place(vec![line(1_000_000, 1_000_000_000_000); 500])
        ),
        too_large
    );
    // A discount does not hide a gross that would break the sums of reports.
    let given_away = place_with(vec![line(1_000_000, 1_000_001)], |place| {
        place.lines[0].discount = 1_000_001_000_000;
    });
    assert_eq!(refusal(&Order::initial(), &given_away), too_large);
}

#[test]
fn a_line_that_cannot_be_is_refused_by_its_number() {
    type Spoil = fn(&mut NewLine);
    let cases: [(Spoil, LineRule); 9] = [
        (|line| line.quantity = 0, LineRule::Quantity),
        (|line| line.quantity = 1_000_001, LineRule::Quantity),
        (|line| line.unit_price = -1, LineRule::UnitPrice),
        (|line| line.discount = -1, LineRule::Discount),
        (|line| line.discount = 301, LineRule::Discount),
        (|line| line.tax = LineTax::Amount(-1), LineRule::Tax),
        (
            |line| line.tax = LineTax::Amount(1_000_000_000_001),
            LineRule::Tax,
        ),
        (
            |line| line.tax = LineTax::Amount(301),
            LineRule::TaxAboveValue,
        ),
        (
            |line| {
                line.discount = 300;
                line.tax = LineTax::Amount(1);
            },
            LineRule::TaxWithoutValue,
        ),
    ];
    for (spoil, rule) in cases {
        let command = place_with(vec![line(1, 100), line(3, 100)], |place| {
            place.prices_include_tax = true;
            spoil(&mut place.lines[1]);
        });
        assert_eq!(
            refusal(&Order::initial(), &command),
            OrderError::InvalidLine { line: 2, rule }
        );
    }
}

#[test]
fn tax_on_top_may_exceed_the_value_of_a_line() {
    let command = place_with(vec![line(1, 100)], |place| {
        place.lines[0].tax = LineTax::Amount(300);
    });
    let events = when(&Order::initial(), &command).unwrap();
    assert_eq!(events[0].summary.totals.total_sales, 400);
}

#[test]
fn only_an_active_customer_places() {
    let command = place(vec![line(1, 100)]);
    for (standing, refusal) in [
        (CustomerStanding::Blocked, OrderError::CustomerBlocked),
        (CustomerStanding::Erased, OrderError::CustomerErased),
    ] {
        assert_eq!(
            Order::initial().decide(&command, &with_customer(standing)),
            Err(refusal)
        );
    }
}

#[test]
fn placing_what_was_placed_changes_nothing() {
    let again = place(vec![line(1, 100)]);
    let placed = given([again.clone()]);
    assert_eq!(when(&placed, &again), Ok(vec![]));
    let cancelled = given([again.clone(), cancel(&[])]);
    assert_eq!(when(&cancelled, &again), Ok(vec![]));
}

#[test]
fn an_order_that_does_not_exist_takes_nothing_but_placing() {
    for command in [
        cancel(&[]),
        pay("P", 1),
        ship("S", &[]),
        deliver("D", &[]),
        give_back("B", &[(1, 1)]),
        refund("R", 1),
        change_draft(|_| {}),
        OrderCommand::DiscardDraft,
        place_draft(),
        confirm(),
        hold(HoldReason::Fraud, None),
        release(None),
        want(1, 1),
        update(|_| {}),
        note("x"),
    ] {
        assert_eq!(refusal(&Order::initial(), &command), OrderError::NotFound);
    }
}

#[test]
fn a_fold_that_starts_in_the_middle_stays_without_an_order() {
    let order = given([place(vec![line(1, 100)])]);
    let events = when(&order, &pay("P", 100)).unwrap();
    assert_eq!(after(Order::initial(), &events), Order::initial());
}

#[test]
fn lines_and_adjustments_are_numbered_from_one() {
    let command = place_with(vec![line(1, 100), line(1, 200)], |place| {
        place.adjustments = vec![
            adjustment(AdjustmentKind::Shipping, 5),
            adjustment(AdjustmentKind::Fee, 7),
        ];
    });
    let events = when(&Order::initial(), &command).unwrap();
    let OrderFact::Placed(placed) = &events[0].fact else {
        panic!("no placed event")
    };
    let lines: Vec<_> = placed.lines.iter().map(|line| line.line).collect();
    let adjustments: Vec<_> = placed.adjustments.iter().map(|it| it.number).collect();
    assert_eq!((lines, adjustments), (vec![1, 2], vec![1, 2]));
}

#[test]
fn what_follows_of_itself_changes_no_figure() {
    let order = given([place(vec![line(1, 100)]), pay("P", 100)]);
    let events = when(&order, &ship("S", &[])).unwrap();
    assert_eq!(names(&events), ["confirmed", "shipment_recorded"]);
    assert_eq!(events[0].change, Change::default());
    let order = after(order, &events);
    let events = when(&order, &deliver("D", &[])).unwrap();
    assert_eq!(names(&events), ["delivery_recorded", "completed"]);
    assert_eq!(events[1].change, Change::default());
}
