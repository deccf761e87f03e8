//! What an amendment makes of one line: fewer units, or the same line ordered anew.

use orderfold_events::order::{self, LineQuantity, LineTax};

use super::{
    AmendLine, CustomerStanding, OrderError, figures::LineTerms, line::Line,
    lines::check_available, state::Ledger,
};

pub(super) enum Revision {
    None,
    /// Units that are not wanted any more.
    Cancels(LineQuantity),
    /// The line as it is ordered from now on.
    Reorders(Box<order::Line>),
}

pub(super) fn revise(
    ledger: &Ledger,
    entry: &AmendLine,
    customer: CustomerStanding,
) -> Result<Revision, OrderError> {
    let number = entry.line;
    let line = ledger.line(number)?;
    if entry.is_met_by(line) {
        return Ok(Revision::None);
    }
    let wanted = line.units().wanted();
    let quantity = entry.quantity.unwrap_or(wanted);
    if quantity < wanted {
        if entry.reprices(line) {
            return Err(OrderError::LoweredAndRepriced { line: number });
        }
        let units = LineQuantity {
            line: number,
            quantity: wanted - quantity,
        };
        check_available(units, line.units().open())?;
        return Ok(Revision::Cancels(units));
    }
    // Shares of what was cancelled, shipped or returned were booked on the old terms.
    if line.cancelled > 0 || !line.parcels.is_empty() {
        return Err(OrderError::LineUnderWay { line: number });
    }
    let tax = match (entry.tax, line.terms.tax) {
        (Some(tax), _) => tax,
        (None, rate @ LineTax::Rate(_)) => rate,
        (None, LineTax::Amount(_)) => return Err(OrderError::TaxRequired { line: number }),
    };
    let reordered = order::Line {
        quantity,
        unit_price: entry.unit_price.unwrap_or(line.terms.unit_price),
        discount: entry.discount.unwrap_or(line.terms.discount),
        tax,
        ..line.ordered.clone()
    };
    ledger.check_line(&reordered)?;
    let raises = quantity > wanted || costs_more(&ledger.terms_of(&reordered), &line.terms)?;
    if raises {
        customer.check_not_erased()?;
    }
    Ok(Revision::Reorders(Box::new(reordered)))
}

/// Whether the value of a line or the tax on it is above what it was.
fn costs_more(after: &LineTerms, before: &LineTerms) -> Result<bool, OrderError> {
    let (new, old) = (after.worth(after.quantity)?, before.worth(before.quantity)?);
    Ok(after.value()? > before.value()? || new.tax > old.tax)
}

impl AmendLine {
    /// Whether the line is already as the entry wants it.
    pub(super) fn is_met_by(&self, line: &Line) -> bool {
        let same_quantity = self
            .quantity
            .is_none_or(|quantity| quantity == line.units().wanted());
        same_quantity && !self.reprices(line)
    }

    /// Whether it gives the line another price, discount or tax; repeating the present one is none.
    fn reprices(&self, line: &Line) -> bool {
        let terms = &line.terms;
        self.unit_price
            .is_some_and(|price| price != terms.unit_price)
            || self
                .discount
                .is_some_and(|discount| discount != terms.discount)
            || self.tax.is_some_and(|tax| tax != terms.tax)
    }
}

impl Ledger {
    pub(super) fn terms_of(&self, line: &order::Line) -> LineTerms {
        LineTerms::of(line, self.prices_include_tax)
    }

    pub(super) fn check_line(&self, line: &order::Line) -> Result<(), OrderError> {
        self.terms_of(line)
            .check()
            .map_err(|rule| OrderError::InvalidLine {
                line: line.line,
                rule,
            })
    }
}
