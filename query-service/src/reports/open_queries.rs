//! The questions about what is open: work by stage, debts by age, and the front page that sums both up beside sales.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use orderfold_events::Currency;

use super::{
    open_repository::{Ages, CurrencyDebt, CustomerDebt, StageSum},
    plan::OutOfRange,
    queries::{ReportError, ReportQueries},
};
use crate::{
    database::DatabaseError,
    projections::{
        ReadModel,
        sales_series::Sales,
        work_queue::{Stage, WorkDocument},
    },
};

/// What [`ReportQueries::work`] looks at, with the names of customers.
pub const WORK_READS: &[ReadModel] = &[ReadModel::WorkQueue, ReadModel::CustomerList];
/// What [`ReportQueries::receivables`] looks at, with the names of customers.
pub const RECEIVABLES_READS: &[ReadModel] = &[ReadModel::Receivables, ReadModel::CustomerList];
/// What [`ReportQueries::summary`] looks at.
pub const SUMMARY_READS: &[ReadModel] = &[
    ReadModel::SalesSeries,
    ReadModel::WorkQueue,
    ReadModel::Receivables,
];

/// Days that the front page sums up; as many before them are compared.
const SUMMARY_DAYS: u64 = 30;

/// One stage of work.
#[derive(Debug)]
pub struct StageFound {
    pub stage: Stage,
    /// One entry per currency, sorted by its code.
    pub sums: Vec<StageSum>,
    /// Those that are in it for the longest.
    pub oldest: Vec<WorkDocument>,
}

/// What customers owe in one currency.
#[derive(Debug)]
pub struct ReceivablesFound {
    pub total: Ages,
    pub customers: Vec<CustomerDebt>,
}

/// What the front page shows.
#[derive(Debug)]
pub struct SummaryFound {
    pub sales: BTreeMap<Currency, RecentSales>,
    pub stages: Vec<StageFound>,
    pub debts: Vec<CurrencyDebt>,
}

/// Sales up to today, of the reporting zone.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecentSales {
    pub today: Sales,
    pub last_7_days: Sales,
    pub last_30_days: Sales,
    pub previous_30_days: Sales,
}

impl ReportQueries {
    /// Open work in some stages, with the first rows of each.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn work(
        &self,
        stages: &[Stage],
        rows_max: u32,
    ) -> Result<Vec<StageFound>, DatabaseError> {
        let mut found = Vec::with_capacity(stages.len());
        for &stage in stages {
            let (sums, oldest) = tokio::try_join!(
                self.repository.stage(stage),
                self.repository.oldest(stage, rows_max)
            )?;
            found.push(StageFound {
                stage,
                sums,
                oldest,
            });
        }
        Ok(found)
    }

    /// What is owed in a currency as of a day, by customer.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn receivables(
        &self,
        currency: Currency,
        today: NaiveDate,
        rows_max: u32,
    ) -> Result<ReceivablesFound, DatabaseError> {
        let (total, customers) = tokio::try_join!(
            self.repository.debt(Some(currency), today),
            self.repository.debts(currency, today, rows_max)
        )?;
        let total = total.first().map(|debt| debt.ages).unwrap_or_default();
        Ok(ReceivablesFound { total, customers })
    }

    /// The front page as of a day.
    ///
    /// # Errors
    /// [`ReportError`] when MongoDB is away, or a sum does not fit.
    pub async fn summary(&self, today: NaiveDate) -> Result<SummaryFound, ReportError> {
        let ago = |days| today.checked_sub_days(Days::new(days)).ok_or(OutOfRange);
        let tomorrow = today.checked_add_days(Days::new(1)).ok_or(OutOfRange)?;
        let (week, month) = (ago(6)?, ago(SUMMARY_DAYS - 1)?);
        let first = ago(2 * SUMMARY_DAYS - 1)?;
        let days = self.repository.all_days(first..tomorrow).await?;
        let mut sales = BTreeMap::<Currency, RecentSales>::new();
        for day in &days {
            let recent = sales.entry(day.key.currency).or_default();
            let at = day.key.day;
            for (sum, range) in [
                (&mut recent.today, today..tomorrow),
                (&mut recent.last_7_days, week..tomorrow),
                (&mut recent.last_30_days, month..tomorrow),
                (&mut recent.previous_30_days, first..month),
            ] {
                if range.contains(&at) {
                    *sum = sum.checked_add(&day.sales).ok_or(OutOfRange)?;
                }
            }
        }
        Ok(SummaryFound {
            sales,
            stages: self.work_sums().await?,
            debts: self.repository.debt(None, today).await?,
        })
    }

    async fn work_sums(&self) -> Result<Vec<StageFound>, DatabaseError> {
        let mut found = Vec::new();
        for &stage in Stage::ALL {
            found.push(StageFound {
                stage,
                sums: self.repository.stage(stage).await?,
                oldest: Vec::new(),
            });
        }
        Ok(found)
    }
}
