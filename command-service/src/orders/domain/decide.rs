//! Which state takes which command; the rules of each command stand in a file of its own.

use orderfold_events::{
    Timestamp,
    order::{Lifecycle, OrderEvent},
};

use super::{
    OrderCommand, OrderError, cancel, delivery, payment, place, returns, shipment,
    state::{Ledger, Order},
};

impl Order {
    /// Decides a command: the events that it causes, none where it repeats what is so already, or a refusal.
    ///
    /// # Errors
    /// [`OrderError`] says why the order refuses.
    pub fn decide(
        &self,
        command: &OrderCommand,
        now: Timestamp,
    ) -> Result<Vec<OrderEvent>, OrderError> {
        match (self, command) {
            (Self::Unplaced, OrderCommand::Place(place)) => {
                place::place(place, self.occurred_at(command, now))
            }
            (
                Self::Unplaced,
                OrderCommand::Cancel(_)
                | OrderCommand::RecordPayment(_)
                | OrderCommand::RecordShipment(_)
                | OrderCommand::RecordDelivery(_)
                | OrderCommand::RecordReturn(_),
            ) => Err(OrderError::NotFound),
            (Self::Placed(ledger), _) => decide_placed(Lifecycle::Placed, ledger, command),
            (Self::Confirmed(ledger), _) => decide_placed(Lifecycle::Confirmed, ledger, command),
            (Self::Cancelled(ledger), _) => decide_placed(Lifecycle::Cancelled, ledger, command),
            (Self::Completed(ledger), _) => decide_placed(Lifecycle::Completed, ledger, command),
        }
    }

    /// When the events of a command occurred: as it says itself, else now. Clocks of two servers differ a little, so
    /// that now may seem to be before placing; it never is.
    #[must_use]
    pub fn occurred_at(&self, command: &OrderCommand, now: Timestamp) -> Timestamp {
        let earliest = self
            .ledger()
            .and_then(|ledger| ledger.identity.placed_at)
            .map_or(now, |placed_at| placed_at.max(now));
        command.occurred_at().unwrap_or(earliest)
    }
}

fn decide_placed(
    lifecycle: Lifecycle,
    ledger: &Ledger,
    command: &OrderCommand,
) -> Result<Vec<OrderEvent>, OrderError> {
    match command {
        // Placing what was placed is a repetition, whatever became of the order.
        OrderCommand::Place(_) => Ok(Vec::new()),
        OrderCommand::Cancel(cancel) => cancel::cancel(lifecycle, ledger, cancel),
        OrderCommand::RecordPayment(payment) => payment::record(lifecycle, ledger, payment),
        OrderCommand::RecordShipment(shipment) => shipment::record(lifecycle, ledger, shipment),
        OrderCommand::RecordDelivery(delivery) => delivery::record(lifecycle, ledger, delivery),
        OrderCommand::RecordReturn(returned) => returns::record(lifecycle, ledger, returned),
    }
}

impl Ledger {
    /// Facts may come late, but nothing happens to an order before it is placed.
    pub(super) fn check_time(&self, occurred_at: Option<Timestamp>) -> Result<(), OrderError> {
        match (occurred_at, self.identity.placed_at) {
            (Some(occurred_at), Some(placed_at)) if occurred_at < placed_at => {
                Err(OrderError::OccurredBeforePlacing {
                    placed_at,
                    occurred_at,
                })
            }
            (Some(_) | None, _) => Ok(()),
        }
    }
}
