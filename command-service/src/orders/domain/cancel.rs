//! Cancelling open units: those that are neither cancelled nor shipped yet.

use orderfold_events::{
    Personal,
    order::{
        CancelReason, Cancelled, ItemsCancelled, Lifecycle, LineQuantity, OrderEvent, OrderFact,
    },
    personal::Note,
};

use super::{
    Cancel, DistinctLines, OrderError, Requester,
    lines::open_units,
    recorder::{Recorder, reversal, totals_after},
    state::Ledger,
};

pub(super) fn cancel(
    lifecycle: Lifecycle,
    ledger: &Ledger,
    command: &Cancel,
) -> Result<Vec<OrderEvent>, OrderError> {
    if repeats(ledger, command.lines.as_ref()) {
        return Ok(Vec::new());
    }
    ledger.check_time(command.occurred_at)?;
    match (command.requester, lifecycle) {
        (Requester::Trader, _) | (Requester::Customer, Lifecycle::Placed) => {}
        (
            Requester::Customer,
            Lifecycle::Draft
            | Lifecycle::Confirmed
            | Lifecycle::Cancelled
            | Lifecycle::Completed
            | Lifecycle::Discarded,
        ) => return Err(OrderError::WrongState { lifecycle }),
    }
    let lines = open_units(ledger, command.lines.as_ref())?;
    let fact = fact(ledger, command.reason, lines, command.note.clone())?;
    let mut recorder = Recorder::new(lifecycle, ledger.clone());
    recorder.record(fact)?;
    recorder.finish()
}

/// Whether all that is to be cancelled is cancelled already. Where units are still open the command means those.
fn repeats(ledger: &Ledger, lines: Option<&DistinctLines>) -> bool {
    match lines {
        None => {
            let units = ledger.units();
            units.open() == 0 && units.cancelled > 0
        }
        Some(lines) => lines.iter().all(|entry| {
            ledger
                .line(entry.line)
                .is_ok_and(|line| line.units().open() == 0 && entry.quantity <= line.cancelled)
        }),
    }
}

/// The last unit of an order takes the whole order, and all its adjustments, with it.
fn fact(
    ledger: &Ledger,
    reason: CancelReason,
    lines: Vec<LineQuantity>,
    note: Option<String>,
) -> Result<OrderFact, OrderError> {
    let personal = Personal::plain(Note { note });
    let cancelling: i64 = lines.iter().map(|entry| entry.quantity).sum();
    if ledger.units().wanted() == cancelling {
        return Ok(OrderFact::Cancelled(Cancelled {
            reason,
            lines,
            personal,
        }));
    }
    let mut cancelled = ItemsCancelled {
        reason,
        lines,
        adjustments: Vec::new(),
        personal,
    };
    let totals = totals_after(ledger, &OrderFact::ItemsCancelled(cancelled.clone()))?;
    cancelled
        .adjustments
        .extend(reversal(&totals, ledger.adjustments.next_number()));
    Ok(OrderFact::ItemsCancelled(cancelled))
}
