//! The sales report as callers see it.

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use orderfold_events::{Currency, money};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    plan::OutOfRange,
    queries::{SalesFound, Series},
    question::SalesQuestion,
};
use crate::{
    calendar::{Interval, Range},
    http::{figures::Figures, freshness::FreshnessBody, schemas},
    projections::sales_series::Sales,
};

/// Sales by interval. Amounts are minor units of `currency`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SalesReport {
    /// First instant in; it has the offset of `tz`, as every instant of the report.
    #[schema(format = DateTime)]
    pub from: String,
    /// First instant out.
    #[schema(format = DateTime)]
    pub to: String,
    #[schema(schema_with = schemas::interval)]
    pub interval: Interval,
    /// The time zone of the intervals.
    #[schema(value_type = String, examples("Europe/Berlin"))]
    pub tz: Tz,
    #[schema(schema_with = schemas::currency)]
    pub currency: Currency,
    /// Every interval of the range, also those without sales.
    pub data: Vec<SalesInterval>,
    pub totals: SalesFigures,
    /// Null unless asked for by `compare`.
    pub previous: Option<PreviousSales>,
    pub freshness: FreshnessBody,
}

/// The period that a report is compared with.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PreviousSales {
    #[schema(format = DateTime)]
    pub from: String,
    #[schema(format = DateTime)]
    pub to: String,
    pub data: Vec<SalesInterval>,
    pub totals: SalesFigures,
}

/// One interval, up to the start of the next.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SalesInterval {
    #[schema(format = DateTime, examples("2017-03-01T00:00:00.000+01:00"))]
    pub start: String,
    #[serde(flatten)]
    pub figures: SalesFigures,
}

/// What was booked in a time. `orders` and `units` count at placing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct SalesFigures {
    pub orders: i64,
    pub orders_cancelled: i64,
    #[serde(flatten)]
    pub figures: Figures,
    /// `(gross_sales − discounts) ÷ orders`, rounded half away from zero; null without orders.
    pub average_order_value: Option<i64>,
}

impl SalesReport {
    /// What was asked, with what was found.
    ///
    /// # Errors
    /// [`OutOfRange`] when a sum does not fit.
    pub fn new(
        question: &SalesQuestion,
        found: &SalesFound,
        freshness: FreshnessBody,
    ) -> Result<Self, OutOfRange> {
        let Range { zone, from, to } = question.period.range;
        let previous = found.previous.as_ref();
        Ok(Self {
            from: in_zone(from, zone),
            to: in_zone(to, zone),
            interval: question.interval,
            tz: zone,
            currency: question.filter.currency,
            data: rows(&found.period),
            totals: totals(&found.period)?,
            previous: previous.map(PreviousSales::new).transpose()?,
            freshness,
        })
    }
}

impl PreviousSales {
    fn new(series: &Series) -> Result<Self, OutOfRange> {
        let Range { zone, from, to } = series.period.range;
        Ok(Self {
            from: in_zone(from, zone),
            to: in_zone(to, zone),
            data: rows(series),
            totals: totals(series)?,
        })
    }
}

impl From<Sales> for SalesFigures {
    fn from(sales: Sales) -> Self {
        let value = sales.totals.gross_sales - sales.totals.discounts;
        Self {
            orders: sales.orders,
            orders_cancelled: sales.orders_cancelled,
            figures: sales.totals.into(),
            average_order_value: money::share(value, 1, sales.orders).ok(),
        }
    }
}

/// One row for each interval.
fn rows(series: &Series) -> Vec<SalesInterval> {
    let rows = series.period.starts.iter().zip(&series.sums);
    rows.map(|(start, sales)| SalesInterval {
        start: in_zone(*start, series.period.range.zone),
        figures: (*sales).into(),
    })
    .collect()
}

/// All intervals together.
fn totals(series: &Series) -> Result<SalesFigures, OutOfRange> {
    series
        .sums
        .iter()
        .try_fold(Sales::default(), |sum, sales| sum.checked_add(sales))
        .map(SalesFigures::from)
        .ok_or(OutOfRange)
}

/// An instant with the offset that the zone has then.
fn in_zone(instant: DateTime<Utc>, zone: Tz) -> String {
    instant
        .with_timezone(&zone)
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use orderfold_events::order::Totals;

    use super::*;

    fn sales(orders: i64, gross_sales: i64, discounts: i64) -> Sales {
        Sales {
            orders,
            totals: Totals {
                gross_sales,
                discounts,
                ..Totals::default()
            },
            ..Sales::default()
        }
    }

    #[test]
    fn the_average_is_rounded_half_away_from_zero_and_null_without_orders() {
        for (sales, average) in [
            (sales(2, 10, 5), Some(3)),
            (sales(3, 10, 0), Some(3)),
            (sales(2, 0, 5), Some(-3)),
            (sales(0, 0, 0), None),
            (sales(0, 10, 0), None),
        ] {
            assert_eq!(SalesFigures::from(sales).average_order_value, average);
        }
    }

    #[test]
    fn an_interval_starts_with_the_offset_of_its_zone() {
        let instant = |text: &str| text.parse().unwrap();
        for (at, zone, text) in [
            (
                "2026-03-29T00:00:00Z",
                Tz::Europe__Berlin,
                "2026-03-29T01:00:00.000+01:00",
            ),
            (
                "2026-03-29T01:00:00Z",
                Tz::Europe__Berlin,
                "2026-03-29T03:00:00.000+02:00",
            ),
            ("2026-03-29T01:00:00Z", Tz::UTC, "2026-03-29T01:00:00.000Z"),
        ] {
            assert_eq!(in_zone(instant(at), zone), text);
        }
    }
}
