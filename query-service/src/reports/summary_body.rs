//! The front page as callers see it.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use orderfold_events::Currency;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    open_body::{AgesBody, StageSums},
    open_queries::{RecentSales, SummaryFound},
    open_repository::CurrencyDebt,
    sales_body::SalesFigures,
};
use crate::http::{freshness::FreshnessBody, schemas};

/// The front page in one call. Money never adds up across currencies.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SummaryBody {
    /// Today in the store's reporting zone.
    pub as_of_day: NaiveDate,
    #[schema(value_type = String, examples("Europe/Berlin"))]
    pub tz: Tz,
    /// One entry per currency that had sales in the last 60 days.
    pub sales: Vec<SalesSummary>,
    pub work: Vec<StageSums>,
    /// One entry per currency in which something is owed.
    pub receivables: Vec<ReceivablesSummary>,
    pub freshness: FreshnessBody,
}

/// Sales of one currency, up to and with today.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SalesSummary {
    #[schema(schema_with = schemas::currency)]
    pub currency: Currency,
    pub today: SalesFigures,
    pub last_7_days: SalesFigures,
    pub last_30_days: SalesFigures,
    /// The 30 days before those.
    pub previous_30_days: SalesFigures,
}

/// What is owed in one currency.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReceivablesSummary {
    #[schema(schema_with = schemas::currency)]
    pub currency: Currency,
    #[serde(flatten)]
    pub ages: AgesBody,
}

impl SummaryBody {
    /// What was found as of now, on a day of the reporting zone.
    #[must_use]
    pub fn new(
        (as_of_day, tz): (NaiveDate, Tz),
        found: SummaryFound,
        now: DateTime<Utc>,
        freshness: FreshnessBody,
    ) -> Self {
        Self {
            as_of_day,
            tz,
            sales: found.sales.into_iter().map(SalesSummary::from).collect(),
            work: found
                .stages
                .into_iter()
                .map(|it| StageSums::new(it.stage, it.sums, now))
                .collect(),
            receivables: found
                .debts
                .into_iter()
                .map(ReceivablesSummary::from)
                .collect(),
            freshness,
        }
    }
}

impl From<(Currency, RecentSales)> for SalesSummary {
    fn from((currency, recent): (Currency, RecentSales)) -> Self {
        Self {
            currency,
            today: recent.today.into(),
            last_7_days: recent.last_7_days.into(),
            last_30_days: recent.last_30_days.into(),
            previous_30_days: recent.previous_30_days.into(),
        }
    }
}

impl From<CurrencyDebt> for ReceivablesSummary {
    fn from(debt: CurrencyDebt) -> Self {
        Self {
            currency: debt.currency,
            ages: debt.ages.into(),
        }
    }
}
