//! Taking an order on: by a person, or by the grace timer where its condition still holds.

use orderfold_events::order::{Confirmed, Lifecycle, OrderEvent, OrderFact, Terms};

use super::{Confirm, OrderError, Requester, recorder::Recorder, state::Ledger};

pub(super) fn confirm(
    lifecycle: Lifecycle,
    ledger: &Ledger,
    command: Confirm,
) -> Result<Vec<OrderEvent>, OrderError> {
    // Confirming what was confirmed is a repetition, whatever became of the order.
    if ledger.confirmed {
        return Ok(Vec::new());
    }
    match lifecycle {
        Lifecycle::Placed => {}
        Lifecycle::Draft
        | Lifecycle::Confirmed
        | Lifecycle::Cancelled
        | Lifecycle::Completed
        | Lifecycle::Discarded => return Err(OrderError::WrongState { lifecycle }),
    }
    match command.requester {
        Requester::Timer if !grace_is_over_for(ledger) => return Err(OrderError::NotDue),
        Requester::Timer | Requester::Trader | Requester::Customer => {}
    }
    let mut recorder = Recorder::new(lifecycle, ledger.clone());
    recorder.record(OrderFact::Confirmed(Confirmed {}))?;
    recorder.finish()
}

/// A timer may fire while the order changes: it confirms only what it was armed for.
fn grace_is_over_for(ledger: &Ledger) -> bool {
    let payable = match ledger.identity.terms {
        Terms::OnAccount => true,
        Terms::Prepaid => ledger.totals.balance <= 0,
    };
    payable && !ledger.holds.any_open()
}
