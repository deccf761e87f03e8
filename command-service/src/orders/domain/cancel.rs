//! Cancelling open units: those that are neither cancelled nor shipped yet.

use orderfold_events::{
    Personal,
    order::{
        CancelReason, Cancelled, ItemsCancelled, Lifecycle, LineQuantity, OrderEvent, OrderFact,
        Terms,
    },
    personal::Note,
};

use super::{
    Cancel, Circumstances, DistinctLines, OrderError, Requester,
    lines::open_units,
    recorder::{Recorder, reversal, totals_after},
    state::Ledger,
};

pub(super) fn cancel(
    lifecycle: Lifecycle,
    ledger: &Ledger,
    command: &Cancel,
    circumstances: &Circumstances,
) -> Result<Vec<OrderEvent>, OrderError> {
    if repeats(ledger, command.lines.as_ref()) {
        return Ok(Vec::new());
    }
    ledger.check_time(command.occurred_at)?;
    check_requester(lifecycle, ledger, command.requester)?;
    let lines = open_units(ledger, command.lines.as_ref())?;
    let note = circumstances.customer.kept(command.note.as_ref());
    let fact = fact(ledger, command.reason, lines, note)?;
    let mut recorder = Recorder::new(lifecycle, ledger.clone());
    recorder.record(fact)?;
    recorder.finish()
}

/// The business cancels what is open whenever it is; a customer only what is not taken on yet, and the timer only what
/// is still as unpaid as when it was armed.
fn check_requester(
    lifecycle: Lifecycle,
    ledger: &Ledger,
    requester: Requester,
) -> Result<(), OrderError> {
    match (requester, lifecycle) {
        (Requester::Trader, _) | (Requester::Customer, Lifecycle::Placed) => Ok(()),
        (Requester::Timer, Lifecycle::Placed) if still_unpaid(ledger) => Ok(()),
        (Requester::Timer, _) => Err(OrderError::NotDue),
        (
            Requester::Customer,
            Lifecycle::Draft
            | Lifecycle::Confirmed
            | Lifecycle::Cancelled
            | Lifecycle::Completed
            | Lifecycle::Discarded,
        ) => Err(OrderError::WrongState { lifecycle }),
    }
}

fn still_unpaid(ledger: &Ledger) -> bool {
    let totals = &ledger.totals;
    ledger.identity.terms == Terms::Prepaid
        && totals.balance > 0
        && totals.payments == totals.refunds
        && !ledger.holds.any_open()
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
