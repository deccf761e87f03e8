//! Facets as callers see them: how many orders of a list there are by lifecycle, channel and so on.

use orderfold_events::order::{FulfilmentStatus, Lifecycle, PaymentStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::{Facet, OrderFilter};
use crate::http::freshness::FreshnessBody;

/// Counting stops here.
pub const COUNT_MAX: u64 = 10_000;

/// How many of the matching orders have each value. A facet ignores its own filter.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FacetsBody {
    pub data: Facets,
    pub freshness: FreshnessBody,
}

/// The facets; values that no matching order has are left out.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Facets {
    pub lifecycle: Vec<FacetCount>,
    pub payment_status: Vec<FacetCount>,
    pub fulfilment_status: Vec<FacetCount>,
    pub on_hold: Vec<FacetCount>,
    pub channel: Vec<FacetCount>,
    pub currency: Vec<FacetCount>,
}

/// One value of a facet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FacetCount {
    /// As the filter of the same name takes it.
    pub value: String,
    /// At most 10000.
    pub count: u64,
    /// Whether there are more than `count`.
    pub more: bool,
}

impl FacetCount {
    /// What was counted up to one more than [`COUNT_MAX`].
    #[must_use]
    pub fn new(value: String, counted: u64) -> Self {
        Self {
            value,
            count: counted.min(COUNT_MAX),
            more: counted > COUNT_MAX,
        }
    }
}

impl Facets {
    /// The counts of one facet.
    pub fn of(&mut self, facet: Facet) -> &mut Vec<FacetCount> {
        match facet {
            Facet::Lifecycle => &mut self.lifecycle,
            Facet::PaymentStatus => &mut self.payment_status,
            Facet::FulfilmentStatus => &mut self.fulfilment_status,
            Facet::OnHold => &mut self.on_hold,
            Facet::Channel => &mut self.channel,
            Facet::Currency => &mut self.currency,
        }
    }
}

/// The values of a facet that are known beforehand; `None` where only the orders know them.
#[must_use]
pub fn known_values(facet: Facet) -> Option<Vec<String>> {
    fn texts<T: ToString>(all: &[T]) -> Vec<String> {
        all.iter().map(ToString::to_string).collect()
    }
    Some(match facet {
        Facet::Lifecycle => texts(Lifecycle::ALL),
        Facet::PaymentStatus => texts(PaymentStatus::ALL),
        Facet::FulfilmentStatus => texts(FulfilmentStatus::ALL),
        Facet::OnHold => texts(&[true, false]),
        Facet::Channel | Facet::Currency => return None,
    })
}

/// The filter narrowed to one value of a facet; `None` for a value that the member cannot have.
#[must_use]
pub fn narrowed(filter: &OrderFilter, facet: Facet, value: &str) -> Option<OrderFilter> {
    let mut filter = filter.but(facet);
    match facet {
        Facet::Lifecycle => filter.lifecycle = vec![value.parse().ok()?],
        Facet::PaymentStatus => filter.payment_status = vec![value.parse().ok()?],
        Facet::FulfilmentStatus => filter.fulfilment_status = vec![value.parse().ok()?],
        Facet::OnHold => filter.on_hold = Some(value.parse().ok()?),
        Facet::Channel => filter.channel = vec![value.to_owned()],
        Facet::Currency => {
            let value = value.parse().ok()?;
            if !filter.currency.is_empty() && !filter.currency.contains(&value) {
                return None;
            }
            filter.currency = vec![value];
        }
    }
    Some(filter)
}
