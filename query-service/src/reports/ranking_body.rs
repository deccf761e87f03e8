//! Rankings as callers see them.

use std::collections::HashMap;

use chrono::NaiveDate;
use chrono_tz::Tz;
use orderfold_events::{Currency, CustomerId, money};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ranking::RankingQuestion, ranking_repository::RankedItem};
use crate::{
    http::{freshness::FreshnessBody, schemas},
    projections::ranking::ItemSales,
};

/// The first of many. Amounts are minor units of `currency`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Ranking<T: ToSchema> {
    /// First day in, of the store's reporting zone.
    pub from: NaiveDate,
    /// First day out.
    pub to: NaiveDate,
    /// The store's reporting zone.
    #[schema(value_type = String, examples("Europe/Berlin"))]
    pub tz: Tz,
    #[schema(schema_with = schemas::currency)]
    pub currency: Currency,
    pub data: Vec<T>,
    pub freshness: FreshnessBody,
}

/// A product.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RankedProduct {
    pub sku: String,
    /// Of several names the last by the alphabet; null where only later changes fall in the range.
    pub name: Option<String>,
    #[serde(flatten)]
    pub figures: RankedFigures,
}

/// A customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RankedCustomer {
    #[schema(value_type = Uuid)]
    pub customer_id: CustomerId,
    /// Null without the scope `customers:personal`.
    pub name: Option<String>,
    #[serde(flatten)]
    pub figures: RankedFigures,
}

/// What was booked in the range.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RankedFigures {
    pub orders: i64,
    /// Units ordered.
    pub units: i64,
    pub returned_units: i64,
    /// `returned_units ÷ units` to four places; null without units.
    #[schema(examples("0.0250"))]
    pub return_rate: Option<String>,
    pub net_sales: i64,
    pub taxes: i64,
}

impl<T: ToSchema> Ranking<T> {
    /// Rows with what was asked.
    #[must_use]
    pub fn new(question: &RankingQuestion, tz: Tz, data: Vec<T>, freshness: FreshnessBody) -> Self {
        Self {
            from: question.days.start,
            to: question.days.end,
            tz,
            currency: question.currency,
            data,
            freshness,
        }
    }
}

impl From<RankedItem> for RankedProduct {
    fn from(item: RankedItem) -> Self {
        Self {
            sku: item.item,
            name: item.name,
            figures: item.sales.into(),
        }
    }
}

impl RankedCustomer {
    /// Customers with the names that may be seen.
    #[must_use]
    pub fn all(
        items: Vec<(CustomerId, ItemSales)>,
        names: &HashMap<CustomerId, String>,
    ) -> Vec<Self> {
        let customers = items.into_iter().map(|(customer_id, sales)| Self {
            customer_id,
            name: names.get(&customer_id).cloned(),
            figures: sales.into(),
        });
        customers.collect()
    }
}

impl From<ItemSales> for RankedFigures {
    fn from(sales: ItemSales) -> Self {
        Self {
            orders: sales.orders,
            units: sales.units,
            returned_units: sales.returned_units,
            return_rate: rate(sales.returned_units, sales.units),
            net_sales: sales.net_sales,
            taxes: sales.taxes,
        }
    }
}

fn rate(part: i64, whole: i64) -> Option<String> {
    const PLACES: i64 = 10_000;
    if whole <= 0 {
        return None;
    }
    let rounded = money::share(part, PLACES, whole).ok()?;
    Some(format!("{}.{:04}", rounded / PLACES, rounded % PLACES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_rounded_half_away_from_zero_to_four_places() {
        for (part, whole, text) in [
            (1, 3, Some("0.3333")),
            (2, 3, Some("0.6667")),
            (1, 20_000, Some("0.0001")),
            (3, 3, Some("1.0000")),
            (0, 5, Some("0.0000")),
            (1, 0, None),
        ] {
            assert_eq!(rate(part, whole).as_deref(), text, "{part} of {whole}");
        }
    }
}
