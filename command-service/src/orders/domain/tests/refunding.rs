//! Refunds: never more than came in, never more than is owed back, unless a bank took it.

use orderfold_events::order::PaymentStatus;

use super::*;

fn overpaid() -> Order {
    given([place(vec![line(2, 100)]), pay("P", 250)])
}

#[test]
fn what_is_owed_back_is_refunded() {
    let events = when(&overpaid(), &refund("R", 50)).unwrap();
    assert_eq!(names(&events), ["refund_recorded"]);
    assert_eq!(events[0].change.totals.refunds, 50);
    assert_eq!(events[0].summary.totals.balance, 0);
    assert_eq!(
        events[0].summary.payment_status,
        PaymentStatus::PartiallyRefunded
    );
}

#[test]
fn a_refund_beyond_what_is_owed_is_refused_unless_a_bank_took_it() {
    let order = overpaid();
    assert_eq!(
        refusal(&order, &refund("R", 51)),
        OrderError::RefundExceedsDue {
            requested: 51,
            available: 50
        }
    );
    for reason in [RefundReason::Chargeback, RefundReason::Reversal] {
        let taken = refund_with("R", 250, |it| it.reason = reason);
        assert_eq!(outcome(&order, &taken), ["refund_recorded"]);
    }
}

#[test]
fn refunds_never_exceed_payments_and_that_is_looked_at_first() {
    let order = overpaid();
    let exceeds = |requested, available| OrderError::RefundExceedsPayments {
        requested,
        available,
    };
    assert_eq!(refusal(&order, &refund("R", 251)), exceeds(251, 250));
    let taken = refund_with("R", 251, |it| it.reason = RefundReason::Chargeback);
    assert_eq!(refusal(&order, &taken), exceeds(251, 250));
    let order = after(order.clone(), &when(&order, &refund("R", 50)).unwrap());
    assert_eq!(refusal(&order, &refund("S", 201)), exceeds(201, 200));
}

#[test]
fn an_adjustment_makes_room_for_a_refund() {
    let order = given([place(vec![line(2, 100)]), pay("P", 200)]);
    let goodwill = refund_with("R", 30, |it| {
        it.adjustments = vec![adjustment(AdjustmentKind::Credit, -30)];
    });
    let events = when(&order, &goodwill).unwrap();
    let totals = events[0].summary.totals;
    assert_eq!(
        (totals.adjustments, totals.total_sales, totals.balance),
        (-30, 170, 0)
    );
    let too_much = refund_with("R", 200, |it| {
        it.adjustments = vec![adjustment(AdjustmentKind::Credit, -201)];
    });
    assert_eq!(
        refusal(&order, &too_much),
        OrderError::TotalNegative { total_sales: -1 }
    );
}

#[test]
fn what_a_refund_names_must_exist() {
    let order = given([
        place(vec![line(2, 100)]),
        pay("P", 200),
        ship("S", &[]),
        give_back("B", &[(1, 1)]),
    ]);
    let naming = |payment: &str, returned: &str| {
        refund_with("R", 100, |it| {
            it.payment = Some(payment.to_owned());
            it.return_reference = Some(returned.to_owned());
        })
    };
    assert_eq!(outcome(&order, &naming("P", "B")), ["refund_recorded"]);
    assert_eq!(
        refusal(&order, &naming("Q", "B")),
        OrderError::PaymentNotFound {
            payment: "Q".to_owned()
        }
    );
    assert_eq!(
        refusal(&order, &naming("P", "C")),
        OrderError::ReturnNotFound {
            returned: "C".to_owned()
        }
    );
}

#[test]
fn the_same_refund_again_changes_nothing_and_another_under_its_reference_is_refused() {
    let order = overpaid();
    let order = after(order.clone(), &when(&order, &refund("R", 50)).unwrap());
    assert_eq!(when(&order, &refund("R", 50)), Ok(vec![]));
    assert_eq!(
        refusal(&order, &refund("R", 49)),
        OrderError::ReferenceReused {
            reference: "R".to_owned()
        }
    );
}

#[test]
fn a_cancelled_and_a_completed_order_give_back_what_is_owed() {
    let cancelled = given([place(vec![line(1, 100)]), pay("P", 100), cancel(&[])]);
    let completed = given([
        place(vec![line(1, 100)]),
        pay("P", 100),
        ship("S", &[]),
        deliver("D", &[]),
        give_back("B", &[(1, 1)]),
    ]);
    for order in [cancelled, completed] {
        let before = lifecycle(&order);
        let events = when(&order, &refund("R", 100)).unwrap();
        assert_eq!(names(&events), ["refund_recorded"]);
        assert_eq!(events[0].summary.lifecycle, before);
        assert_eq!(events[0].summary.payment_status, PaymentStatus::Refunded);
    }
}

#[test]
fn the_two_hundred_and_first_refund_is_refused_unless_it_settles() {
    let mut commands = vec![place(vec![line(1, 0)]), pay("P", 210)];
    commands.extend((0..200).map(|number| refund(&format!("R-{number}"), 1)));
    let order = given(commands);
    assert_eq!(
        refusal(&order, &refund("last", 9)),
        OrderError::TooManyRefunds { limit: 200 }
    );
    assert_eq!(outcome(&order, &refund("last", 10)), ["refund_recorded"]);
}
