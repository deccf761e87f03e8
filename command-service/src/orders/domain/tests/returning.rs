//! Returns.

use orderfold_events::order::{AdjustmentKind, FulfilmentStatus, OrderFact};

use super::*;

fn shipped_and_delivered(shipped: i64, delivered: i64) -> Order {
    let mut commands = vec![
        place(vec![line(4, 100)]),
        pay("P", 400),
        ship("S", &[(1, shipped)]),
    ];
    if delivered > 0 {
        commands.push(deliver("D", &[(1, delivered)]));
    }
    given(commands)
}

fn undelivered_of(events: &[OrderEvent]) -> i64 {
    let OrderFact::ReturnRecorded(returned) = &events[0].fact else {
        panic!("no return")
    };
    returned.lines[0].undelivered
}

#[test]
fn a_return_books_what_the_units_were_worth() {
    let order = shipped_and_delivered(4, 4);
    assert_eq!(lifecycle(&order), Lifecycle::Completed);
    let events = when(&order, &give_back("B", &[(1, 1)])).unwrap();
    assert_eq!(names(&events), ["return_recorded"]);
    assert_eq!(events[0].change.totals.returns, 100);
    assert_eq!(events[0].change.totals.net_sales, -100);
    assert_eq!(events[0].summary.totals.balance, -100);
    assert_eq!(events[0].summary.lifecycle, Lifecycle::Completed);
    assert_eq!(
        events[0].summary.fulfilment_status,
        FulfilmentStatus::PartiallyReturned
    );
}

#[test]
fn a_return_takes_delivered_units_first_unless_they_never_arrived() {
    let order = shipped_and_delivered(4, 2);
    let arrived = |quantity| when(&order, &give_back("B", &[(1, quantity)])).unwrap();
    assert_eq!(undelivered_of(&arrived(2)), 0);
    assert_eq!(undelivered_of(&arrived(3)), 1);
    let lost = |quantity| {
        let command = give_back_with("B", &[(1, quantity)], |it| it.undelivered = true);
        when(&order, &command).unwrap()
    };
    assert_eq!(undelivered_of(&lost(1)), 1);
    assert_eq!(undelivered_of(&lost(3)), 2);
}

#[test]
fn no_more_comes_back_than_was_shipped() {
    let order = shipped_and_delivered(3, 1);
    assert_eq!(
        refusal(&order, &give_back("B", &[(1, 4)])),
        OrderError::TooManyUnits {
            line: 1,
            requested: 4,
            available: 3
        }
    );
    let order = given([place(vec![line(1, 100)])]);
    assert_eq!(
        refusal(&order, &give_back("B", &[(1, 1)])),
        OrderError::TooManyUnits {
            line: 1,
            requested: 1,
            available: 0
        }
    );
    assert_eq!(
        refusal(&order, &give_back("B", &[(7, 1)])),
        OrderError::LineNotFound { line: 7 }
    );
}

#[test]
fn a_return_may_name_its_shipment() {
    let order = given([
        place(vec![line(4, 100)]),
        pay("P", 400),
        ship("S", &[(1, 1)]),
        ship("T", &[(1, 2)]),
        deliver_from(Some("T"), "D", &[]),
    ]);
    let from = |shipment: &str, quantity| {
        give_back_with("B", &[(1, quantity)], |it| {
            it.shipment = Some(shipment.to_owned());
        })
    };
    assert_eq!(undelivered_of(&when(&order, &from("S", 1)).unwrap()), 1);
    assert_eq!(undelivered_of(&when(&order, &from("T", 2)).unwrap()), 0);
    assert_eq!(
        refusal(&order, &from("S", 2)),
        OrderError::TooManyUnits {
            line: 1,
            requested: 2,
            available: 1
        }
    );
    assert_eq!(
        refusal(&order, &from("U", 1)),
        OrderError::ShipmentNotFound {
            shipment: "U".to_owned()
        }
    );
    // Taking back what T delivered leaves S to be delivered.
    let order = after(order.clone(), &when(&order, &from("T", 2)).unwrap());
    assert_eq!(outcome(&order, &deliver("E", &[])), ["delivery_recorded"]);
}

#[test]
fn a_lost_parcel_completes_the_order_when_nothing_else_is_to_come() {
    let order = shipped_and_delivered(4, 3);
    let lost = give_back_with("B", &[(1, 1)], |it| it.undelivered = true);
    assert_eq!(outcome(&order, &lost), ["return_recorded", "completed"]);
    let all_lost = given([
        place(vec![line(1, 100)]),
        pay("P", 100),
        ship("S", &[]),
        give_back_with("B", &[(1, 1)], |it| it.undelivered = true),
    ]);
    assert_eq!(lifecycle(&all_lost), Lifecycle::Completed);
    assert_eq!(
        summary(&all_lost).fulfilment_status,
        FulfilmentStatus::Returned
    );
}

#[test]
fn a_return_may_refund_the_shipping() {
    let order = given([
        place_with(vec![line(1, 100)], |place| {
            place.adjustments = vec![adjustment(AdjustmentKind::Shipping, 20)];
        }),
        pay("P", 120),
        ship("S", &[]),
        deliver("D", &[]),
    ]);
    let command = give_back_with("B", &[(1, 1)], |it| {
        it.adjustments = vec![adjustment(AdjustmentKind::Shipping, -20)];
    });
    let events = when(&order, &command).unwrap();
    assert_eq!(events[0].summary.totals.total_sales, 0);
    assert_eq!(events[0].summary.totals.balance, -120);
    assert_eq!(adjustments_of(&events[0]).len(), 1, "nothing to reverse");
}

#[test]
fn a_return_never_takes_the_total_below_zero() {
    let order = given([
        place_with(vec![line(2, 100)], |place| {
            place.adjustments = vec![adjustment(AdjustmentKind::Credit, -150)];
        }),
        pay("P", 50),
        ship("S", &[]),
        deliver("D", &[]),
    ]);
    let events = when(&order, &give_back("B", &[(1, 2)])).unwrap();
    let [reversal] = adjustments_of(&events[0]) else {
        panic!("no reversal")
    };
    assert_eq!(
        (reversal.kind, reversal.amount),
        (AdjustmentKind::Reversal, 150)
    );
    assert_eq!(events[0].summary.totals.total_sales, 0);
    assert_eq!(events[0].summary.totals.balance, -50);
}

#[test]
fn a_fee_on_a_return_is_owed_and_can_be_paid() {
    let order = shipped_and_delivered(4, 4);
    let command = give_back_with("B", &[(1, 1)], |it| {
        it.adjustments = vec![adjustment(AdjustmentKind::Fee, 130)];
    });
    let events = when(&order, &command).unwrap();
    assert_eq!(events[0].summary.totals.balance, 30);
    let order = after(order, &events);
    assert_eq!(outcome(&order, &pay("Q", 30)), ["payment_recorded"]);
    let too_much = give_back_with("C", &[(1, 1)], |it| {
        it.adjustments = vec![adjustment(AdjustmentKind::Fee, 1_000_000_000_000)];
    });
    assert!(matches!(
        refusal(&order, &too_much),
        OrderError::TotalTooLarge { .. }
    ));
}

#[test]
fn nothing_comes_back_of_a_cancelled_order() {
    let order = given([place(vec![line(1, 100)]), cancel(&[])]);
    assert_eq!(
        refusal(&order, &give_back("B", &[(1, 1)])),
        OrderError::WrongState {
            lifecycle: Lifecycle::Cancelled
        }
    );
}
