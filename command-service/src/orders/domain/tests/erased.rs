//! Orders of an erased customer: open ones go on, and nothing personal or new is written.

use super::*;

fn erased(order: &Order, command: &OrderCommand) -> Result<Vec<OrderEvent>, OrderError> {
    order.decide(command, &with_customer(CustomerStanding::Erased))
}

fn placed() -> Order {
    given([place_with(vec![line(3, 100)], |place| {
        place.lines[0].tax = rate("0.1");
    })])
}

fn repriced(unit_price: i64) -> OrderCommand {
    amend(|it| {
        it.lines = vec![AmendLine {
            line: 1,
            unit_price: Some(unit_price),
            ..AmendLine::default()
        }];
    })
}

#[test]
fn its_drafts_can_only_be_discarded() {
    let order = given([draft(vec![line(1, 100)])]);
    for command in [
        change_draft(|it| it.digital = Some(true)),
        update(|it| it.tags = Some(vec!["x".to_owned()])),
        place_draft(),
        note("x"),
    ] {
        assert_eq!(erased(&order, &command), Err(OrderError::CustomerErased));
    }
    assert_eq!(
        erased(&Order::initial(), &draft(vec![line(1, 100)])),
        Err(OrderError::CustomerErased)
    );
    assert!(erased(&order, &OrderCommand::DiscardDraft).is_ok());
}

#[test]
fn open_orders_go_on() {
    let order = placed();
    for command in [
        pay("P", 330),
        confirm(),
        cancel(&[(1, 1)]),
        want(1, 1),
        repriced(90),
        amend(|it| it.adjustments = vec![adjustment(AdjustmentKind::Fee, 500)]),
        update(|it| it.tags = Some(vec!["x".to_owned()])),
    ] {
        assert!(erased(&order, &command).is_ok(), "{command:?}");
    }
}

#[test]
fn nothing_may_raise_the_value_of_a_line_or_the_tax_on_it() {
    let order = placed();
    let taxed_more = amend(|it| {
        it.lines = vec![AmendLine {
            line: 1,
            unit_price: Some(99),
            tax: Some(rate("0.2")),
            ..AmendLine::default()
        }];
    });
    for command in [
        repriced(101),
        want(1, 4),
        taxed_more,
        amend(|it| it.new_lines = vec![line(1, 1)]),
        amend(|it| it.ship_to = Some(address("Paris"))),
    ] {
        assert_eq!(erased(&order, &command), Err(OrderError::CustomerErased));
    }
}

#[test]
fn free_text_is_dropped_and_counts_as_absent() {
    let order = placed();
    let events = erased(&order, &hold(HoldReason::Fraud, Some("by phone"))).unwrap();
    let OrderFact::Held(held) = &events[0].fact else {
        panic!("no hold")
    };
    assert_eq!(held.personal.as_plain().unwrap().note, None);
    let order = after(order, &events);
    for note in [Some("something else"), None] {
        assert_eq!(
            erased(&order, &hold(HoldReason::Fraud, note)),
            Ok(vec![]),
            "the same reason is a repetition"
        );
    }
    assert_eq!(erased(&order, &note("x")), Err(OrderError::CustomerErased));
    let mut cancelling = cancel(&[]);
    if let OrderCommand::Cancel(cancel) = &mut cancelling {
        cancel.note = Some("by phone".to_owned());
    }
    let events = erased(&order, &cancelling).unwrap();
    let OrderFact::Cancelled(cancelled) = &events[0].fact else {
        panic!("not cancelled")
    };
    assert_eq!(cancelled.personal.as_plain().unwrap().note, None);
}
