//! Turns accepted facts into events: books each in a copy of the ledger, so that its change and the summary after it
//! are computed from one truth, and adds what follows of itself.

use orderfold_events::{
    MoneyError, TaxRate,
    money::AMOUNT_MAX,
    order::{
        Adjustment, AdjustmentKind, Completed, Confirmed, Lifecycle, OrderEvent, OrderFact, Totals,
    },
};

use super::{
    OrderError, change,
    state::{Ledger, Order},
};

pub(super) struct Recorder {
    lifecycle: Lifecycle,
    ledger: Ledger,
    events: Vec<OrderEvent>,
}

impl Recorder {
    pub fn new(lifecycle: Lifecycle, ledger: Ledger) -> Self {
        Self {
            lifecycle,
            ledger,
            events: Vec::with_capacity(2),
        }
    }

    /// Books one fact.
    pub fn record(&mut self, fact: OrderFact) -> Result<(), OrderError> {
        let change = change::of(&self.ledger, &fact)?;
        let totals = after(&self.ledger, &change.totals)?;
        self.lifecycle = Order::lifecycle_after(self.lifecycle, &fact);
        self.ledger.book(&fact);
        self.ledger.totals = totals;
        self.events.push(OrderEvent {
            summary: self.ledger.summary(self.lifecycle),
            change,
            fact,
        });
        Ok(())
    }

    /// Goods that leave a placed order confirm it first.
    pub fn confirm_first(&mut self) -> Result<(), OrderError> {
        match self.lifecycle {
            Lifecycle::Placed => self.record(OrderFact::Confirmed(Confirmed {})),
            Lifecycle::Draft
            | Lifecycle::Confirmed
            | Lifecycle::Cancelled
            | Lifecycle::Completed
            | Lifecycle::Discarded => Ok(()),
        }
    }

    /// The events; with `completed` at their end where nothing is left to come and nothing is owed.
    pub fn finish(mut self) -> Result<Vec<OrderEvent>, OrderError> {
        let settled = self.ledger.units().all_settled() && self.ledger.totals.balance <= 0;
        if self.lifecycle == Lifecycle::Confirmed && settled {
            self.record(OrderFact::Completed(Completed {}))?;
        }
        Ok(self.events)
    }
}

/// The totals once a fact is booked.
pub(super) fn totals_after(ledger: &Ledger, fact: &OrderFact) -> Result<Totals, OrderError> {
    after(ledger, &change::of(ledger, fact)?.totals)
}

fn after(ledger: &Ledger, change: &Totals) -> Result<Totals, OrderError> {
    ledger
        .totals
        .checked_add(change)
        .ok_or_else(|| MoneyError::OutOfRange.into())
}

/// What brings a total below zero back to zero: first the tax that `taxes` lacks, the rest as amount.
pub(super) fn reversal(totals: &Totals, number: u32) -> Option<Adjustment> {
    let missing = -totals.total_sales;
    if missing <= 0 {
        return None;
    }
    let tax = (-totals.taxes).max(0);
    let amount = missing - tax;
    Some(Adjustment {
        number,
        kind: AdjustmentKind::Reversal,
        label: None,
        amount,
        tax_rate: TaxRate::ZERO,
        net: amount,
        tax,
    })
}

impl From<MoneyError> for OrderError {
    /// Lines are checked one by one before, so that what is left to go wrong is their sum.
    fn from(_: MoneyError) -> Self {
        Self::TotalTooLarge { limit: AMOUNT_MAX }
    }
}
