//! What lines and adjustments are worth. Amounts are minor units, products are 128 bits wide, and every figure
//! excludes tax, also where prices include it.

use orderfold_events::{
    MoneyError, TaxRate,
    money::{AMOUNT_MAX, share},
    order::{Adjustment, LineTax, Terms, Totals},
};
use serde::{Deserialize, Serialize};

use super::{OrderError, command::NewAdjustment, error::LineRule, limits::QUANTITY_MAX};

/// What decides the money of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineTerms {
    pub quantity: i64,
    pub unit_price: i64,
    pub discount: i64,
    pub tax: LineTax,
    pub prices_include_tax: bool,
}

/// Money without tax, and the tax on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taxed {
    pub net: i64,
    pub tax: i64,
}

impl LineTerms {
    pub(super) fn of(line: &orderfold_events::order::Line, prices_include_tax: bool) -> Self {
        Self {
            quantity: line.quantity,
            unit_price: line.unit_price,
            discount: line.discount,
            tax: line.tax,
            prices_include_tax,
        }
    }

    /// Checks what the line alone decides.
    ///
    /// # Errors
    /// The first [`LineRule`] that is broken.
    pub fn check(&self) -> Result<(), LineRule> {
        if !(1..=QUANTITY_MAX).contains(&self.quantity) {
            return Err(LineRule::Quantity);
        }
        if !(0..=AMOUNT_MAX).contains(&self.unit_price) {
            return Err(LineRule::UnitPrice);
        }
        let gross = self.gross().map_err(|_too_wide| LineRule::UnitPrice)?;
        if !(0..=gross).contains(&self.discount) {
            return Err(LineRule::Discount);
        }
        let LineTax::Amount(tax) = self.tax else {
            return Ok(());
        };
        let value = gross - self.discount;
        if !(0..=AMOUNT_MAX).contains(&tax) {
            Err(LineRule::Tax)
        } else if value == 0 && tax != 0 {
            Err(LineRule::TaxWithoutValue)
        } else if self.prices_include_tax && tax > value {
            Err(LineRule::TaxAboveValue)
        } else {
            Ok(())
        }
    }

    /// Unit price × quantity as given: including tax where prices do.
    fn gross(&self) -> Result<i64, MoneyError> {
        self.unit_price
            .checked_mul(self.quantity)
            .ok_or(MoneyError::OutOfRange)
    }

    /// Gross less discount, as given.
    pub(super) fn value(&self) -> Result<i64, MoneyError> {
        self.gross()?
            .checked_sub(self.discount)
            .ok_or(MoneyError::OutOfRange)
    }

    /// The gross without tax.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] when it does not fit.
    pub fn gross_net(&self) -> Result<i64, MoneyError> {
        let gross = self.gross()?;
        let tax = match (self.prices_include_tax, self.tax) {
            (false, _) | (true, LineTax::Amount(0)) => 0,
            (true, LineTax::Rate(rate)) => rate.within(gross)?,
            (true, LineTax::Amount(tax)) => share(tax, gross, self.value()?)?,
        };
        gross.checked_sub(tax).ok_or(MoneyError::OutOfRange)
    }

    /// What `units` of the line cost.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] when it does not fit.
    pub fn worth(&self, units: i64) -> Result<Taxed, MoneyError> {
        let value = share(self.value()?, units, self.quantity)?;
        let tax = match self.tax {
            LineTax::Rate(rate) if self.prices_include_tax => rate.within(value)?,
            LineTax::Rate(rate) => rate.on_top_of(value)?,
            LineTax::Amount(tax) => share(tax, units, self.quantity)?,
        };
        let included = if self.prices_include_tax { tax } else { 0 };
        Ok(Taxed {
            net: value - included,
            tax,
        })
    }
}

/// What an adjustment adds to the figures.
fn adjustment_worth(
    amount: i64,
    tax_rate: TaxRate,
    prices_include_tax: bool,
) -> Result<Taxed, MoneyError> {
    if prices_include_tax {
        let tax = tax_rate.within(amount)?;
        Ok(Taxed {
            net: amount - tax,
            tax,
        })
    } else {
        Ok(Taxed {
            net: amount,
            tax: tax_rate.on_top_of(amount)?,
        })
    }
}

/// The adjustments asked for, numbered after `last_number` and with what they add to the figures.
pub(super) fn price_adjustments(
    asked: &[NewAdjustment],
    last_number: u32,
    prices_include_tax: bool,
) -> Result<Vec<Adjustment>, MoneyError> {
    (last_number.saturating_add(1)..)
        .zip(asked)
        .map(|(number, new)| {
            let worth = adjustment_worth(new.amount, new.tax_rate, prices_include_tax)?;
            Ok(Adjustment {
                number,
                kind: new.kind,
                label: new.label.clone(),
                amount: new.amount,
                tax_rate: new.tax_rate,
                net: worth.net,
                tax: worth.tax,
            })
        })
        .collect()
}

/// What an on-account order binds of the customer's credit.
#[must_use]
pub fn exposure(terms: Terms, totals: &Totals) -> i64 {
    match terms {
        Terms::OnAccount => totals.balance.max(0),
        Terms::Prepaid => 0,
    }
}

/// Whether a figure of sales is beyond what one order may have. Payments are facts and have no such bound.
pub(super) fn beyond_bounds(totals: &Totals) -> bool {
    [
        totals.gross_sales,
        totals.discounts,
        totals.net_sales,
        totals.adjustments,
        totals.taxes,
        totals.total_sales,
    ]
    .iter()
    .any(|figure| figure.unsigned_abs() > AMOUNT_MAX.unsigned_abs())
}

/// Refuses a total that nobody may ask for: beyond the bound, or below zero.
pub(super) fn check_bounds(totals: &Totals) -> Result<(), OrderError> {
    if beyond_bounds(totals) {
        return Err(OrderError::TotalTooLarge { limit: AMOUNT_MAX });
    }
    if totals.total_sales < 0 {
        return Err(OrderError::TotalNegative {
            total_sales: totals.total_sales,
        });
    }
    Ok(())
}
