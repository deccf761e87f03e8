//! Customers' keys on the query side: wrapped, written once, and never again once they are erased.

use std::collections::HashMap;

use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use orderfold_events::CustomerId;
use serde::{Deserialize, Serialize};

use super::{
    Attempt, Database, DatabaseError, Statement,
    collections::CUSTOMER_KEY,
    reading::READ_MAX,
    statements::{chunks, update_command},
    stored::{self, id_value},
};

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptKey {
    Wrapped(Vec<u8>),
    Erased,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredKey {
    #[serde(rename = "_id", with = "stored::id")]
    customer_id: CustomerId,
    wrapped: Option<bson::Binary>,
}

impl Database {
    /// Those of some customers' keys that are kept.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn kept_keys(
        &self,
        customers: &[CustomerId],
    ) -> Result<HashMap<CustomerId, KeptKey>, DatabaseError> {
        let attempt = "read the keys of customers";
        let ids: Vec<Bson> = customers
            .iter()
            .map(|&customer| id_value(customer))
            .collect();
        let rows: Vec<StoredKey> = self
            .collection(CUSTOMER_KEY)
            .find(doc! { "_id": { "$in": ids } })
            .max_time(READ_MAX)
            .await
            .attempt(attempt)?
            .try_collect()
            .await
            .attempt(attempt)?;
        let keys = rows.into_iter().map(|row| {
            let kept = row
                .wrapped
                .map_or(KeptKey::Erased, |wrapped| KeptKey::Wrapped(wrapped.bytes));
            (row.customer_id, kept)
        });
        Ok(keys.collect())
    }

    /// Keeps keys of customers of whom nothing is kept yet; what is there stays, above all that one is erased.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn keep_keys(&self, keys: &[(CustomerId, KeptKey)]) -> Result<(), DatabaseError> {
        let statements = keys
            .iter()
            .map(|(customer, key)| match key {
                KeptKey::Wrapped(wrapped) => {
                    let wrapped = bson::Binary {
                        subtype: bson::spec::BinarySubtype::Generic,
                        bytes: wrapped.clone(),
                    };
                    let written = doc! { "$setOnInsert": { "wrapped": wrapped } };
                    Statement::upsert(&doc! { "_id": id_value(*customer) }, &written)
                }
                KeptKey::Erased => Statement::tombstone(*customer, false),
            })
            .collect::<Result<Vec<_>, _>>()?;
        for chunk in chunks(&statements) {
            let command = update_command(CUSTOMER_KEY, chunk)?;
            self.inner
                .run_raw_command(command)
                .await
                .attempt("keep the keys of customers")?;
        }
        Ok(())
    }

    /// How long ago, in milliseconds, `key_destroyed` was first folded; none before that.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn key_ended_ms(&self, customer: CustomerId) -> Result<Option<i64>, DatabaseError> {
        let attempt = "read when a key ended";
        let stages = [
            doc! { "$match": { "_id": id_value(customer), "since": { "$type": "date" } } },
            doc! { "$project": { "_id": 0, "age_ms": { "$subtract": ["$$NOW", "$since"] } } },
        ];
        let rows: Vec<Document> = self
            .collection::<Document>(CUSTOMER_KEY)
            .aggregate(stages)
            .max_time(READ_MAX)
            .await
            .attempt(attempt)?
            .try_collect()
            .await
            .attempt(attempt)?;
        Ok(rows.first().and_then(|row| row.get_i64("age_ms").ok()))
    }
}

impl Statement {
    /// Puts a tombstone where a customer's key was. `ended` says that the key is destroyed for good; the first time it
    /// was said is kept.
    ///
    /// # Errors
    /// [`DatabaseError`] when it has no BSON form.
    pub fn tombstone(customer: CustomerId, ended: bool) -> Result<Self, DatabaseError> {
        let since = if ended {
            doc! { "$ifNull": ["$since", "$$NOW"] }
        } else {
            doc! { "$ifNull": ["$since", Bson::Null] }
        };
        let tombstone = doc! { "_id": "$_id", "erased": true, "since": since };
        Self::pipeline(
            &doc! { "_id": id_value(customer) },
            &[doc! { "$replaceWith": tombstone }],
        )
    }
}
