//! Shipments and deliveries of goods.

use orderfold_events::order::FulfilmentStatus;

use super::*;

fn paid(quantity: i64) -> Vec<OrderCommand> {
    vec![
        place(vec![line(quantity, 100), line(1, 50)]),
        pay("P", quantity * 100 + 50),
    ]
}

fn with(mut commands: Vec<OrderCommand>, more: impl IntoIterator<Item = OrderCommand>) -> Order {
    commands.extend(more);
    given(commands)
}

#[test]
fn the_first_shipment_confirms_the_order() {
    let order = with(paid(2), []);
    assert_eq!(
        outcome(&order, &ship("S", &[(1, 1)])),
        ["confirmed", "shipment_recorded"]
    );
    let order = with(paid(2), [ship("S", &[(1, 1)])]);
    assert_eq!(
        outcome(&order, &ship("T", &[(1, 1)])),
        ["shipment_recorded"]
    );
}

#[test]
fn a_prepaid_order_is_not_shipped_before_it_is_paid() {
    let order = given([place(vec![line(1, 100)]), pay("P", 99)]);
    assert_eq!(
        refusal(&order, &ship("S", &[])),
        OrderError::Unpaid { balance: 1 }
    );
    let on_account = given([place_with(vec![line(1, 100)], |place| {
        place.terms = Terms::OnAccount;
    })]);
    assert_eq!(
        outcome(&on_account, &ship("S", &[])),
        ["confirmed", "shipment_recorded"]
    );
}

#[test]
fn no_more_is_shipped_than_is_open() {
    let order = with(paid(3), [cancel(&[(1, 1)]), ship("S", &[(1, 1)])]);
    assert_eq!(
        refusal(&order, &ship("T", &[(1, 2)])),
        OrderError::TooManyUnits {
            line: 1,
            requested: 2,
            available: 1
        }
    );
    assert_eq!(
        refusal(&order, &ship("T", &[(3, 1)])),
        OrderError::LineNotFound { line: 3 }
    );
    assert_eq!(
        refusal(&order, &ship("T", &[(0, 1)])),
        OrderError::LineNotFound { line: 0 }
    );
}

#[test]
fn a_shipment_without_lines_takes_all_that_is_open() {
    let order = with(paid(3), [cancel(&[(1, 1)]), ship("S", &[(1, 1)])]);
    let events = when(&order, &ship("T", &[])).unwrap();
    let OrderFact::ShipmentRecorded(shipment) = &events[0].fact else {
        panic!("no shipment")
    };
    let lines: Vec<_> = shipment
        .lines
        .iter()
        .map(|it| (it.line, it.quantity))
        .collect();
    assert_eq!(lines, [(1, 1), (2, 1)]);
    let order = after(order, &events);
    assert_eq!(refusal(&order, &ship("U", &[])), OrderError::AlreadyShipped);
}

#[test]
fn what_is_over_takes_no_shipment_and_no_delivery() {
    let cancelled = given([place(vec![line(1, 100)]), cancel(&[])]);
    let completed = with(paid(1), [ship("S", &[]), deliver("D", &[])]);
    for (order, lifecycle) in [
        (cancelled, Lifecycle::Cancelled),
        (completed, Lifecycle::Completed),
    ] {
        assert_eq!(
            refusal(&order, &ship("T", &[])),
            OrderError::WrongState { lifecycle }
        );
        assert_eq!(
            refusal(&order, &deliver("E", &[])),
            OrderError::WrongState { lifecycle }
        );
    }
}

#[test]
fn a_repeated_fact_changes_nothing_and_its_reference_is_not_used_again() {
    let order = with(
        paid(3),
        [
            ship("S", &[(1, 2)]),
            deliver("D", &[(1, 1)]),
            give_back("B", &[(1, 1)]),
        ],
    );
    for again in [
        ship("S", &[(1, 2)]),
        deliver("D", &[(1, 1)]),
        give_back("B", &[(1, 1)]),
    ] {
        assert_eq!(when(&order, &again), Ok(vec![]));
    }
    for (other, reference) in [
        (ship("S", &[(1, 1)]), "S"),
        (deliver_from(Some("S"), "D", &[(1, 1)]), "D"),
        (give_back("B", &[(1, 2)]), "B"),
    ] {
        assert_eq!(
            refusal(&order, &other),
            OrderError::ReferenceReused {
                reference: reference.to_owned()
            }
        );
    }
}

