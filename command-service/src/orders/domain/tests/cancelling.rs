//! Cancelling an order, or some of its units.

use orderfold_events::order::AdjustmentKind;

use super::*;

#[test]
fn cancelling_the_whole_order_voids_everything() {
    let order = given([place_with(vec![line(2, 100), line(1, 50)], |place| {
        place.lines[0].tax = rate("0.2");
        place.adjustments = vec![NewAdjustment {
            tax_rate: "0.2".parse().unwrap(),
            ..adjustment(AdjustmentKind::Shipping, 10)
        }];
    })]);
    let events = when(&order, &cancel(&[])).unwrap();
    assert_eq!(names(&events), ["cancelled"]);
    let totals = events[0].summary.totals;
    assert_eq!((totals.cancellations, totals.net_sales), (250, 0));
    assert_eq!(
        (totals.adjustments, totals.taxes, totals.total_sales),
        (0, 0, 0)
    );
    assert_eq!(events[0].change.totals.adjustments, -10);
    assert_eq!(events[0].change.totals.taxes, -42);
    assert_eq!(totals.units, 3, "units count what was ordered");
}

#[test]
fn the_last_unit_takes_the_order_with_it() {
    let order = given([place(vec![line(2, 100), line(1, 50)]), cancel(&[(1, 2)])]);
    assert_eq!(lifecycle(&order), Lifecycle::Placed);
    assert_eq!(outcome(&order, &cancel(&[(2, 1)])), ["cancelled"]);
}

#[test]
fn some_units_are_cancelled_and_the_others_stay() {
    let order = given([place(vec![line(3, 100)])]);
    let events = when(&order, &cancel(&[(1, 1)])).unwrap();
    assert_eq!(names(&events), ["items_cancelled"]);
    assert_eq!(events[0].summary.totals.cancellations, 100);
    assert_eq!(events[0].summary.totals.balance, 200);
    assert_eq!(events[0].change.lines[0].net, -100);
}

#[test]
fn a_cancelled_order_is_cancelled_again_without_an_event() {
    let order = given([place(vec![line(2, 100)]), cancel(&[])]);
    assert_eq!(when(&order, &cancel(&[])), Ok(vec![]));
    assert_eq!(when(&order, &cancel(&[(1, 2)])), Ok(vec![]));
    assert_eq!(
        when(&order, &cancel_as(Requester::Customer, &[])),
        Ok(vec![])
    );
    assert_eq!(
        refusal(&order, &cancel(&[(2, 1)])),
        OrderError::LineNotFound { line: 2 }
    );
}

#[test]
fn a_shipped_order_cannot_be_cancelled() {
    let order = given([place(vec![line(1, 100)]), pay("P", 100), ship("S", &[])]);
    assert_eq!(refusal(&order, &cancel(&[])), OrderError::AlreadyShipped);
    let order = after(order.clone(), &when(&order, &deliver("D", &[])).unwrap());
    assert_eq!(lifecycle(&order), Lifecycle::Completed);
    assert_eq!(refusal(&order, &cancel(&[])), OrderError::AlreadyShipped);
}

#[test]
fn cancelling_without_lines_takes_what_is_open_also_where_some_is_shipped() {
    let order = given([
        place(vec![line(3, 100)]),
        pay("P", 300),
        ship("S", &[(1, 2)]),
    ]);
    let events = when(&order, &cancel(&[])).unwrap();
    assert_eq!(names(&events), ["items_cancelled"]);
    let order = after(order, &events);
    // Nothing is open and some was cancelled: that is what was asked for.
    assert_eq!(when(&order, &cancel(&[])), Ok(vec![]));
}

#[test]
fn cancelling_the_last_open_unit_completes_what_has_arrived() {
    let order = given([
        place(vec![line(3, 100)]),
        pay("P", 300),
        ship("S", &[(1, 2)]),
        deliver("D", &[]),
    ]);
    let events = when(&order, &cancel(&[])).unwrap();
    assert_eq!(names(&events), ["items_cancelled", "completed"]);
    assert_eq!(events[1].summary.totals.balance, -100);
}

