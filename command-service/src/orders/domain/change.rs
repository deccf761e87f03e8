//! What one fact changes: figures after minus figures before, for the order and for each line it touches. Readers add
//! these up and never compute them again.

use orderfold_events::{
    MoneyError,
    order::{Adjustment, Amended, Change, LineChange, OrderFact, Totals},
};

use super::{figures::Taxed, line::Line, state::Ledger};

/// The change that a fact makes which is about to be booked in `before`.
pub(super) fn of(before: &Ledger, fact: &OrderFact) -> Result<Change, MoneyError> {
    let mut change = Changes::default();
    match fact {
        OrderFact::Placed(placed) => {
            for (number, line) in before.numbered() {
                change.reorder(number, None, line)?;
            }
            change.adjust(&placed.adjustments)?;
        }
        OrderFact::ItemsCancelled(cancelled) => {
            for entry in &cancelled.lines {
                let lost = change.drop_units(before, entry.line, entry.quantity)?;
                add(&mut change.totals.cancellations, lost)?;
            }
            change.adjust(&cancelled.adjustments)?;
        }
        OrderFact::Cancelled(cancelled) => {
            for entry in &cancelled.lines {
                let lost = change.drop_units(before, entry.line, entry.quantity)?;
                add(&mut change.totals.cancellations, lost)?;
            }
            change.void(before);
        }
        OrderFact::Amended(amended) => change.amend(before, amended)?,
        OrderFact::ReturnRecorded(returned) => {
            for entry in &returned.lines {
                let lost = change.drop_units(before, entry.line, entry.quantity)?;
                add(&mut change.totals.returns, lost)?;
            }
            change.adjust(&returned.adjustments)?;
        }
        OrderFact::PaymentRecorded(payment) => change.totals.payments = payment.amount,
        OrderFact::RefundRecorded(refund) => {
            change.totals.refunds = refund.amount;
            change.adjust(&refund.adjustments)?;
        }
        OrderFact::Drafted(_)
        | OrderFact::DraftChanged(_)
        | OrderFact::Discarded(_)
        | OrderFact::Held(_)
        | OrderFact::Released(_)
        | OrderFact::DetailsUpdated(_)
        | OrderFact::NoteAdded(_)
        | OrderFact::Confirmed(_)
        | OrderFact::ShipmentRecorded(_)
        | OrderFact::DeliveryRecorded(_)
        | OrderFact::Completed(_) => {}
    }
    change.close()
}

/// A change in the making: its own figures first, the sums over them at the end.
#[derive(Default)]
struct Changes {
    totals: Totals,
    lines: Vec<LineChange>,
}

impl Changes {
    /// A line as it is ordered now, of which nothing was cancelled or returned; `before` is what it was, where it is not
    /// new to the order.
    fn reorder(
        &mut self,
        number: u32,
        before: Option<&Line>,
        after: &Line,
    ) -> Result<(), MoneyError> {
        let old = before.map(Booked::of).transpose()?.unwrap_or_default();
        let new = Booked::of(after)?;
        add(&mut self.totals.units, new.units - old.units)?;
        add(&mut self.totals.gross_sales, new.gross - old.gross)?;
        let (lost_now, lost_before) = (new.discount()?, old.discount()?);
        add(&mut self.totals.discounts, lost_now - lost_before)?;
        add(&mut self.totals.taxes, new.worth.tax - old.worth.tax)?;
        self.lines.push(LineChange {
            line: number,
            sku: after.ordered.sku.clone(),
            units: new.units - old.units,
            net: new.worth.net - old.worth.net,
            tax: new.worth.tax - old.worth.tax,
        });
        Ok(())
    }

    fn amend(&mut self, before: &Ledger, amended: &Amended) -> Result<(), MoneyError> {
        for line in &amended.lines {
            let after = Line::new(line, before.prices_include_tax);
            self.reorder(line.line, before.line(line.line).ok(), &after)?;
        }
        for entry in &amended.cancelled {
            let lost = self.drop_units(before, entry.line, entry.quantity)?;
            add(&mut self.totals.cancellations, lost)?;
        }
        if before.ended_by(amended) {
            self.void(before);
            return Ok(());
        }
        self.adjust(&amended.adjustments)
    }

    /// Nothing is left to charge: all adjustments, and all taxes, are void.
    fn void(&mut self, before: &Ledger) {
        self.totals.adjustments = -before.totals.adjustments;
        self.totals.taxes = -before.totals.taxes;
    }

    /// Units that are no longer chargeable; answers what they were worth without tax.
    fn drop_units(&mut self, before: &Ledger, line: u32, units: i64) -> Result<i64, MoneyError> {
        let Ok(known) = before.line(line) else {
            return Ok(0);
        };
        let chargeable = known.units().chargeable();
        let had = known.terms.worth(chargeable)?;
        let left = known.terms.worth(chargeable - units)?;
        add(&mut self.totals.taxes, left.tax - had.tax)?;
        self.lines.push(LineChange {
            line,
            sku: known.ordered.sku.clone(),
            units: 0,
            net: left.net - had.net,
            tax: left.tax - had.tax,
        });
        Ok(had.net - left.net)
    }

    fn adjust(&mut self, adjustments: &[Adjustment]) -> Result<(), MoneyError> {
        for adjustment in adjustments {
            add(&mut self.totals.adjustments, adjustment.net)?;
            add(&mut self.totals.taxes, adjustment.tax)?;
        }
        Ok(())
    }

    fn close(mut self) -> Result<Change, MoneyError> {
        let totals = &mut self.totals;
        for (figure, sign) in [
            (totals.gross_sales, 1),
            (totals.discounts, -1),
            (totals.cancellations, -1),
            (totals.returns, -1),
        ] {
            add(&mut totals.net_sales, sign * figure)?;
        }
        for figure in [totals.net_sales, totals.adjustments, totals.taxes] {
            add(&mut totals.total_sales, figure)?;
        }
        for figure in [totals.total_sales, -totals.payments, totals.refunds] {
            add(&mut totals.balance, figure)?;
        }
        Ok(Change {
            totals: self.totals,
            lines: self.lines,
        })
    }
}

/// What a whole line books.
#[derive(Default)]
struct Booked {
    units: i64,
    gross: i64,
    worth: Taxed,
}

impl Booked {
    fn of(line: &Line) -> Result<Self, MoneyError> {
        let units = line.terms.quantity;
        Ok(Self {
            units,
            gross: line.terms.gross_net()?,
            worth: line.terms.worth(units)?,
        })
    }

    fn discount(&self) -> Result<i64, MoneyError> {
        self.gross
            .checked_sub(self.worth.net)
            .ok_or(MoneyError::OutOfRange)
    }
}

fn add(figure: &mut i64, amount: i64) -> Result<(), MoneyError> {
    *figure = figure.checked_add(amount).ok_or(MoneyError::OutOfRange)?;
    Ok(())
}