#[test]
fn no_more_is_delivered_than_is_under_way() {
    let order = with(paid(3), [ship("S", &[(1, 2)])]);
    assert_eq!(
        refusal(&order, &deliver("D", &[(1, 3)])),
        OrderError::TooManyUnits {
            line: 1,
            requested: 3,
            available: 2
        }
    );
    let before = with(paid(3), []);
    assert_eq!(
        refusal(&before, &deliver("D", &[])),
        OrderError::NothingToDeliver
    );
}

#[test]
fn a_delivery_may_name_its_shipment() {
    let order = with(paid(3), [ship("S", &[(1, 1)]), ship("T", &[(1, 2)])]);
    assert_eq!(
        refusal(&order, &deliver_from(Some("S"), "D", &[(1, 2)])),
        OrderError::TooManyUnits {
            line: 1,
            requested: 2,
            available: 1
        }
    );
    assert_eq!(
        refusal(&order, &deliver_from(Some("U"), "D", &[])),
        OrderError::ShipmentNotFound {
            shipment: "U".to_owned()
        }
    );
    let events = when(&order, &deliver_from(Some("T"), "D", &[])).unwrap();
    let order = after(order, &events);
    // Nothing of T is left, all of S is.
    assert_eq!(
        refusal(&order, &deliver_from(Some("T"), "E", &[])),
        OrderError::NothingToDeliver
    );
    assert_eq!(
        outcome(&order, &deliver_from(Some("S"), "E", &[])),
        ["delivery_recorded"]
    );
}

#[test]
fn a_delivery_without_a_shipment_takes_the_oldest_first() {
    let order = with(
        paid(3),
        [
            ship("S", &[(1, 1)]),
            ship("T", &[(1, 2)]),
            deliver("D", &[(1, 2)]),
        ],
    );
    assert_eq!(
        refusal(&order, &deliver_from(Some("S"), "E", &[])),
        OrderError::NothingToDeliver
    );
    assert_eq!(
        outcome(&order, &deliver_from(Some("T"), "E", &[(1, 1)])),
        ["delivery_recorded"]
    );
}

#[test]
fn units_that_came_back_undelivered_are_not_delivered() {
    let order = with(
        paid(3),
        [
            ship("S", &[(1, 2)]),
            give_back_with("B", &[(1, 2)], |it| it.undelivered = true),
        ],
    );
    assert_eq!(
        refusal(&order, &deliver("D", &[(1, 1)])),
        OrderError::TooManyUnits {
            line: 1,
            requested: 1,
            available: 0
        }
    );
}

#[test]
fn an_order_is_complete_when_the_last_unit_has_arrived() {
    let order = with(paid(2), [ship("S", &[]), deliver("D", &[(1, 2)])]);
    assert_eq!(
        summary(&order).fulfilment_status,
        FulfilmentStatus::PartiallyDelivered
    );
    let events = when(&order, &deliver("E", &[])).unwrap();
    assert_eq!(names(&events), ["delivery_recorded", "completed"]);
    assert_eq!(
        events[0].summary.lifecycle,
        Lifecycle::Confirmed,
        "the delivery comes first"
    );
    assert_eq!(events[1].summary.lifecycle, Lifecycle::Completed);
    assert_eq!(
        events[1].summary.fulfilment_status,
        FulfilmentStatus::Delivered
    );
}

#[test]
fn nothing_is_shipped_or_delivered_before_it_was_placed() {
    let order = with(paid(2), [ship("S", &[(1, 1)])]);
    for command in [ship("T", &[]), deliver("D", &[]), give_back("B", &[(1, 1)])] {
        assert!(matches!(
            refusal(&order, &backdated(command, PLACED_AT - 1)),
            OrderError::OccurredBeforePlacing { .. }
        ));
    }
}
