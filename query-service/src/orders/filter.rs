//! Which orders a list asks for: typed values only, so that nothing a caller writes can become an operator.

use chrono::NaiveDate;
use orderfold_events::{
    Currency, CustomerId, OrderId, OrderNumber, Timestamp, closed_list,
    order::{FulfilmentStatus, Lifecycle, PaymentStatus, Terms},
};
use serde::Serialize;

use crate::database::reading::{Direction, SortKey, SortKind};

/// What a list of orders is narrowed to. Of several values any may match; an empty list does not narrow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct OrderFilter {
    /// Only this customer's, whatever else is asked for: a customer sees only their own.
    pub owner: Option<CustomerId>,
    /// None: all but drafts and what became of them without being placed.
    pub lifecycle: Vec<Lifecycle>,
    pub payment_status: Vec<PaymentStatus>,
    pub fulfilment_status: Vec<FulfilmentStatus>,
    pub on_hold: Option<bool>,
    pub to_ship: Option<bool>,
    pub refund_due: Option<bool>,
    pub channel: Vec<String>,
    pub currency: Vec<Currency>,
    pub terms: Vec<Terms>,
    pub customer_id: Vec<CustomerId>,
    /// First instant in; and first instant out.
    pub placed: (Option<Timestamp>, Option<Timestamp>),
    pub updated: (Option<Timestamp>, Option<Timestamp>),
    /// First day out.
    pub due_before: Option<NaiveDate>,
    /// Minor units of the one currency, both in.
    pub total: (Option<i64>, Option<i64>),
    pub sku: Vec<String>,
    pub tag: Vec<String>,
    pub reference: Vec<String>,
    pub customer_reference: Vec<String>,
    pub payment_reference: Vec<String>,
    pub tracking_number: Vec<String>,
    pub ids: Names,
    /// Words that all have to be found: of the order, or of its customer.
    pub q: Vec<String>,
}

/// Orders by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Names {
    pub ids: Vec<OrderId>,
    pub numbers: Vec<OrderNumber>,
}

closed_list! {
    /// The order of a list; rows with the same value are told apart by their id.
    OrderSort {
        PlacedAt = "placed_at", PlacedAtDescending = "-placed_at", UpdatedAt = "updated_at",
        UpdatedAtDescending = "-updated_at", TotalSales = "total_sales", TotalSalesDescending = "-total_sales",
        Number = "number", NumberDescending = "-number",
    }
}

closed_list! {
    /// What matching orders are counted by.
    Facet {
        Lifecycle = "lifecycle", PaymentStatus = "payment_status", FulfilmentStatus = "fulfilment_status",
        OnHold = "on_hold", Channel = "channel", Currency = "currency",
    }
}

impl OrderFilter {
    /// Whether amounts are compared without being of one currency.
    #[must_use]
    pub fn mixes_currencies(&self, sort: OrderSort) -> bool {
        let compares = self.total != (None, None) || sort.by_total();
        compares && self.currency.len() != 1
    }

    /// The filter without what it says about the member that a facet counts by.
    #[must_use]
    pub fn but(&self, facet: Facet) -> Self {
        let mut filter = self.clone();
        match facet {
            Facet::Lifecycle => filter.lifecycle.clear(),
            Facet::PaymentStatus => filter.payment_status.clear(),
            Facet::FulfilmentStatus => filter.fulfilment_status.clear(),
            Facet::OnHold => filter.on_hold = None,
            Facet::Channel => filter.channel.clear(),
            // Without their currency amounts would mean something else.
            Facet::Currency if self.total != (None, None) => {}
            Facet::Currency => filter.currency.clear(),
        }
        filter
    }
}

impl OrderSort {
    const fn by_total(self) -> bool {
        matches!(self, Self::TotalSales | Self::TotalSalesDescending)
    }

    /// How rows are sorted where they are stored.
    #[must_use]
    pub const fn key(self) -> SortKey {
        let (member, kind) = match self {
            Self::PlacedAt | Self::PlacedAtDescending => ("listed_at", SortKind::Instant),
            Self::UpdatedAt | Self::UpdatedAtDescending => ("updated_at", SortKind::Instant),
            Self::TotalSales | Self::TotalSalesDescending => {
                ("totals.total_sales", SortKind::Figure)
            }
            Self::Number | Self::NumberDescending => ("number_rank", SortKind::Figure),
        };
        let direction = match self {
            Self::PlacedAt | Self::UpdatedAt | Self::TotalSales | Self::Number => {
                Direction::Ascending
            }
            Self::PlacedAtDescending
            | Self::UpdatedAtDescending
            | Self::TotalSalesDescending
            | Self::NumberDescending => Direction::Descending,
        };
        SortKey {
            member,
            kind,
            direction,
        }
    }
}
