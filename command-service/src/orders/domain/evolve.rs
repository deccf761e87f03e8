//! Folds what happened into the state. Total: it checks nothing, because the events were decided before; what cannot
//! apply changes nothing.

use orderfold_events::order::{
    Adjustment, AdjustmentKind, Lifecycle, LineQuantity, OrderEvent, OrderFact, ReturnedUnits,
};

use super::state::{Adjustments, Identity, Ledger, Line, Order, Parcel};

impl Order {
    /// The state after one more event.
    #[must_use]
    pub fn evolve(self, event: &OrderEvent) -> Self {
        let mut ledger = match (self, &event.fact) {
            (Self::Unplaced, OrderFact::Placed(placed)) => {
                Box::new(Ledger::open(Identity::from(&event.summary), placed))
            }
            (
                Self::Unplaced,
                // CONTRACT: those from drafts on.
                OrderFact::Drafted(_)
                | OrderFact::DraftChanged(_)
                | OrderFact::Discarded(_)
                | OrderFact::Held(_)
                | OrderFact::Released(_)
                | OrderFact::Amended(_)
                | OrderFact::DetailsUpdated(_)
                | OrderFact::RefundRecorded(_)
                | OrderFact::NoteAdded(_)
                | OrderFact::Confirmed(_)
                | OrderFact::ItemsCancelled(_)
                | OrderFact::Cancelled(_)
                | OrderFact::PaymentRecorded(_)
                | OrderFact::ShipmentRecorded(_)
                | OrderFact::DeliveryRecorded(_)
                | OrderFact::ReturnRecorded(_)
                | OrderFact::Completed(_),
            ) => return Self::Unplaced,
            (
                Self::Placed(ledger)
                | Self::Confirmed(ledger)
                | Self::Cancelled(ledger)
                | Self::Completed(ledger),
                _,
            ) => ledger,
        };
        ledger.book(&event.fact);
        ledger.totals = event.summary.totals;
        Self::at(event.summary.lifecycle, ledger)
    }

    /// Where a fact leads from `before`.
    pub(super) fn lifecycle_after(before: Lifecycle, fact: &OrderFact) -> Lifecycle {
        match fact {
            OrderFact::Placed(_) => Lifecycle::Placed,
            OrderFact::Confirmed(_) => Lifecycle::Confirmed,
            OrderFact::Cancelled(_) => Lifecycle::Cancelled,
            OrderFact::Completed(_) => Lifecycle::Completed,
            // CONTRACT: those from drafts on.
            OrderFact::Drafted(_)
            | OrderFact::DraftChanged(_)
            | OrderFact::Discarded(_)
            | OrderFact::Held(_)
            | OrderFact::Released(_)
            | OrderFact::Amended(_)
            | OrderFact::DetailsUpdated(_)
            | OrderFact::RefundRecorded(_)
            | OrderFact::NoteAdded(_)
            | OrderFact::ItemsCancelled(_)
            | OrderFact::PaymentRecorded(_)
            | OrderFact::ShipmentRecorded(_)
            | OrderFact::DeliveryRecorded(_)
            | OrderFact::ReturnRecorded(_) => before,
        }
    }
}

impl Ledger {
    /// Moves the units and keeps the reference of a fact; its money is the event's own.
    pub(super) fn book(&mut self, fact: &OrderFact) {
        match fact {
            OrderFact::Placed(placed) => self.adjustments.count(&placed.adjustments),
            // CONTRACT: those from drafts on.
            OrderFact::Drafted(_)
            | OrderFact::DraftChanged(_)
            | OrderFact::Discarded(_)
            | OrderFact::Held(_)
            | OrderFact::Released(_)
            | OrderFact::Amended(_)
            | OrderFact::DetailsUpdated(_)
            | OrderFact::RefundRecorded(_)
            | OrderFact::NoteAdded(_)
            | OrderFact::Confirmed(_)
            | OrderFact::Completed(_) => {}
            OrderFact::ItemsCancelled(cancelled) => {
                self.cancel(&cancelled.lines);
                self.adjustments.count(&cancelled.adjustments);
            }
            OrderFact::Cancelled(cancelled) => self.cancel(&cancelled.lines),
            OrderFact::PaymentRecorded(payment) => {
                self.payments.add(&payment.reference, &payment.content);
            }
            OrderFact::ShipmentRecorded(shipment) => {
                let position = self.shipments.count();
                self.shipments.add(&shipment.reference, &shipment.content);
                self.ship(Some(position), &shipment.lines);
            }
            OrderFact::DeliveryRecorded(delivery) => {
                self.deliveries.add(&delivery.reference, &delivery.content);
                if self.digital {
                    self.ship(None, &delivery.lines);
                }
                let shipment = self.named_shipment(delivery.shipment.as_deref());
                for entry in &delivery.lines {
                    if let Some(line) = self.line_mut(entry.line) {
                        line.deliver(shipment, entry.quantity);
                    }
                }
            }
            OrderFact::ReturnRecorded(returned) => {
                self.returns.add(&returned.reference, &returned.content);
                self.adjustments.count(&returned.adjustments);
                let shipment = self.named_shipment(returned.shipment.as_deref());
                for entry in &returned.lines {
                    if let Some(line) = self.line_mut(entry.line) {
                        line.take_back(shipment, *entry);
                    }
                }
            }
        }
    }

    fn named_shipment(&self, reference: Option<&str>) -> Option<usize> {
        reference.and_then(|reference| self.shipments.position(reference))
    }

    fn cancel(&mut self, lines: &[LineQuantity]) {
        for entry in lines {
            if let Some(line) = self.line_mut(entry.line) {
                line.cancelled += entry.quantity;
            }
        }
    }

    fn ship(&mut self, shipment: Option<usize>, lines: &[LineQuantity]) {
        for entry in lines {
            if let Some(line) = self.line_mut(entry.line) {
                line.parcels.push(Parcel {
                    shipment,
                    shipped: entry.quantity,
                    delivered: 0,
                    returned: 0,
                    undelivered: 0,
                });
            }
        }
    }
}

impl Line {
    fn deliver(&mut self, shipment: Option<usize>, units: i64) {
        self.spread(shipment, units, Parcel::in_transit, |parcel, part| {
            parcel.delivered += part;
        });
    }

    fn take_back(&mut self, shipment: Option<usize>, entry: ReturnedUnits) {
        let arrived = entry.quantity - entry.undelivered;
        self.spread(shipment, arrived, Parcel::with_customer, |parcel, part| {
            parcel.returned += part;
        });
        self.spread(
            shipment,
            entry.undelivered,
            Parcel::in_transit,
            |parcel, part| {
                parcel.returned += part;
                parcel.undelivered += part;
            },
        );
    }

    /// Spreads units over the parcels of one shipment or of all, the oldest first, each taking what it has.
    fn spread(
        &mut self,
        shipment: Option<usize>,
        units: i64,
        has: fn(&Parcel) -> i64,
        take: fn(&mut Parcel, i64),
    ) {
        let mut left = units;
        for parcel in &mut self.parcels {
            if shipment.is_none() || parcel.shipment == shipment {
                let part = has(parcel).min(left);
                take(parcel, part);
                left -= part;
            }
        }
    }
}

impl Adjustments {
    fn count(&mut self, adjustments: &[Adjustment]) {
        for adjustment in adjustments {
            self.last_number = self.last_number.max(adjustment.number);
            if adjustment.kind != AdjustmentKind::Reversal {
                self.sent_by_callers += 1;
            }
        }
    }
}
