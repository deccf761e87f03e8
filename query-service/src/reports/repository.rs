//! Reports as they are stored. Here: booked sales, which buckets a plan asks for, and nothing of how they are added up.

use std::ops::Range;

use bson::{Document, doc};
use chrono::NaiveDate;
use futures::TryStreamExt;
use orderfold_events::Currency;
use serde::de::DeserializeOwned;

use crate::{
    database::{Attempt, Collection, Database, DatabaseError, reading::READ_MAX},
    projections::sales_series::{SalesDay, SalesSlots},
};

/// Whose sales are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesFilter {
    pub currency: Currency,
    /// Any of these; every channel when there is none.
    pub channel: Vec<String>,
}

/// Reads what reports are made of.
#[derive(Debug, Clone)]
pub struct ReportRepository {
    pub(super) database: Database,
}

impl ReportRepository {
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Sums of whole days of the reporting zone.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn days(
        &self,
        filter: &SalesFilter,
        days: Range<NaiveDate>,
    ) -> Result<Vec<SalesDay>, DatabaseError> {
        read(&self.database.sales_days(), bucket(filter, &[days])).await
    }

    /// The same of every currency and channel.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn all_days(&self, days: Range<NaiveDate>) -> Result<Vec<SalesDay>, DatabaseError> {
        let (from, to) = (days.start.to_string(), days.end.to_string());
        let filter = doc! { "_id.day": { "$gte": from, "$lt": to } };
        read(&self.database.sales_days(), filter).await
    }

    /// Quarter-hours of some runs of UTC days.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn quarter_hours(
        &self,
        filter: &SalesFilter,
        utc_days: &[Range<NaiveDate>],
    ) -> Result<Vec<SalesSlots>, DatabaseError> {
        if utc_days.is_empty() {
            return Ok(Vec::new());
        }
        read(&self.database.sales_slots(), bucket(filter, utc_days)).await
    }
}

fn bucket(filter: &SalesFilter, runs: &[Range<NaiveDate>]) -> Document {
    let currency = filter.currency.code();
    // Dates are stored as text that sorts as they do.
    let runs: Vec<Document> = runs
        .iter()
        .map(|run| {
            let (from, to) = (run.start.to_string(), run.end.to_string());
            doc! { "_id.currency": currency, "_id.day": { "$gte": from, "$lt": to } }
        })
        .collect();
    let mut bucket = doc! { "$or": runs };
    if !filter.channel.is_empty() {
        bucket.insert("_id.channel", doc! { "$in": &filter.channel });
    }
    bucket
}

async fn read<T: DeserializeOwned + Send + Sync>(
    collection: &Collection<T>,
    filter: Document,
) -> Result<Vec<T>, DatabaseError> {
    let attempt = "read sums of sales";
    collection
        .find(filter)
        .max_time(READ_MAX)
        .await
        .attempt(attempt)?
        .try_collect()
        .await
        .attempt(attempt)
}
