//! Recording a shipment of open units.

use orderfold_events::order::{Lifecycle, OrderEvent, OrderFact, ShipmentRecorded, Terms};

use super::{
    OrderError, RecordShipment, limits::SHIPMENTS_MAX, lines::open_units, recorder::Recorder,
    state::Ledger,
};

pub(super) fn record(
    lifecycle: Lifecycle,
    ledger: &Ledger,
    command: &RecordShipment,
) -> Result<Vec<OrderEvent>, OrderError> {
    if ledger
        .shipments
        .repeats(&command.reference, &command.content)?
    {
        return Ok(Vec::new());
    }
    ledger.check_time(command.occurred_at)?;
    if ledger.digital {
        return Err(OrderError::Digital);
    }
    ledger.check_shippable(lifecycle)?;
    let lines = open_units(ledger, command.lines.as_ref())?;
    let shipping: i64 = lines.iter().map(|entry| entry.quantity).sum();
    if ledger.shipments.count() >= SHIPMENTS_MAX && shipping < ledger.units().open() {
        return Err(OrderError::TooManyShipments {
            limit: SHIPMENTS_MAX,
        });
    }
    let mut recorder = Recorder::new(lifecycle, ledger.clone());
    recorder.confirm_first()?;
    recorder.record(OrderFact::ShipmentRecorded(ShipmentRecorded {
        reference: command.reference.clone(),
        carrier: command.carrier.clone(),
        tracking_number: command.tracking_number.clone(),
        lines,
        content: command.content.clone(),
    }))?;
    recorder.finish()
}

impl Ledger {
    /// Whether anything may leave at all.
    pub(super) fn check_shippable(&self, lifecycle: Lifecycle) -> Result<(), OrderError> {
        match lifecycle {
            Lifecycle::Placed | Lifecycle::Confirmed => {}
            Lifecycle::Draft
            | Lifecycle::Cancelled
            | Lifecycle::Completed
            | Lifecycle::Discarded => {
                return Err(OrderError::WrongState { lifecycle });
            }
        }
        if self.holds.any_open() {
            return Err(OrderError::OnHold);
        }
        let balance = self.totals.balance;
        match self.identity.terms {
            Terms::Prepaid if balance > 0 => Err(OrderError::Unpaid { balance }),
            Terms::Prepaid | Terms::OnAccount => Ok(()),
        }
    }
}
