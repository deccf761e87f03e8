//! Recording a return: units that had arrived, and units that never did.

use orderfold_events::{
    money::AMOUNT_MAX,
    order::{
        Lifecycle, LineQuantity, OrderEvent, OrderFact, ReturnRecorded, ReturnedUnits, Totals,
    },
};

use super::{
    OrderError, RecordReturn, figures,
    limits::RETURNS_MAX,
    line::Parcel,
    lines::check_available,
    recorder::{Recorder, reversal, totals_after},
    state::Ledger,
};

pub(super) fn record(
    lifecycle: Lifecycle,
    ledger: &Ledger,
    command: &RecordReturn,
) -> Result<Vec<OrderEvent>, OrderError> {
    if ledger
        .returns
        .repeats(&command.reference, &command.content)?
    {
        return Ok(Vec::new());
    }
    ledger.check_time(command.occurred_at)?;
    match lifecycle {
        Lifecycle::Placed | Lifecycle::Confirmed | Lifecycle::Completed => {}
        Lifecycle::Draft | Lifecycle::Cancelled | Lifecycle::Discarded => {
            return Err(OrderError::WrongState { lifecycle });
        }
    }
    let shipment = ledger.find_shipment(command.shipment.as_deref())?;
    let lines = command
        .lines
        .iter()
        .map(|entry| returned_units(ledger, shipment, *entry, command.undelivered))
        .collect::<Result<Vec<_>, _>>()?;
    check_counts(ledger, &lines, command.adjustments.len())?;
    let fact = fact(ledger, command, lines)?;
    let mut recorder = Recorder::new(lifecycle, ledger.clone());
    recorder.record(fact)?;
    recorder.finish()
}

/// Where the units of one line come from: delivered ones first, or those under way where they never arrived.
fn returned_units(
    ledger: &Ledger,
    shipment: Option<usize>,
    asked: LineQuantity,
    undelivered: bool,
) -> Result<ReturnedUnits, OrderError> {
    let line = ledger.line(asked.line)?;
    let in_transit: i64 = line.parcels_of(shipment).map(Parcel::in_transit).sum();
    let with_customer: i64 = line.parcels_of(shipment).map(Parcel::with_customer).sum();
    check_available(asked, in_transit + with_customer)?;
    let never_arrived = if undelivered {
        asked.quantity.min(in_transit)
    } else {
        (asked.quantity - with_customer).max(0)
    };
    Ok(ReturnedUnits {
        line: asked.line,
        quantity: asked.quantity,
        undelivered: never_arrived,
    })
}

/// A return of all that is left to return is always accepted.
fn check_counts(
    ledger: &Ledger,
    lines: &[ReturnedUnits],
    adjustments: usize,
) -> Result<(), OrderError> {
    let returning: i64 = lines.iter().map(|entry| entry.quantity).sum();
    let units = ledger.units();
    if ledger.returns.count() >= RETURNS_MAX && returning < units.shipped - units.returned {
        return Err(OrderError::TooManyReturns { limit: RETURNS_MAX });
    }
    ledger.adjustments.check_room(adjustments)
}

fn fact(
    ledger: &Ledger,
    command: &RecordReturn,
    lines: Vec<ReturnedUnits>,
) -> Result<OrderFact, OrderError> {
    let mut returned = ReturnRecorded {
        reference: command.reference.clone(),
        shipment: command.shipment.clone(),
        reason: command.reason,
        condition: command.condition,
        undelivered: command.undelivered,
        lines,
        adjustments: figures::price_adjustments(
            &command.adjustments,
            ledger.adjustments.last_number,
            ledger.prices_include_tax,
        )?,
        content: command.content.clone(),
    };
    let totals = totals_after(ledger, &OrderFact::ReturnRecorded(returned.clone()))?;
    check_bounds(command, &totals)?;
    let number = returned
        .adjustments
        .last()
        .map_or(ledger.adjustments.last_number, |last| last.number)
        .saturating_add(1);
    returned.adjustments.extend(reversal(&totals, number));
    Ok(OrderFact::ReturnRecorded(returned))
}

/// Goods that come back are never refused for their value; adjustments that a caller adds may be.
fn check_bounds(command: &RecordReturn, totals: &Totals) -> Result<(), OrderError> {
    if !command.adjustments.is_empty() && figures::beyond_bounds(totals) {
        return Err(OrderError::TotalTooLarge { limit: AMOUNT_MAX });
    }
    Ok(())
}
