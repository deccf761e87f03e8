//! At most 200 facts of a kind, unless one more settles all that is left.

use orderfold_events::order::AdjustmentKind;

use super::*;

const MANY: i64 = 200;

/// An order of `quantity` units that is paid for, and then `MANY` facts.
fn many(quantity: i64, fact: impl Fn(&str) -> Vec<OrderCommand>) -> Order {
    let mut commands = vec![place(vec![line(quantity, 1)]), pay("P", quantity)];
    for number in 0..MANY {
        commands.extend(fact(&format!("F-{number}")));
    }
    given(commands)
}

#[test]
fn the_two_hundred_and_first_payment_is_refused_unless_it_pays_all_that_is_owed() {
    let mut commands = vec![place(vec![line(1, MANY + 10)])];
    commands.extend((0..MANY).map(|number| pay(&format!("P-{number}"), 1)));
    let order = given(commands);
    assert_eq!(
        refusal(&order, &pay("last", 9)),
        OrderError::TooManyPayments { limit: 200 }
    );
    assert_eq!(outcome(&order, &pay("last", 10)), ["payment_recorded"]);
    let order = after(order.clone(), &when(&order, &pay("last", 10)).unwrap());
    assert_eq!(
        refusal(&order, &pay("more", 1)),
        OrderError::TooManyPayments { limit: 200 }
    );
    assert_eq!(
        when(&order, &pay("last", 10)),
        Ok(vec![]),
        "a repetition is none more"
    );
}

#[test]
fn the_two_hundred_and_first_shipment_is_refused_unless_it_ships_all_that_is_open() {
    let order = many(MANY + 2, |reference| vec![ship(reference, &[(1, 1)])]);
    assert_eq!(
        refusal(&order, &ship("last", &[(1, 1)])),
        OrderError::TooManyShipments { limit: 200 }
    );
    assert_eq!(
        outcome(&order, &ship("last", &[(1, 2)])),
        ["shipment_recorded"]
    );
    assert_eq!(outcome(&order, &ship("last", &[])), ["shipment_recorded"]);
}

#[test]
fn the_two_hundred_and_first_delivery_is_refused_unless_it_delivers_all_that_is_under_way() {
    let order = given(
        [
            place(vec![line(MANY + 2, 1)]),
            pay("P", MANY + 2),
            ship("S", &[]),
        ]
        .into_iter()
        .chain((0..MANY).map(|number| deliver(&format!("D-{number}"), &[(1, 1)]))),
    );
    assert_eq!(
        refusal(&order, &deliver("last", &[(1, 1)])),
        OrderError::TooManyDeliveries { limit: 200 }
    );
    assert_eq!(
        outcome(&order, &deliver("last", &[])),
        ["delivery_recorded", "completed"]
    );
}

#[test]
fn the_two_hundred_and_first_return_is_refused_unless_it_returns_all_that_is_left() {
    let order = given(
        [
            place(vec![line(MANY + 2, 1)]),
            pay("P", MANY + 2),
            ship("S", &[]),
        ]
        .into_iter()
        .chain((0..MANY).map(|number| give_back(&format!("B-{number}"), &[(1, 1)]))),
    );
    assert_eq!(
        refusal(&order, &give_back("last", &[(1, 1)])),
        OrderError::TooManyReturns { limit: 200 }
    );
    assert_eq!(
        outcome(&order, &give_back("last", &[(1, 2)])),
        ["return_recorded", "completed"]
    );
}

#[test]
fn a_delivery_of_one_shipment_does_not_settle_what_another_has_under_way() {
    let order = given(
        [
            place(vec![line(MANY + 3, 1)]),
            pay("P", MANY + 3),
            ship("S", &[(1, MANY + 2)]),
            ship("T", &[]),
        ]
        .into_iter()
        .chain((0..MANY).map(|number| deliver(&format!("D-{number}"), &[(1, 1)]))),
    );
    assert_eq!(
        refusal(&order, &deliver_from(Some("S"), "last", &[])),
        OrderError::TooManyDeliveries { limit: 200 }
    );
    assert_eq!(
        outcome(&order, &deliver("last", &[])),
        ["delivery_recorded", "completed"]
    );
}

#[test]
fn more_adjustments_than_the_limit_are_refused_and_reversals_do_not_count() {
    let order = given([
        place_with(vec![line(3, 100)], |place| {
            place.adjustments = vec![adjustment(AdjustmentKind::Credit, -1); 199];
        }),
        pay("P", 101),
        ship("S", &[]),
    ]);
    let events = when(&order, &give_back("A", &[(1, 2)])).unwrap();
    assert_eq!(adjustments_of(&events[0]).len(), 1, "a reversal");
    let order = after(order, &events);
    let with_fees = |fees: usize| {
        give_back_with("B", &[(1, 1)], |it| {
            it.adjustments = vec![adjustment(AdjustmentKind::Fee, 1); fees];
        })
    };
    assert_eq!(
        refusal(&order, &with_fees(2)),
        OrderError::TooManyAdjustments { limit: 200 }
    );
    let events = when(&order, &with_fees(1)).unwrap();
    let numbers: Vec<_> = adjustments_of(&events[0])
        .iter()
        .map(|it| it.number)
        .collect();
    assert_eq!(numbers, [201, 202], "a fee and a reversal");
}

#[test]
fn an_order_is_held_at_most_two_hundred_times() {
    let mut commands = vec![place(vec![line(1, 100)])];
    for _ in 0..MANY {
        commands.extend([hold(HoldReason::Other, None), release(None)]);
    }
    let order = given(commands);
    assert_eq!(
        refusal(&order, &hold(HoldReason::Other, None)),
        OrderError::TooManyHolds { limit: 200 }
    );
}
