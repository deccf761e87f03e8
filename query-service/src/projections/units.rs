//! Units of a whole order by what became of them, and what that and its balance make possible.

use orderfold_events::order::{
    Lifecycle, LineQuantity, OrderEvent, OrderFact, OrderSummary, Terms,
};
use serde::{Deserialize, Serialize};

use super::{Contradiction, sum};

/// Units over all lines; a draft has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Units {
    pub ordered: i64,
    pub cancelled: i64,
    pub shipped: i64,
    pub delivered: i64,
    pub returned: i64,
    /// How many of `returned` never arrived.
    pub returned_undelivered: i64,
}

impl Units {
    /// The units after an event; delivering a `digital` order also ships it.
    ///
    /// # Errors
    /// [`Contradiction::Figure`] when a sum does not fit.
    pub fn after(self, event: &OrderEvent, digital: bool) -> Result<Self, Contradiction> {
        let mut units = Self {
            ordered: event.summary.totals.units,
            ..self
        };
        match &event.fact {
            OrderFact::Amended(amended) => {
                units.cancelled = add(units.cancelled, &amended.cancelled)?;
            }
            OrderFact::ItemsCancelled(cancelled) => {
                units.cancelled = add(units.cancelled, &cancelled.lines)?;
            }
            OrderFact::Cancelled(cancelled) => {
                units.cancelled = add(units.cancelled, &cancelled.lines)?;
            }
            OrderFact::ShipmentRecorded(shipment) => {
                units.shipped = add(units.shipped, &shipment.lines)?;
            }
            OrderFact::DeliveryRecorded(delivery) => {
                units.delivered = add(units.delivered, &delivery.lines)?;
                if digital {
                    units.shipped = add(units.shipped, &delivery.lines)?;
                }
            }
            OrderFact::ReturnRecorded(returned) => {
                for line in &returned.lines {
                    units.returned = sum(units.returned, line.quantity)?;
                    units.returned_undelivered = sum(units.returned_undelivered, line.undelivered)?;
                }
            }
            OrderFact::Drafted(_)
            | OrderFact::DraftChanged(_)
            | OrderFact::Discarded(_)
            | OrderFact::Placed(_)
            | OrderFact::Confirmed(_)
            | OrderFact::Held(_)
            | OrderFact::Released(_)
            | OrderFact::DetailsUpdated(_)
            | OrderFact::PaymentRecorded(_)
            | OrderFact::RefundRecorded(_)
            | OrderFact::NoteAdded(_)
            | OrderFact::Completed(_) => {}
        }
        Ok(units)
    }

    /// Neither cancelled nor shipped.
    #[must_use]
    pub const fn open(&self) -> i64 {
        self.ordered - self.cancelled - self.shipped
    }

    /// Shipped, and neither arrived nor come back.
    #[must_use]
    pub const fn in_transit(&self) -> i64 {
        self.shipped - self.delivered - self.returned_undelivered
    }
}

fn add(before: i64, lines: &[LineQuantity]) -> Result<i64, Contradiction> {
    lines
        .iter()
        .try_fold(before, |units, line| sum(units, line.quantity))
}

/// Whether an order is placed or confirmed: work goes on.
#[must_use]
pub const fn is_open(lifecycle: Lifecycle) -> bool {
    match lifecycle {
        Lifecycle::Placed | Lifecycle::Confirmed => true,
        Lifecycle::Draft | Lifecycle::Cancelled | Lifecycle::Completed | Lifecycle::Discarded => {
            false
        }
    }
}

/// Whether nothing stands in the way of sending open units off: no hold, and payment where it comes first.
#[must_use]
pub fn is_to_ship(order: &OrderSummary, units: &Units) -> bool {
    is_open(order.lifecycle)
        && !order.on_hold
        && (order.terms == Terms::OnAccount || order.totals.balance <= 0)
        && units.open() > 0
}

/// Whether money has to be given back.
#[must_use]
pub const fn is_refund_due(order: &OrderSummary) -> bool {
    order.totals.balance < 0
}
