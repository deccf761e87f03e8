//! Amendments as a whole: what they record, what they need, and how they end an order.

use orderfold_events::order::{Amended, Change};

use super::*;

fn amended(event: &OrderEvent) -> &Amended {
    match &event.fact {
        OrderFact::Amended(amended) => amended,
        other => panic!("{other:?} is no amendment"),
    }
}

fn fee(amount: i64) -> OrderCommand {
    amend(|it| it.adjustments = vec![adjustment(AdjustmentKind::Fee, amount)])
}

#[test]
fn new_lines_and_adjustments_go_on_in_the_numbering() {
    let order = given([place_with(vec![line(1, 100), line(1, 50)], |place| {
        place.adjustments = vec![adjustment(AdjustmentKind::Shipping, 5)];
    })]);
    let events = when(
        &order,
        &amend(|it| {
            it.new_lines = vec![line(2, 10), line(1, 7)];
            it.adjustments = vec![adjustment(AdjustmentKind::Fee, 3)];
        }),
    )
    .unwrap();
    assert_eq!(names(&events), ["amended"]);
    let amended = amended(&events[0]);
    let lines: Vec<_> = amended.lines.iter().map(|line| line.line).collect();
    assert_eq!((lines, amended.adjustments[0].number), (vec![3, 4], 2));
    let change = &events[0].change;
    assert_eq!(
        (
            change.totals.units,
            change.totals.gross_sales,
            change.totals.adjustments
        ),
        (3, 27, 3)
    );
    assert_eq!(change.lines.len(), 2);
}

#[test]
fn an_amendment_that_changes_nothing_is_no_event_in_whatever_state() {
    let unchanged = amend(|it| {
        it.lines = vec![AmendLine {
            line: 1,
            quantity: Some(2),
            unit_price: Some(100),
            discount: Some(0),
            tax: Some(rate("0")),
        }];
        it.ship_to = Some(address("Henderson"));
    });
    let placed = || vec![place(vec![line(2, 100)]), pay("P", 200)];
    let completed = given([placed(), vec![ship("S", &[]), deliver("D", &[])]].concat());
    for order in [given(placed()), completed] {
        assert_eq!(when(&order, &unchanged), Ok(vec![]));
    }
    let cancelled = given([placed(), vec![cancel(&[])]].concat());
    assert_eq!(when(&cancelled, &want(1, 0)), Ok(vec![]));
}

#[test]
fn an_ended_order_takes_adjustments_alone() {
    let cancelled = given([place(vec![line(2, 100)]), cancel(&[])]);
    let completed = given([
        place(vec![line(2, 100)]),
        pay("P", 200),
        ship("S", &[]),
        deliver("D", &[]),
    ]);
    for order in [cancelled, completed] {
        let before = lifecycle(&order);
        let events = when(&order, &fee(30)).unwrap();
        assert_eq!(names(&events), ["amended"]);
        assert_eq!(events[0].summary.lifecycle, before);
        assert_eq!(events[0].summary.totals.balance, 30);
        for command in [
            amend(|it| it.new_lines = vec![line(1, 1)]),
            amend(|it| it.ship_to = Some(address("Paris"))),
            want(1, 1),
        ] {
            assert_eq!(
                refusal(&order, &command),
                OrderError::WrongState { lifecycle: before }
            );
        }
    }
}

#[test]
fn an_amendment_that_cancels_the_last_unit_cancels_the_order_and_voids_its_own_fee() {
    let order = given([place_with(vec![line(2, 100)], |place| {
        place.adjustments = vec![adjustment(AdjustmentKind::Shipping, 5)];
    })]);
    let events = when(
        &order,
        &amend(|it| {
            it.reason = AmendReason::Stock;
            it.lines = vec![AmendLine {
                line: 1,
                quantity: Some(0),
                ..AmendLine::default()
            }];
            it.adjustments = vec![adjustment(AdjustmentKind::Fee, 30)];
        }),
    )
    .unwrap();
    assert_eq!(names(&events), ["amended", "cancelled"]);
    assert_eq!(events[0].change.totals.cancellations, 200);
    assert_eq!(events[0].change.totals.adjustments, -5);
    assert_eq!(events[0].change.totals.total_sales, -205);
    let OrderFact::Cancelled(cancelled) = &events[1].fact else {
        panic!("not cancelled")
    };
    assert_eq!(
        (cancelled.reason, cancelled.lines.len()),
        (CancelReason::Stock, 0)
    );
    assert_eq!(events[1].change, Change::default());
    let order = after(order, &events);
    assert_eq!(lifecycle(&order), Lifecycle::Cancelled);
    // The fee has its number for good.
    let later = when(&order, &fee(7)).unwrap();
    assert_eq!(amended(&later[0]).adjustments[0].number, 3);
    assert_eq!(later[0].summary.totals.total_sales, 7);
}

#[test]
fn an_amendment_completes_what_has_arrived() {
    let order = given([
        place(vec![line(3, 100)]),
        pay("P", 300),
        ship("S", &[(1, 2)]),
        deliver("D", &[]),
    ]);
    assert_eq!(outcome(&order, &want(1, 2)), ["amended", "completed"]);
    let unpaid = given([
        place_with(vec![line(1, 100)], |place| place.terms = Terms::OnAccount),
        ship("S", &[]),
        deliver("D", &[]),
    ]);
    let write_off = amend(|it| it.adjustments = vec![adjustment(AdjustmentKind::WriteOff, -100)]);
    assert_eq!(outcome(&unpaid, &write_off), ["amended", "completed"]);
}

#[test]
fn a_total_below_zero_or_beyond_the_bound_is_refused() {
    let order = given([place(vec![line(1, 100)])]);
    assert_eq!(
        refusal(&order, &fee(-101)),
        OrderError::TotalNegative { total_sales: -1 }
    );
    assert_eq!(outcome(&order, &fee(-100)), ["amended"]);
    let huge = amend(|it| it.new_lines = vec![line(1_000_000, 1_000_000)]);
    assert!(matches!(
        refusal(&order, &huge),
        OrderError::TotalTooLarge { .. }
    ));
}

#[test]
fn addresses_are_replaced_and_the_same_one_is_no_change() {
    let order = given([place(vec![line(1, 100)])]);
    let to_paris = amend(|it| it.ship_to = Some(address("Paris")));
    let events = when(&order, &to_paris).unwrap();
    assert_eq!(
        amended(&events[0]).personal.as_plain().unwrap().ship_to,
        Some(address("Paris"))
    );
    assert_eq!(events[0].change, Change::default());
    assert_eq!(when(&after(order, &events), &to_paris), Ok(vec![]));
}

#[test]
fn more_lines_or_adjustments_than_the_limit_are_refused() {
    let order = given([place_with(vec![line(1, 1); 499], |place| {
        place.adjustments = vec![adjustment(AdjustmentKind::Fee, 1); 199];
    })]);
    let lines = |count| amend(|it| it.new_lines = vec![line(1, 1); count]);
    assert_eq!(
        refusal(&order, &lines(2)),
        OrderError::TooManyLines { limit: 500 }
    );
    assert_eq!(outcome(&order, &lines(1)), ["amended"]);
    let fees = |count| amend(|it| it.adjustments = vec![adjustment(AdjustmentKind::Fee, 1); count]);
    assert_eq!(
        refusal(&order, &fees(2)),
        OrderError::TooManyAdjustments { limit: 200 }
    );
    assert_eq!(outcome(&order, &fees(1)), ["amended"]);
}
