//! What one fact changes: figures after minus figures before, for the order and for each line it touches. Readers add
//! these up and never compute them again.

use orderfold_events::{
    MoneyError,
    order::{Adjustment, Change, LineChange, OrderFact, Totals},
};

use super::state::{Ledger, Line};

/// The change that a fact makes which is about to be booked in `before`.
pub(super) fn of(before: &Ledger, fact: &OrderFact) -> Result<Change, MoneyError> {
    let mut change = Changes::default();
    match fact {
        OrderFact::Placed(placed) => {
            for (number, line) in before.numbered() {
                change.add_line(number, line)?;
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
            change.totals.adjustments = -before.totals.adjustments;
            change.totals.taxes = -before.totals.taxes;
        }
        OrderFact::ReturnRecorded(returned) => {
            for entry in &returned.lines {
                let lost = change.drop_units(before, entry.line, entry.quantity)?;
                add(&mut change.totals.returns, lost)?;
            }
            change.adjust(&returned.adjustments)?;
        }
        OrderFact::PaymentRecorded(payment) => change.totals.payments = payment.amount,
        // CONTRACT: those from drafts on.
        OrderFact::Drafted(_)
        | OrderFact::DraftChanged(_)
        | OrderFact::Discarded(_)
        | OrderFact::Held(_)
        | OrderFact::Released(_)
        | OrderFact::Amended(_)
        | OrderFact::DetailsUpdated(_)
        | OrderFact::RefundRecorded(_)
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
    /// A line that is new to the order.
    fn add_line(&mut self, number: u32, line: &Line) -> Result<(), MoneyError> {
        let gross = line.terms.gross_net()?;
        let worth = line.terms.worth(line.terms.quantity)?;
        let discount = gross.checked_sub(worth.net).ok_or(MoneyError::OutOfRange)?;
        add(&mut self.totals.units, line.terms.quantity)?;
        add(&mut self.totals.gross_sales, gross)?;
        add(&mut self.totals.discounts, discount)?;
        add(&mut self.totals.taxes, worth.tax)?;
        self.lines.push(LineChange {
            line: number,
            sku: line.sku.clone(),
            units: line.terms.quantity,
            net: worth.net,
            tax: worth.tax,
        });
        Ok(())
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
            sku: known.sku.clone(),
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

fn add(figure: &mut i64, amount: i64) -> Result<(), MoneyError> {
    *figure = figure.checked_add(amount).ok_or(MoneyError::OutOfRange)?;
    Ok(())
}
