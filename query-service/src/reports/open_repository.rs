//! Open work and open money as they are stored: counted and summed where they are, so that only what is open is read.

use bson::{Document, doc};
use chrono::{Days, NaiveDate};
use futures::TryStreamExt;
use orderfold_events::{Currency, CustomerId, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::repository::ReportRepository;
use crate::{
    database::{Attempt, Collection, DatabaseError, reading::READ_MAX, stored},
    projections::work_queue::{Stage, WorkDocument},
};

/// The orders of one currency in a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageSum {
    #[serde(rename = "_id")]
    pub currency: Currency,
    pub orders: i64,
    /// Minor units: what is owed, what is to be given back, or else the total of the orders.
    pub amount: i64,
    #[serde(with = "stored::time")]
    pub oldest: Timestamp,
}

/// What is owed, by how long it is past due; minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ages {
    pub orders: i64,
    pub total: i64,
    pub not_due: i64,
    pub days_1_30: i64,
    pub days_31_60: i64,
    pub days_61_90: i64,
    pub days_over_90: i64,
}

/// What one customer owes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerDebt {
    #[serde(rename = "_id", with = "stored::id")]
    pub customer_id: CustomerId,
    #[serde(flatten)]
    pub ages: Ages,
}

/// What is owed in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrencyDebt {
    #[serde(rename = "_id")]
    pub currency: Currency,
    #[serde(flatten)]
    pub ages: Ages,
}

impl ReportRepository {
    /// How many orders are in a stage, by currency.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn stage(&self, stage: Stage) -> Result<Vec<StageSum>, DatabaseError> {
        let since = format!("$since.{stage}");
        let amount = match stage {
            Stage::AwaitingPayment => doc! { "$sum": "$balance" },
            Stage::RefundDue => doc! { "$sum": { "$subtract": [0_i64, "$balance"] } },
            Stage::Unconfirmed | Stage::OnHold | Stage::ToShip | Stage::InTransit => {
                doc! { "$sum": "$total_sales" }
            }
        };
        let group = doc! {
            "_id": "$currency",
            "orders": { "$sum": 1 },
            "amount": amount,
            "oldest": { "$min": since },
        };
        let stages = [
            doc! { "$match": in_stage(stage) },
            doc! { "$group": group },
            doc! { "$sort": { "_id": 1 } },
        ];
        aggregate(&self.database.work_queue(), stages).await
    }

    /// The orders that are in a stage for the longest.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn oldest(
        &self,
        stage: Stage,
        rows_max: u32,
    ) -> Result<Vec<WorkDocument>, DatabaseError> {
        let attempt = "read open work";
        self.database
            .work_queue()
            .find(in_stage(stage))
            .sort(doc! { format!("since.{stage}"): 1, "_id": 1 })
            .limit(i64::from(rows_max))
            .max_time(READ_MAX)
            .await
            .attempt(attempt)?
            .try_collect()
            .await
            .attempt(attempt)
    }

    /// What customers owe in a currency as of a day, most first.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn debts(
        &self,
        currency: Currency,
        today: NaiveDate,
        rows_max: u32,
    ) -> Result<Vec<CustomerDebt>, DatabaseError> {
        let stages = [
            doc! { "$match": { "currency": currency.code(), "open": { "$gt": 0 } } },
            aged("$customer_id", today),
            doc! { "$sort": { "total": -1, "_id": 1 } },
            doc! { "$limit": i64::from(rows_max) },
        ];
        aggregate(&self.database.receivables(), stages).await
    }

    /// What is owed as of a day, in one currency or in each.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn debt(
        &self,
        currency: Option<Currency>,
        today: NaiveDate,
    ) -> Result<Vec<CurrencyDebt>, DatabaseError> {
        // Without a currency the index is bounded by the first letter: there is no currency before "A".
        let of = currency.map_or_else(|| doc! { "$gte": "A" }, |it| doc! { "$eq": it.code() });
        let stages = [
            doc! { "$match": { "currency": of, "open": { "$gt": 0 } } },
            aged("$currency", today),
            doc! { "$sort": { "_id": 1 } },
        ];
        aggregate(&self.database.receivables(), stages).await
    }
}

/// Orders in a stage; compared rather than asked for their existence, so that the index alone answers.
fn in_stage(stage: Stage) -> Document {
    doc! { format!("since.{stage}"): { "$gte": bson::DateTime::MIN } }
}

/// Sums of what is open by its age on a day; a day counts as past due from the day after the due date.
fn aged(by: &str, today: NaiveDate) -> Document {
    let ago = |days| {
        let day = today.checked_sub_days(Days::new(days)).unwrap_or(today);
        day.to_string()
    };
    let due = doc! { "$ifNull": ["$due_on", today.to_string()] };
    let between = |from: Option<String>, to: Option<String>| {
        let from = from.map(|from| doc! { "$gte": [due.clone(), from] });
        let to = to.map(|to| doc! { "$lt": [due.clone(), to] });
        let both: Vec<Document> = from.into_iter().chain(to).collect();
        doc! { "$sum": { "$cond": [{ "$and": both }, "$open", 0_i64] } }
    };
    doc! { "$group": {
        "_id": by,
        "orders": { "$sum": 1 },
        "total": { "$sum": "$open" },
        "not_due": between(Some(ago(0)), None),
        "days_1_30": between(Some(ago(30)), Some(ago(0))),
        "days_31_60": between(Some(ago(60)), Some(ago(30))),
        "days_61_90": between(Some(ago(90)), Some(ago(60))),
        "days_over_90": between(None, Some(ago(90))),
    } }
}

async fn aggregate<D, T>(
    collection: &Collection<D>,
    stages: impl IntoIterator<Item = Document>,
) -> Result<Vec<T>, DatabaseError>
where
    D: Send + Sync,
    T: DeserializeOwned + Send + Sync,
{
    let attempt = "sum up what is open";
    collection
        .aggregate(stages)
        .max_time(READ_MAX)
        .with_type::<T>()
        .await
        .attempt(attempt)?
        .try_collect()
        .await
        .attempt(attempt)
}
