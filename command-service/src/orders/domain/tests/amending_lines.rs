//! Amendments line by line: units wanted, and prices while nothing is under way.

use orderfold_events::order::{LineChange, Totals};

use super::*;
use crate::orders::domain::LineRule;

fn revise(change: impl FnOnce(&mut AmendLine)) -> OrderCommand {
    let mut entry = AmendLine {
        line: 1,
        ..AmendLine::default()
    };
    change(&mut entry);
    amend(|it| it.lines = vec![entry])
}

#[test]
fn fewer_units_cancel_the_difference() {
    let order = given([
        place(vec![line(5, 100)]),
        pay("P", 500),
        cancel(&[(1, 1)]),
        ship("S", &[(1, 1)]),
    ]);
    let events = when(&order, &want(1, 2)).unwrap();
    let OrderFact::Amended(amended) = &events[0].fact else {
        panic!("not amended")
    };
    assert!(amended.lines.is_empty());
    assert_eq!(
        amended.cancelled,
        [LineQuantity {
            line: 1,
            quantity: 2
        }]
    );
    assert_eq!(events[0].change.totals.cancellations, 200);
    assert_eq!(
        refusal(&order, &want(1, 0)),
        OrderError::TooManyUnits {
            line: 1,
            requested: 4,
            available: 3
        }
    );
}

#[test]
fn more_units_are_ordered_anew_with_all_their_figures() {
    let order = given([place_with(vec![line(2, 100)], |place| {
        place.lines[0].discount = 20;
        place.lines[0].tax = rate("0.1");
    })]);
    let events = when(&order, &want(1, 3)).unwrap();
    let expected = Totals {
        units: 1,
        gross_sales: 100,
        net_sales: 100,
        taxes: 10,
        total_sales: 110,
        balance: 110,
        ..Totals::default()
    };
    assert_eq!(events[0].change.totals, expected);
    assert_eq!(
        events[0].change.lines,
        [LineChange {
            line: 1,
            sku: "SKU-100".to_owned(),
            units: 1,
            net: 100,
            tax: 10
        }]
    );
}

#[test]
fn another_price_or_discount_books_the_difference() {
    let order = given([place(vec![line(2, 100)])]);
    let events = when(
        &order,
        &revise(|it| {
            it.unit_price = Some(90);
            it.discount = Some(30);
        }),
    )
    .unwrap();
    let change = events[0].change.totals;
    assert_eq!(
        (
            change.units,
            change.gross_sales,
            change.discounts,
            change.net_sales
        ),
        (0, -20, 30, -50)
    );
}

#[test]
fn a_line_with_units_cancelled_shipped_or_returned_is_neither_raised_nor_priced_anew() {
    let paid = || vec![place(vec![line(3, 100)]), pay("P", 300)];
    let touched = [
        given([paid(), vec![cancel(&[(1, 1)])]].concat()),
        given([paid(), vec![ship("S", &[(1, 1)])]].concat()),
        given(
            [
                paid(),
                vec![ship("S", &[(1, 1)]), give_back("B", &[(1, 1)])],
            ]
            .concat(),
        ),
    ];
    for order in touched {
        for command in [want(1, 4), revise(|it| it.unit_price = Some(90))] {
            assert_eq!(
                refusal(&order, &command),
                OrderError::LineUnderWay { line: 1 }
            );
        }
    }
}

#[test]
fn one_entry_does_not_lower_a_quantity_and_change_its_price() {
    let order = given([place(vec![line(3, 100)])]);
    let both = |unit_price| {
        revise(|it| {
            it.quantity = Some(2);
            it.unit_price = Some(unit_price);
        })
    };
    assert_eq!(
        refusal(&order, &both(90)),
        OrderError::LoweredAndRepriced { line: 1 }
    );
    assert_eq!(
        outcome(&order, &both(100)),
        ["amended"],
        "repeating the present price is no change"
    );
}

#[test]
fn a_line_taxed_by_amount_needs_its_new_tax() {
    let order = given([place_with(vec![line(2, 100)], |place| {
        place.lines[0].tax = LineTax::Amount(20);
    })]);
    for command in [
        want(1, 3),
        revise(|it| it.unit_price = Some(90)),
        revise(|it| it.discount = Some(10)),
    ] {
        assert_eq!(
            refusal(&order, &command),
            OrderError::TaxRequired { line: 1 }
        );
    }
    // Lowering shares it, and either way of giving the tax replaces the other.
    assert_eq!(outcome(&order, &want(1, 1)), ["amended"]);
    let by_rate = revise(|it| {
        it.quantity = Some(3);
        it.tax = Some(rate("0.2"));
    });
    let events = when(&order, &by_rate).unwrap();
    assert_eq!(events[0].summary.totals.taxes, 60);
    let order = after(order, &events);
    assert_eq!(
        outcome(&order, &want(1, 4)),
        ["amended"],
        "taxed by rate now"
    );
}

#[test]
fn a_line_that_would_not_be_valid_is_refused() {
    let order = given([place_with(vec![line(2, 100)], |place| {
        place.lines[0].discount = 150;
        place.prices_include_tax = true;
    })]);
    let invalid = |rule| OrderError::InvalidLine { line: 1, rule };
    assert_eq!(
        refusal(&order, &revise(|it| it.unit_price = Some(70))),
        invalid(LineRule::Discount)
    );
    assert_eq!(
        refusal(&order, &revise(|it| it.tax = Some(LineTax::Amount(51)))),
        invalid(LineRule::TaxAboveValue)
    );
    assert_eq!(
        refusal(&order, &amend(|it| it.new_lines = vec![line(0, 1)])),
        OrderError::InvalidLine {
            line: 2,
            rule: LineRule::Quantity
        }
    );
}

#[test]
fn a_line_that_is_not_there_is_refused() {
    let order = given([place(vec![line(2, 100)])]);
    assert_eq!(
        refusal(&order, &want(2, 1)),
        OrderError::LineNotFound { line: 2 }
    );
}