#[test]
fn no_more_than_the_open_units_can_be_cancelled() {
    let order = given([
        place(vec![line(3, 100)]),
        pay("P", 300),
        ship("S", &[(1, 2)]),
    ]);
    assert_eq!(
        refusal(&order, &cancel(&[(1, 2)])),
        OrderError::TooManyUnits {
            line: 1,
            requested: 2,
            available: 1
        }
    );
}

#[test]
fn a_customer_cancels_only_what_is_not_taken_on_yet() {
    let order = given([place(vec![line(3, 100)])]);
    let by_customer = cancel_as(Requester::Customer, &[]);
    assert_eq!(outcome(&order, &by_customer), ["cancelled"]);
    let order = given([
        place(vec![line(3, 100)]),
        pay("P", 300),
        ship("S", &[(1, 1)]),
    ]);
    assert_eq!(
        refusal(&order, &by_customer),
        OrderError::WrongState {
            lifecycle: Lifecycle::Confirmed
        }
    );
    assert_eq!(outcome(&order, &cancel(&[])), ["items_cancelled"]);
}

#[test]
fn a_voucher_larger_than_what_stays_is_reversed() {
    let order = given([place_with(vec![line(2, 100)], |place| {
        place.adjustments = vec![adjustment(AdjustmentKind::Credit, -150)];
    })]);
    let events = when(&order, &cancel(&[(1, 1)])).unwrap();
    assert_eq!(names(&events), ["items_cancelled"]);
    let [reversal] = adjustments_of(&events[0]) else {
        panic!("no reversal")
    };
    assert_eq!(reversal.kind, AdjustmentKind::Reversal);
    assert_eq!((reversal.number, reversal.amount, reversal.tax), (2, 50, 0));
    assert_eq!(events[0].summary.totals.total_sales, 0);
    // The numbers go on after a reversal.
    let order = after(order, &events);
    let order = after(order.clone(), &when(&order, &ship("S", &[])).unwrap());
    let events = when(
        &order,
        &give_back_with("B", &[(1, 1)], |it| {
            it.adjustments = vec![adjustment(AdjustmentKind::Fee, 7)];
        }),
    )
    .unwrap();
    let numbers: Vec<_> = adjustments_of(&events[0])
        .iter()
        .map(|it| it.number)
        .collect();
    assert_eq!(numbers, [3, 4]);
}

#[test]
fn a_reversal_first_makes_up_for_negative_tax() {
    let order = given([place_with(vec![line(2, 100)], |place| {
        place.lines[0].tax = rate("0.1");
        place.adjustments = vec![NewAdjustment {
            tax_rate: "0.2".parse().unwrap(),
            ..adjustment(AdjustmentKind::Credit, -150)
        }];
    })]);
    // 100 + 10 of tax stay; the voucher takes 150 and 30 of tax.
    let events = when(&order, &cancel(&[(1, 1)])).unwrap();
    let [reversal] = adjustments_of(&events[0]) else {
        panic!("no reversal")
    };
    assert_eq!((reversal.tax, reversal.net, reversal.amount), (20, 50, 50));
    let totals = events[0].summary.totals;
    assert_eq!(
        (totals.taxes, totals.adjustments, totals.total_sales),
        (0, -100, 0)
    );
}

#[test]
fn a_payment_for_what_was_cancelled_is_owed_back() {
    let order = given([place(vec![line(2, 100)]), pay("P", 200), cancel(&[])]);
    assert_eq!(lifecycle(&order), Lifecycle::Cancelled);
    assert_eq!(summary(&order).totals.balance, -200);
}

#[test]
fn nothing_is_cancelled_before_it_was_placed() {
    let order = given([place(vec![line(2, 100)])]);
    assert_eq!(
        refusal(&order, &backdated(cancel(&[]), PLACED_AT - 1)),
        OrderError::OccurredBeforePlacing {
            placed_at: at(PLACED_AT),
            occurred_at: at(PLACED_AT - 1)
        }
    );
    assert_eq!(
        outcome(&order, &backdated(cancel(&[]), PLACED_AT)),
        ["cancelled"]
    );
}
