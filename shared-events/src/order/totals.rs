//! The figures of an order, and what one event changed of them. They are computed by the aggregate and only added up
//! by readers; every figure excludes tax but `taxes` itself, and all are in minor units of the order's currency.

use serde::{Deserialize, Serialize};

/// The figures of one order after an event. `units` is the number ordered; all else is money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    pub units: i64,
    pub gross_sales: i64,
    pub discounts: i64,
    pub cancellations: i64,
    pub returns: i64,
    /// `gross_sales − discounts − cancellations − returns`.
    pub net_sales: i64,
    pub adjustments: i64,
    pub taxes: i64,
    /// `net_sales + adjustments + taxes`.
    pub total_sales: i64,
    pub payments: i64,
    pub refunds: i64,
    /// `total_sales − payments + refunds`.
    pub balance: i64,
}

impl Totals {
    /// Every figure of both together, `None` on overflow.
    #[must_use]
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        self.combine(other, i64::checked_add)
    }

    /// Every figure less that of the other, `None` on overflow.
    #[must_use]
    pub fn checked_sub(&self, other: &Self) -> Option<Self> {
        self.combine(other, i64::checked_sub)
    }

    fn combine(&self, other: &Self, op: fn(i64, i64) -> Option<i64>) -> Option<Self> {
        Some(Self {
            units: op(self.units, other.units)?,
            gross_sales: op(self.gross_sales, other.gross_sales)?,
            discounts: op(self.discounts, other.discounts)?,
            cancellations: op(self.cancellations, other.cancellations)?,
            returns: op(self.returns, other.returns)?,
            net_sales: op(self.net_sales, other.net_sales)?,
            adjustments: op(self.adjustments, other.adjustments)?,
            taxes: op(self.taxes, other.taxes)?,
            total_sales: op(self.total_sales, other.total_sales)?,
            payments: op(self.payments, other.payments)?,
            refunds: op(self.refunds, other.refunds)?,
            balance: op(self.balance, other.balance)?,
        })
    }
}

/// What one event changed: figures after minus before, and the same for each line it touched.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Change {
    #[serde(flatten)]
    pub totals: Totals,
    pub lines: Vec<LineChange>,
}

/// What one event changed on one line. `units` is the change of units ordered, so that the lines sum to the totals;
/// `net` and `tax` are the change of what is still chargeable, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineChange {
    pub line: u32,
    /// Repeated from the line, so that a report by SKU needs no other event.
    pub sku: String,
    pub units: i64,
    pub net: i64,
    pub tax: i64,
}
