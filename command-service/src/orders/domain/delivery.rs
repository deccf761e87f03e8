//! Recording a delivery of units under way. What is digital was never under way: delivering ships it.

use orderfold_events::order::{DeliveryRecorded, Lifecycle, LineQuantity, OrderEvent, OrderFact};

use super::{
    OrderError, RecordDelivery,
    limits::DELIVERIES_MAX,
    line::{Line, Parcel},
    lines::check_available,
    recorder::Recorder,
    state::Ledger,
};

pub(super) fn record(
    lifecycle: Lifecycle,
    ledger: &Ledger,
    command: &RecordDelivery,
) -> Result<Vec<OrderEvent>, OrderError> {
    if ledger
        .deliveries
        .repeats(&command.reference, &command.content)?
    {
        return Ok(Vec::new());
    }
    ledger.check_time(command.occurred_at)?;
    match lifecycle {
        Lifecycle::Placed | Lifecycle::Confirmed => {}
        Lifecycle::Draft | Lifecycle::Cancelled | Lifecycle::Completed | Lifecycle::Discarded => {
            return Err(OrderError::WrongState { lifecycle });
        }
    }
    let mut recorder = Recorder::new(lifecycle, ledger.clone());
    let shipment = ledger.find_shipment(command.shipment.as_deref())?;
    if ledger.digital {
        ledger.check_shippable(lifecycle)?;
        recorder.confirm_first()?;
    }
    let lines = delivered_lines(ledger, shipment, command)?;
    check_count(ledger, &lines)?;
    recorder.record(OrderFact::DeliveryRecorded(DeliveryRecorded {
        reference: command.reference.clone(),
        shipment: command.shipment.clone(),
        lines,
        content: command.content.clone(),
    }))?;
    recorder.finish()
}

/// Units of a line that can be delivered, out of one shipment or of all.
fn deliverable(ledger: &Ledger, line: &Line, shipment: Option<usize>) -> i64 {
    if ledger.digital {
        line.units().open()
    } else {
        line.parcels_of(shipment).map(Parcel::in_transit).sum()
    }
}

fn delivered_lines(
    ledger: &Ledger,
    shipment: Option<usize>,
    command: &RecordDelivery,
) -> Result<Vec<LineQuantity>, OrderError> {
    if let Some(asked) = &command.lines {
        for entry in asked {
            let line = ledger.line(entry.line)?;
            check_available(*entry, deliverable(ledger, line, shipment))?;
        }
        return Ok(asked.iter().copied().collect());
    }
    let all: Vec<_> = ledger
        .numbered()
        .map(|(number, line)| LineQuantity {
            line: number,
            quantity: deliverable(ledger, line, shipment),
        })
        .filter(|entry| entry.quantity > 0)
        .collect();
    if all.is_empty() {
        return Err(OrderError::NothingToDeliver);
    }
    Ok(all)
}

/// A delivery of all that is under way is always accepted.
fn check_count(ledger: &Ledger, lines: &[LineQuantity]) -> Result<(), OrderError> {
    let delivering: i64 = lines.iter().map(|entry| entry.quantity).sum();
    let all: i64 = ledger
        .lines
        .iter()
        .map(|line| deliverable(ledger, line, None))
        .sum();
    if ledger.deliveries.count() >= DELIVERIES_MAX && delivering < all {
        return Err(OrderError::TooManyDeliveries {
            limit: DELIVERIES_MAX,
        });
    }
    Ok(())
}

impl Ledger {
    /// The place of a shipment that a command names; none where it names none.
    pub(super) fn find_shipment(
        &self,
        reference: Option<&str>,
    ) -> Result<Option<usize>, OrderError> {
        let Some(reference) = reference else {
            return Ok(None);
        };
        match self.shipments.position(reference) {
            Some(position) => Ok(Some(position)),
            None => Err(OrderError::ShipmentNotFound {
                shipment: reference.to_owned(),
            }),
        }
    }
}
