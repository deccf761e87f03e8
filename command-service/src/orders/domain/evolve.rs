//! Folds what happened into the state. Total: it checks nothing, because the events were decided before; what cannot
//! apply changes nothing.

use orderfold_events::order::{
    Amended, DeliveryRecorded, Lifecycle, LineQuantity, OrderEvent, OrderFact, Placed,
    ReturnRecorded, ReturnedUnits,
};

use super::{
    draft::Draft,
    line::{Line, Parcel},
    state::{Identity, Ledger, Order},
};

impl Order {
    /// The state after one more event.
    #[must_use]
    pub fn evolve(self, event: &OrderEvent) -> Self {
        match self {
            Self::Absent => begun(event),
            Self::Draft(draft) => drafted(draft, event),
            Self::Discarded(draft) => Self::Discarded(noted(draft, &event.fact)),
            Self::Placed(ledger)
            | Self::Confirmed(ledger)
            | Self::Cancelled(ledger)
            | Self::Completed(ledger) => Self::at(event.summary.lifecycle, booked(ledger, event)),
        }
    }

    /// Where a fact leads a placed order from `before`.
    pub(super) fn lifecycle_after(before: Lifecycle, fact: &OrderFact) -> Lifecycle {
        match fact {
            OrderFact::Placed(_) => Lifecycle::Placed,
            OrderFact::Confirmed(_) => Lifecycle::Confirmed,
            OrderFact::Cancelled(_) => Lifecycle::Cancelled,
            OrderFact::Completed(_) => Lifecycle::Completed,
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

/// An order begins as a draft or placed as a whole.
fn begun(event: &OrderEvent) -> Order {
    match &event.fact {
        OrderFact::Drafted(content) => Order::Draft(Box::new(Draft {
            identity: Identity::from(&event.summary),
            content: (**content).clone(),
            notes: 0,
        })),
        OrderFact::Placed(placed) => Order::Placed(opened(placed, 0, event)),
        OrderFact::DraftChanged(_)
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
        | OrderFact::Completed(_) => Order::Absent,
    }
}

fn drafted(mut draft: Box<Draft>, event: &OrderEvent) -> Order {
    match &event.fact {
        OrderFact::DraftChanged(content) => {
            draft.identity = Identity::from(&event.summary);
            draft.content = (**content).clone();
            Order::Draft(draft)
        }
        OrderFact::Discarded(_) => Order::Discarded(draft),
        OrderFact::Placed(placed) => Order::Placed(opened(placed, draft.notes, event)),
        OrderFact::NoteAdded(_)
        | OrderFact::Drafted(_)
        | OrderFact::Held(_)
        | OrderFact::Released(_)
        | OrderFact::Amended(_)
        | OrderFact::DetailsUpdated(_)
        | OrderFact::RefundRecorded(_)
        | OrderFact::Confirmed(_)
        | OrderFact::ItemsCancelled(_)
        | OrderFact::Cancelled(_)
        | OrderFact::PaymentRecorded(_)
        | OrderFact::ShipmentRecorded(_)
        | OrderFact::DeliveryRecorded(_)
        | OrderFact::ReturnRecorded(_)
        | OrderFact::Completed(_) => Order::Draft(noted(draft, &event.fact)),
    }
}

/// What has no ledger takes notes and nothing else.
fn noted(mut draft: Box<Draft>, fact: &OrderFact) -> Box<Draft> {
    if matches!(fact, OrderFact::NoteAdded(_)) {
        draft.notes += 1;
    }
    draft
}

fn opened(placed: &Placed, notes: usize, event: &OrderEvent) -> Box<Ledger> {
    let mut ledger = Ledger::open(Identity::from(&event.summary), placed);
    ledger.notes = notes;
    booked(Box::new(ledger), event)
}

fn booked(mut ledger: Box<Ledger>, event: &OrderEvent) -> Box<Ledger> {
    ledger.book(&event.fact);
    ledger.totals = event.summary.totals;
    ledger
}

impl Ledger {
    /// Moves the units and keeps the reference of a fact; its money is the event's own.
    pub(super) fn book(&mut self, fact: &OrderFact) {
        match fact {
            OrderFact::Placed(placed) => self.adjustments.count(&placed.adjustments),
            OrderFact::Drafted(_) | OrderFact::DraftChanged(_) | OrderFact::Discarded(_) => {}
            OrderFact::Confirmed(_) => self.confirmed = true,
            OrderFact::Held(held) => self.holds.add(held),
            OrderFact::Released(released) => self.holds.close(&released.holds),
            OrderFact::Amended(amended) => self.amend(amended),
            OrderFact::DetailsUpdated(details) => self.details = details.clone(),
            OrderFact::NoteAdded(_) => self.notes += 1,
            OrderFact::ItemsCancelled(cancelled) => {
                self.cancel(&cancelled.lines);
                self.adjustments.count(&cancelled.adjustments);
            }
            OrderFact::Cancelled(cancelled) => {
                self.cancel(&cancelled.lines);
                self.holds.close_all();
            }
            OrderFact::Completed(_) => self.holds.close_all(),
            OrderFact::PaymentRecorded(payment) => {
                self.payments.add(&payment.reference, &payment.content);
            }
            OrderFact::RefundRecorded(refund) => {
                self.refunds.add(&refund.reference, &refund.content);
                self.adjustments.count(&refund.adjustments);
            }
            OrderFact::ShipmentRecorded(shipment) => {
                let position = self.shipments.count();
                self.shipments.add(&shipment.reference, &shipment.content);
                self.ship(Some(position), &shipment.lines);
            }
            OrderFact::DeliveryRecorded(delivery) => self.deliver(delivery),
            OrderFact::ReturnRecorded(returned) => self.take_back(returned),
        }
    }

    fn deliver(&mut self, delivery: &DeliveryRecorded) {
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

    fn take_back(&mut self, returned: &ReturnRecorded) {
        self.returns.add(&returned.reference, &returned.content);
        self.adjustments.count(&returned.adjustments);
        let shipment = self.named_shipment(returned.shipment.as_deref());
        for entry in &returned.lines {
            if let Some(line) = self.line_mut(entry.line) {
                line.take_back(shipment, *entry);
            }
        }
    }

    fn amend(&mut self, amended: &Amended) {
        for line in &amended.lines {
            let ordered = Line::new(line, self.prices_include_tax);
            match self.line_mut(line.line) {
                // Nothing of it was cancelled or shipped before.
                Some(known) => *known = ordered,
                None => self.lines.push(ordered),
            }
        }
        self.cancel(&amended.cancelled);
        self.adjustments.count(&amended.adjustments);
        self.addresses.amend(&amended.personal);
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
