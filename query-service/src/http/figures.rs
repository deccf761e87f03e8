//! The figures of an order, of a customer or of a report as callers see them.

use orderfold_events::order::Totals;
use serde::Serialize;
use utoipa::ToSchema;

/// Amounts in minor units of the enclosing object's currency; every one excludes tax but `taxes`, `total_sales`,
/// `payments`, `refunds` and `balance`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Figures {
    /// Units ordered.
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

impl From<Totals> for Figures {
    fn from(totals: Totals) -> Self {
        Self {
            units: totals.units,
            gross_sales: totals.gross_sales,
            discounts: totals.discounts,
            cancellations: totals.cancellations,
            returns: totals.returns,
            net_sales: totals.net_sales,
            adjustments: totals.adjustments,
            taxes: totals.taxes,
            total_sales: totals.total_sales,
            payments: totals.payments,
            refunds: totals.refunds,
            balance: totals.balance,
        }
    }
}
