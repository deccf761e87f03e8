//! Taking an order on.

use super::*;

fn by_timer() -> OrderCommand {
    OrderCommand::Confirm(Confirm {
        requester: Requester::Timer,
    })
}

fn unpaid_timer() -> OrderCommand {
    cancel_as(Requester::Timer, &[])
}

#[test]
fn an_order_is_confirmed_paid_or_not_held_or_not() {
    let order = given([place(vec![line(1, 100)]), hold(HoldReason::Fraud, None)]);
    assert_eq!(outcome(&order, &confirm()), ["confirmed"]);
}

#[test]
fn what_was_confirmed_is_confirmed_again_without_an_event_whatever_became_of_it() {
    let placed = || vec![place(vec![line(1, 100)]), pay("P", 100)];
    let confirmed = given([placed(), vec![confirm()]].concat());
    let completed = given([placed(), vec![ship("S", &[]), deliver("D", &[])]].concat());
    let cancelled = given([placed(), vec![confirm(), cancel(&[])]].concat());
    for order in [confirmed, completed, cancelled] {
        assert_eq!(when(&order, &confirm()), Ok(vec![]));
    }
}

#[test]
fn what_was_cancelled_before_or_never_placed_is_not_confirmed() {
    let cancelled = given([place(vec![line(1, 100)]), cancel(&[])]);
    let draft = given([draft(vec![line(1, 100)])]);
    for order in [cancelled, draft] {
        let lifecycle = lifecycle(&order);
        assert_eq!(
            refusal(&order, &confirm()),
            OrderError::WrongState { lifecycle }
        );
    }
}

#[test]
fn the_grace_timer_confirms_only_what_is_on_account_or_paid_and_not_held() {
    let unpaid = given([place(vec![line(1, 100)])]);
    assert_eq!(refusal(&unpaid, &by_timer()), OrderError::NotDue);
    let on_account = given([place_with(vec![line(1, 100)], |place| {
        place.terms = Terms::OnAccount;
    })]);
    assert_eq!(outcome(&on_account, &by_timer()), ["confirmed"]);
    let paid = given([place(vec![line(1, 100)]), pay("P", 100)]);
    assert_eq!(outcome(&paid, &by_timer()), ["confirmed"]);
    let held = given([
        place(vec![line(1, 100)]),
        pay("P", 100),
        hold(HoldReason::Fraud, None),
    ]);
    assert_eq!(refusal(&held, &by_timer()), OrderError::NotDue);
}

#[test]
fn the_unpaid_timer_cancels_only_what_is_still_placed_prepaid_and_without_money() {
    let unpaid = given([place(vec![line(1, 100)])]);
    assert_eq!(outcome(&unpaid, &unpaid_timer()), ["cancelled"]);
    let refunded = given([
        place(vec![line(1, 100)]),
        pay("P", 1),
        refund_with("R", 1, |it| {
            it.reason = RefundReason::Chargeback;
        }),
    ]);
    assert_eq!(outcome(&refunded, &unpaid_timer()), ["cancelled"]);
    let spared = [
        given([place(vec![line(1, 100)]), pay("P", 1)]),
        given([place(vec![line(1, 0)])]),
        given([place(vec![line(1, 100)]), confirm()]),
        given([place(vec![line(1, 100)]), hold(HoldReason::Stock, None)]),
        given([place_with(vec![line(1, 100)], |place| {
            place.terms = Terms::OnAccount;
        })]),
    ];
    for order in spared {
        assert_eq!(refusal(&order, &unpaid_timer()), OrderError::NotDue);
    }
}
