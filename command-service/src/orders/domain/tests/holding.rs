//! Holds: they stop shipments and nothing else.

use super::*;

fn paid() -> Vec<OrderCommand> {
    vec![place(vec![line(2, 100)]), pay("P", 200)]
}

fn held(holds: Vec<OrderCommand>) -> Order {
    given([paid(), holds].concat())
}

fn number_of(events: &[OrderEvent]) -> u32 {
    match &events[0].fact {
        OrderFact::Held(held) => held.hold,
        other => panic!("{other:?} is no hold"),
    }
}

#[test]
fn nothing_is_shipped_while_a_hold_is_open() {
    let order = held(vec![
        hold(HoldReason::Fraud, None),
        hold(HoldReason::Stock, None),
    ]);
    assert!(summary(&order).on_hold);
    assert_eq!(refusal(&order, &ship("S", &[])), OrderError::OnHold);
    let order = after(order.clone(), &when(&order, &release(Some(1))).unwrap());
    assert_eq!(refusal(&order, &ship("S", &[])), OrderError::OnHold);
    let order = after(order.clone(), &when(&order, &release(Some(2))).unwrap());
    assert!(!summary(&order).on_hold);
    assert_eq!(
        outcome(&order, &ship("S", &[])),
        ["confirmed", "shipment_recorded"]
    );
}

#[test]
fn a_digital_order_is_not_delivered_while_it_is_held_but_goods_under_way_are() {
    let digital = given([
        place_with(vec![line(1, 100)], |place| place.digital = true),
        pay("P", 100),
        hold(HoldReason::Fraud, None),
    ]);
    assert_eq!(refusal(&digital, &deliver("D", &[])), OrderError::OnHold);
    let shipped = held(vec![ship("S", &[]), hold(HoldReason::Fraud, None)]);
    assert_eq!(
        outcome(&shipped, &deliver("D", &[])),
        ["delivery_recorded", "completed"]
    );
}

#[test]
fn holds_are_numbered_and_never_reuse_a_number() {
    let order = held(vec![]);
    let first = when(&order, &hold(HoldReason::Fraud, None)).unwrap();
    assert_eq!(number_of(&first), 1);
    let order = held(vec![hold(HoldReason::Fraud, None), release(None)]);
    let second = when(&order, &hold(HoldReason::Fraud, None)).unwrap();
    assert_eq!(
        number_of(&second),
        2,
        "the first was released, so it is another"
    );
}

#[test]
fn the_same_reason_and_note_while_open_is_a_repetition_that_knows_its_number() {
    let order = held(vec![
        hold(HoldReason::Fraud, Some("a")),
        hold(HoldReason::Fraud, Some("b")),
        hold(HoldReason::Fraud, None),
    ]);
    for (note, number) in [(Some("a"), 1), (Some("b"), 2), (None, 3)] {
        let again = hold(HoldReason::Fraud, note);
        assert_eq!(when(&order, &again), Ok(vec![]));
        let OrderCommand::Hold(again) = again else {
            panic!("a hold")
        };
        assert_eq!(
            order.open_hold(&again, CustomerStanding::Active),
            Some(number)
        );
    }
    let other = when(&order, &hold(HoldReason::Stock, Some("a"))).unwrap();
    assert_eq!(number_of(&other), 4);
}

#[test]
fn releasing_all_is_one_event_that_lists_the_numbers() {
    let order = held(vec![
        hold(HoldReason::Fraud, None),
        hold(HoldReason::Stock, None),
        release(Some(1)),
        hold(HoldReason::Address, None),
    ]);
    let events = when(&order, &release(None)).unwrap();
    let OrderFact::Released(released) = &events[0].fact else {
        panic!("no release")
    };
    assert_eq!((events.len(), released.holds.as_slice()), (1, &[2, 3][..]));
}

#[test]
fn what_is_not_held_is_released_without_an_event_and_an_unknown_hold_is_refused() {
    let order = held(vec![hold(HoldReason::Fraud, None), release(None)]);
    assert_eq!(when(&order, &release(None)), Ok(vec![]));
    assert_eq!(when(&order, &release(Some(1))), Ok(vec![]));
    assert_eq!(
        refusal(&order, &release(Some(2))),
        OrderError::HoldNotFound { hold: 2 }
    );
    let draft = given([draft(vec![line(1, 1)])]);
    assert_eq!(when(&draft, &release(None)), Ok(vec![]));
    assert_eq!(
        refusal(&draft, &release(Some(1))),
        OrderError::HoldNotFound { hold: 1 }
    );
}

#[test]
fn the_end_of_an_order_closes_its_holds_without_an_event_of_their_own() {
    let cancelled = held(vec![hold(HoldReason::Fraud, None), cancel(&[])]);
    let completed = held(vec![
        ship("S", &[]),
        hold(HoldReason::Fraud, None),
        deliver("D", &[]),
    ]);
    for order in [cancelled, completed] {
        assert!(!summary(&order).on_hold);
        assert_eq!(when(&order, &release(Some(1))), Ok(vec![]));
        let lifecycle = lifecycle(&order);
        assert_eq!(
            refusal(&order, &hold(HoldReason::Fraud, None)),
            OrderError::WrongState { lifecycle }
        );
    }
}

#[test]
fn nothing_is_held_or_released_before_it_was_placed() {
    let order = held(vec![hold(HoldReason::Fraud, None)]);
    for command in [hold(HoldReason::Stock, None), release(None)] {
        assert!(matches!(
            refusal(&order, &backdated(command, PLACED_AT - 1)),
            OrderError::OccurredBeforePlacing { .. }
        ));
    }
}
