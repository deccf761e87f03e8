//! Rankings as they are stored: sums of products and customers, added up and sorted where they are.

use bson::{Document, doc};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};

use super::{
    ranking::{RankedBy, RankingQuestion},
    repository::ReportRepository,
};
use crate::{
    database::{Attempt, Collection, DatabaseError, reading::READ_MAX},
    projections::ranking::{ItemDocument, ItemSales},
};

/// One product or customer with its sums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankedItem {
    /// The SKU, or the customer's id.
    #[serde(rename = "_id")]
    pub item: String,
    pub name: Option<String>,
    #[serde(flatten)]
    pub sales: ItemSales,
}

impl ReportRepository {
    /// The first products.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn products(
        &self,
        question: &RankingQuestion,
    ) -> Result<Vec<RankedItem>, DatabaseError> {
        ranked(&self.database.product_sales(), question).await
    }

    /// The first customers.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn customers(
        &self,
        question: &RankingQuestion,
    ) -> Result<Vec<RankedItem>, DatabaseError> {
        ranked(&self.database.customer_sales(), question).await
    }
}

async fn ranked(
    collection: &Collection<ItemDocument>,
    question: &RankingQuestion,
) -> Result<Vec<RankedItem>, DatabaseError> {
    let attempt = "read a ranking";
    collection
        .aggregate(pipeline(question))
        .max_time(READ_MAX)
        .with_type::<RankedItem>()
        .await
        .attempt(attempt)?
        .try_collect()
        .await
        .attempt(attempt)
}

fn pipeline(question: &RankingQuestion) -> Vec<Document> {
    let currency = question.currency.code();
    let spans = question.spans().into_iter().map(|(span, days)| {
        // Dates are stored as text that sorts as they do.
        let (from, to) = (days.start.to_string(), days.end.to_string());
        let day = doc! { "$gte": from, "$lt": to };
        doc! { "_id.currency": currency, "_id.span": span.as_str(), "_id.day": day }
    });
    let spans: Vec<Document> = spans.collect();
    let sum = |figure: &str| doc! { "$sum": format!("$sales.{figure}") };
    let mut stages = vec![
        doc! { "$match": { "$or": spans } },
        doc! { "$group": {
            "_id": "$_id.item",
            "name": { "$max": "$name" },
            "orders": sum("orders"),
            "units": sum("units"),
            "returned_units": sum("returned_units"),
            "net_sales": sum("net_sales"),
            "taxes": sum("taxes"),
        } },
    ];
    match question.by {
        RankedBy::NetSales => stages.push(doc! { "$sort": { "net_sales": -1, "_id": 1 } }),
        RankedBy::Units => stages.push(doc! { "$sort": { "units": -1, "_id": 1 } }),
        RankedBy::ReturnRate => stages.extend([
            doc! { "$match": { "units": { "$gt": 0 } } },
            // A decimal, so that no rate is rounded before it is compared.
            doc! { "$set": { "rate": { "$divide": [{ "$toDecimal": "$returned_units" }, "$units"] } } },
            doc! { "$sort": { "rate": -1, "returned_units": -1, "_id": 1 } },
            doc! { "$unset": "rate" },
        ]),
    }
    stages.push(doc! { "$limit": i64::from(question.rows_max) });
    stages
}
