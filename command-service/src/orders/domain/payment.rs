//! Recording a payment: money that came in is never refused for its amount, nor for what became of the order.

use orderfold_events::order::{Lifecycle, OrderEvent, OrderFact, PaymentRecorded};

use super::{OrderError, RecordPayment, limits::PAYMENTS_MAX, recorder::Recorder, state::Ledger};

pub(super) fn record(
    lifecycle: Lifecycle,
    ledger: &Ledger,
    command: &RecordPayment,
) -> Result<Vec<OrderEvent>, OrderError> {
    if ledger
        .payments
        .repeats(&command.reference, &command.content)?
    {
        return Ok(Vec::new());
    }
    ledger.check_time(command.occurred_at)?;
    let balance = ledger.totals.balance;
    let settles = balance > 0 && command.amount >= balance;
    if ledger.payments.count() >= PAYMENTS_MAX && !settles {
        return Err(OrderError::TooManyPayments {
            limit: PAYMENTS_MAX,
        });
    }
    let mut recorder = Recorder::new(lifecycle, ledger.clone());
    recorder.record(OrderFact::PaymentRecorded(PaymentRecorded {
        reference: command.reference.clone(),
        amount: command.amount,
        method: command.method,
        content: command.content.clone(),
    }))?;
    recorder.finish()
}
