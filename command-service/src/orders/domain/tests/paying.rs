//! Payments.

use orderfold_events::order::PaymentStatus;

use super::*;

#[test]
fn a_payment_lowers_the_balance() {
    let order = given([place(vec![line(2, 100)])]);
    let events = when(&order, &pay("P", 50)).unwrap();
    assert_eq!(names(&events), ["payment_recorded"]);
    assert_eq!(events[0].change.totals.payments, 50);
    assert_eq!(events[0].change.totals.balance, -50);
    assert_eq!(
        events[0].summary.payment_status,
        PaymentStatus::PartiallyPaid
    );
    assert_eq!(events[0].summary.lifecycle, Lifecycle::Placed);
}

#[test]
fn an_overpayment_is_recorded_and_flagged() {
    let order = given([place(vec![line(2, 100)]), pay("P", 200), pay("Q", 1)]);
    assert_eq!(summary(&order).payment_status, PaymentStatus::Overpaid);
    assert_eq!(summary(&order).totals.balance, -1);
}

#[test]
fn the_last_payment_completes_what_has_arrived() {
    let order = given([
        place_with(vec![line(1, 100)], |place| {
            place.terms = Terms::OnAccount;
        }),
        ship("S", &[]),
        deliver("D", &[]),
        pay("P", 40),
    ]);
    assert_eq!(lifecycle(&order), Lifecycle::Confirmed);
    assert_eq!(
        outcome(&order, &pay("Q", 60)),
        ["payment_recorded", "completed"]
    );
}

#[test]
fn every_state_takes_payments() {
    let cancelled = given([place(vec![line(1, 100)]), cancel(&[])]);
    assert_eq!(outcome(&cancelled, &pay("P", 5)), ["payment_recorded"]);
    let completed = given([
        place(vec![line(1, 100)]),
        pay("P", 100),
        ship("S", &[]),
        deliver("D", &[]),
    ]);
    assert_eq!(outcome(&completed, &pay("Q", 5)), ["payment_recorded"]);
}

#[test]
fn the_same_payment_again_changes_nothing_and_another_under_its_reference_is_refused() {
    let order = given([place(vec![line(2, 100)]), pay("P", 50)]);
    assert_eq!(when(&order, &pay("P", 50)), Ok(vec![]));
    assert_eq!(
        refusal(&order, &pay("P", 51)),
        OrderError::ReferenceReused {
            reference: "P".to_owned()
        }
    );
    // A repetition is one, whatever became of the order and whenever it is said to have happened.
    let order = after(order.clone(), &when(&order, &cancel(&[])).unwrap());
    assert_eq!(
        when(&order, &backdated(pay("P", 50), PLACED_AT - 1)),
        Ok(vec![])
    );
}

#[test]
fn a_reference_is_unique_within_its_kind_only() {
    let order = given([place(vec![line(2, 100)]), pay("X", 200)]);
    assert_eq!(
        outcome(&order, &ship("X", &[])),
        ["confirmed", "shipment_recorded"]
    );
}

#[test]
fn a_payment_before_placing_is_refused() {
    let order = given([place(vec![line(2, 100)])]);
    assert!(matches!(
        refusal(&order, &backdated(pay("P", 1), PLACED_AT - 1)),
        OrderError::OccurredBeforePlacing { .. }
    ));
}

#[test]
fn a_clock_that_is_behind_does_not_turn_now_into_before_placing() {
    let order = given([place(vec![line(2, 100)])]);
    let behind = at(PLACED_AT - 5);
    let command = pay("P", 1);
    let circumstances = Circumstances {
        now: behind,
        ..usual()
    };
    assert!(order.decide(&command, &circumstances).is_ok());
    assert_eq!(order.occurred_at(&command, behind), at(PLACED_AT));
    assert_eq!(order.occurred_at(&command, at(NOW)), at(NOW));
    let backdated = backdated(command, PLACED_AT + 7);
    assert_eq!(order.occurred_at(&backdated, at(NOW)), at(PLACED_AT + 7));
}
