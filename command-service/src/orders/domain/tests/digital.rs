//! Orders that need no parcel.

use orderfold_events::order::FulfilmentStatus;

use super::*;

fn digital(quantity: i64) -> OrderCommand {
    place_with(vec![line(quantity, 100)], |place| {
        place.digital = true;
        place.personal = OrderPersonal::default();
    })
}

#[test]
fn a_digital_order_takes_no_shipment() {
    let order = given([digital(1), pay("P", 100)]);
    assert_eq!(refusal(&order, &ship("S", &[])), OrderError::Digital);
}

#[test]
fn a_delivery_ships_what_it_delivers_without_a_shipment_of_its_own() {
    let order = given([digital(2), pay("P", 200)]);
    let events = when(&order, &deliver("D", &[(1, 1)])).unwrap();
    assert_eq!(names(&events), ["confirmed", "delivery_recorded"]);
    assert_eq!(
        events[1].summary.fulfilment_status,
        FulfilmentStatus::PartiallyDelivered
    );
    let order = after(order, &events);
    assert_eq!(
        outcome(&order, &deliver("E", &[])),
        ["delivery_recorded", "completed"]
    );
}

#[test]
fn a_delivery_of_a_digital_order_waits_for_the_payment() {
    let order = given([digital(1)]);
    assert_eq!(
        refusal(&order, &deliver("D", &[])),
        OrderError::Unpaid { balance: 100 }
    );
}

#[test]
fn no_more_is_delivered_than_is_open() {
    let order = given([
        digital(3),
        pay("P", 300),
        cancel(&[(1, 1)]),
        deliver("D", &[(1, 1)]),
    ]);
    assert_eq!(
        refusal(&order, &deliver("E", &[(1, 2)])),
        OrderError::TooManyUnits {
            line: 1,
            requested: 2,
            available: 1
        }
    );
    assert_eq!(
        refusal(&order, &deliver_from(Some("S"), "E", &[])),
        OrderError::ShipmentNotFound {
            shipment: "S".to_owned()
        }
    );
}

#[test]
fn what_was_delivered_digitally_can_be_given_back() {
    let order = given([digital(1), pay("P", 100), deliver("D", &[])]);
    assert_eq!(lifecycle(&order), Lifecycle::Completed);
    let events = when(&order, &give_back("B", &[(1, 1)])).unwrap();
    assert_eq!(names(&events), ["return_recorded"]);
    assert_eq!(
        events[0].summary.fulfilment_status,
        FulfilmentStatus::Returned
    );
    assert_eq!(events[0].summary.totals.balance, -100);
}

#[test]
fn a_digital_order_on_account_that_was_delivered_waits_for_its_payment() {
    let order = given([
        place_with(vec![line(1, 100)], |place| {
            place.digital = true;
            place.terms = Terms::OnAccount;
        }),
        deliver("D", &[]),
    ]);
    assert_eq!(lifecycle(&order), Lifecycle::Confirmed);
    assert_eq!(
        refusal(&order, &deliver("E", &[])),
        OrderError::NothingToDeliver
    );
}
