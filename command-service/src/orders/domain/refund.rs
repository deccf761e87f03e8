//! Recording a refund: money that went back, never more than came in, and never more than is owed back unless a bank
//! took it.

use orderfold_events::order::{
    Lifecycle, OrderEvent, OrderFact, RefundReason, RefundRecorded, Totals,
};

use super::{
    OrderError, RecordRefund, figures,
    limits::REFUNDS_MAX,
    recorder::{Recorder, totals_after},
    state::Ledger,
};

pub(super) fn record(
    lifecycle: Lifecycle,
    ledger: &Ledger,
    command: &RecordRefund,
) -> Result<Vec<OrderEvent>, OrderError> {
    if ledger
        .refunds
        .repeats(&command.reference, &command.content)?
    {
        return Ok(Vec::new());
    }
    ledger.check_time(command.occurred_at)?;
    check_references(ledger, command)?;
    ledger.adjustments.check_room(command.adjustments.len())?;
    let fact = OrderFact::RefundRecorded(RefundRecorded {
        reference: command.reference.clone(),
        amount: command.amount,
        reason: command.reason,
        payment: command.payment.clone(),
        return_reference: command.return_reference.clone(),
        adjustments: figures::price_adjustments(
            &command.adjustments,
            ledger.adjustments.last_number,
            ledger.prices_include_tax,
        )?,
        content: command.content.clone(),
    });
    let totals = totals_after(ledger, &fact)?;
    check_totals(command, &totals)?;
    let settles = totals.balance == 0 || totals.refunds == totals.payments;
    if ledger.refunds.count() >= REFUNDS_MAX && !settles {
        return Err(OrderError::TooManyRefunds { limit: REFUNDS_MAX });
    }
    let mut recorder = Recorder::new(lifecycle, ledger.clone());
    recorder.record(fact)?;
    recorder.finish()
}

/// The payment and the return that it names must exist; they cap nothing.
fn check_references(ledger: &Ledger, command: &RecordRefund) -> Result<(), OrderError> {
    if let Some(payment) = &command.payment
        && ledger.payments.position(payment).is_none()
    {
        return Err(OrderError::PaymentNotFound {
            payment: payment.clone(),
        });
    }
    if let Some(returned) = &command.return_reference
        && ledger.returns.position(returned).is_none()
    {
        return Err(OrderError::ReturnNotFound {
            returned: returned.clone(),
        });
    }
    Ok(())
}

fn check_totals(command: &RecordRefund, totals: &Totals) -> Result<(), OrderError> {
    let requested = command.amount;
    if totals.refunds > totals.payments {
        return Err(OrderError::RefundExceedsPayments {
            requested,
            available: totals.payments - (totals.refunds - requested),
        });
    }
    if !command.adjustments.is_empty() {
        figures::check_bounds(totals)?;
    }
    match command.reason {
        RefundReason::Chargeback | RefundReason::Reversal => Ok(()),
        RefundReason::Return
        | RefundReason::Cancellation
        | RefundReason::Goodwill
        | RefundReason::Overpayment
        | RefundReason::Other => {
            if totals.balance > 0 {
                return Err(OrderError::RefundExceedsDue {
                    requested,
                    available: (requested - totals.balance).max(0),
                });
            }
            Ok(())
        }
    }
}
