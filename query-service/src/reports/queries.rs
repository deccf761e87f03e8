//! The reports: which sums to read, and adding them up.

use chrono_tz::Tz;
use orderfold_events::CustomerId;

use super::{
    plan::{OutOfRange, Plan},
    question::{Period, SalesQuestion},
    ranking::RankingQuestion,
    ranking_repository::RankedItem,
    repository::{ReportRepository, SalesFilter},
};
use crate::{
    database::DatabaseError,
    projections::{
        ReadModel,
        ranking::ItemSales,
        sales_series::{Sales, SalesSlots},
    },
};

/// What [`ReportQueries::sales`] looks at.
pub const SALES_READS: &[ReadModel] = &[ReadModel::SalesSeries];

/// What [`ReportQueries::products`] looks at.
pub const PRODUCTS_READS: &[ReadModel] = &[ReadModel::ProductSales];
/// What [`ReportQueries::customers`] looks at, with the names of customers.
pub const CUSTOMERS_READS: &[ReadModel] = &[ReadModel::CustomerSales, ReadModel::CustomerList];

/// Makes reports.
#[derive(Debug, Clone)]
pub struct ReportQueries {
    pub(super) repository: ReportRepository,
    reporting_zone: Tz,
}

/// A period and the one that it is compared with.
#[derive(Debug)]
pub struct SalesFound {
    pub period: Series,
    pub previous: Option<Series>,
}

/// The intervals of one period with their sums.
#[derive(Debug)]
pub struct Series {
    pub period: Period,
    pub sums: Vec<Sales>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
}

impl ReportQueries {
    /// `reporting_zone` is the one whose days the read model sums.
    #[must_use]
    pub fn new(repository: ReportRepository, reporting_zone: Tz) -> Self {
        Self {
            repository,
            reporting_zone,
        }
    }

    /// The zone whose days are summed.
    #[must_use]
    pub fn reporting_zone(&self) -> Tz {
        self.reporting_zone
    }

    /// The first products.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn products(
        &self,
        question: &RankingQuestion,
    ) -> Result<Vec<RankedItem>, DatabaseError> {
        self.repository.products(question).await
    }

    /// The first customers.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn customers(
        &self,
        question: &RankingQuestion,
    ) -> Result<Vec<(CustomerId, ItemSales)>, DatabaseError> {
        let items = self.repository.customers(question).await?;
        let customers = items
            .into_iter()
            .filter_map(|item| Some((item.item.parse().ok()?, item.sales)));
        Ok(customers.collect())
    }

    /// Sales by interval.
    ///
    /// # Errors
    /// [`ReportError`] when MongoDB is away, or a sum does not fit.
    pub async fn sales(&self, question: &SalesQuestion) -> Result<SalesFound, ReportError> {
        let filter = &question.filter;
        let previous = match &question.previous {
            Some(period) => Some(self.series(filter, period).await?),
            None => None,
        };
        Ok(SalesFound {
            period: self.series(filter, &question.period).await?,
            previous,
        })
    }

    async fn series(&self, filter: &SalesFilter, period: &Period) -> Result<Series, ReportError> {
        let plan = Plan::new(period, self.reporting_zone)?;
        let (days, quarter_hours) =
            tokio::try_join!(self.repository.days(filter, plan.days()), async {
                self.repository
                    .quarter_hours(filter, &plan.utc_days())
                    .await
            },)?;
        let sums = plan.add_up(
            days.iter().map(|day| (day.key.day, &day.sales)),
            quarter_hours.iter().flat_map(SalesSlots::quarter_hours),
        )?;
        Ok(Series {
            period: period.clone(),
            sums,
        })
    }
}
