//! What holds after every step of a walk, whatever was asked.

use orderfold_events::order::{Change, OrderEvent, OrderFact};

use super::names;
use crate::orders::domain::state::Ledger;

pub fn check_units(ledger: &Ledger, event: &OrderEvent) {
    for line in &ledger.lines {
        let units = line.units();
        let at_most = |part: i64, whole: i64| assert!(0 <= part && part <= whole, "{event:?}");
        at_most(units.cancelled, units.ordered);
        at_most(units.shipped, units.wanted());
        at_most(units.delivered, units.shipped);
        at_most(units.returned, units.shipped);
        at_most(units.undelivered, units.returned);
        at_most(units.delivered + units.undelivered, units.shipped);
        for parcel in &line.parcels {
            at_most(parcel.in_transit(), parcel.shipped);
            at_most(parcel.with_customer(), parcel.delivered);
        }
    }
}

pub fn check_events(events: &[OrderEvent]) {
    for (index, event) in events.iter().enumerate() {
        let follows_of_itself = match event.fact {
            // Alone where it was asked for.
            OrderFact::Confirmed(_) => index == 0,
            OrderFact::Completed(_) => index > 0 && index + 1 == events.len(),
            OrderFact::Drafted(_)
            | OrderFact::DraftChanged(_)
            | OrderFact::Discarded(_)
            | OrderFact::Held(_)
            | OrderFact::Released(_)
            | OrderFact::DetailsUpdated(_)
            | OrderFact::NoteAdded(_) => true,
            OrderFact::Placed(_)
            | OrderFact::Amended(_)
            | OrderFact::RefundRecorded(_)
            | OrderFact::ItemsCancelled(_)
            | OrderFact::Cancelled(_)
            | OrderFact::PaymentRecorded(_)
            | OrderFact::ShipmentRecorded(_)
            | OrderFact::DeliveryRecorded(_)
            | OrderFact::ReturnRecorded(_) => continue,
        };
        assert!(follows_of_itself, "{:?}", names(events));
        assert_eq!(event.change, Change::default());
    }
    for event in events {
        let bytes = event.encode().unwrap();
        assert_eq!(
            &OrderEvent::decode(event.event_type(), &bytes).unwrap(),
            event
        );
    }
}
