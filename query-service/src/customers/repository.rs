//! Customers as they are stored: typed questions in, typed documents out. It knows the members of the documents, but
//! no HTTP and no collection's name.

use std::collections::HashMap;

use bson::{Bson, doc};
use futures::TryStreamExt;
use orderfold_events::{CustomerId, Personal};
use serde::{Deserialize, Serialize};

use super::filter::CustomerFilter;
use crate::{
    database::{
        Attempt, Database, DatabaseError,
        reading::{Conditions, Direction, READ_MAX, Slice, page},
        stored::{self, id_value},
    },
    projections::{customer_360::CustomerDocument, customer_list::CustomerRow},
};

/// Reads customers.
#[derive(Debug, Clone)]
pub struct CustomerRepository {
    database: Database,
}

#[derive(Debug, Serialize, Deserialize)]
struct NameRow {
    #[serde(rename = "_id", with = "stored::id")]
    customer_id: CustomerId,
    personal: Personal<OnlyName>,
}

/// Of what is personal only the name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OnlyName {
    pub name: String,
}

impl CustomerRepository {
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Some rows of the list, newest first.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn list(
        &self,
        filter: &CustomerFilter,
        slice: Slice,
    ) -> Result<Vec<CustomerRow>, DatabaseError> {
        let text = |text: &String| Bson::String(text.clone());
        let conditions = Conditions::default()
            .any_of("_id", filter.owner.as_slice(), |id| id_value(*id))
            .any_of("reference.value", &filter.reference, text)
            .any_of("tags", &filter.tag, text)
            .any_of("status", &filter.status, |word| word.as_str().into());
        page(
            &self.database.customer_list(),
            conditions,
            ("created_at", Direction::Descending),
            slice,
        )
        .await
    }

    /// One customer, whole.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn find(
        &self,
        customer: CustomerId,
    ) -> Result<Option<CustomerDocument>, DatabaseError> {
        self.database
            .customer_360()
            .find_one(doc! { "_id": id_value(customer) })
            .max_time(READ_MAX)
            .await
            .attempt("read a customer")
    }

    /// One customer's row of the list.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn row(&self, customer: CustomerId) -> Result<Option<CustomerRow>, DatabaseError> {
        self.database
            .customer_list()
            .find_one(doc! { "_id": id_value(customer) })
            .max_time(READ_MAX)
            .await
            .attempt("read a row of the customer list")
    }

    /// How long ago the end of a customer's key was folded.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn key_ended_ms(&self, customer: CustomerId) -> Result<Option<i64>, DatabaseError> {
        self.database.key_ended_ms(customer).await
    }

    /// The names of some customers as they are kept, by one question.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn names(
        &self,
        customers: impl Iterator<Item = CustomerId>,
    ) -> Result<HashMap<CustomerId, Personal<OnlyName>>, DatabaseError> {
        let mut ids: Vec<CustomerId> = customers.collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<Bson> = ids.into_iter().map(id_value).collect();
        let attempt = "read the names of customers";
        let rows: Vec<NameRow> = self
            .database
            .customer_list()
            .clone_with_type()
            .find(doc! { "_id": { "$in": ids } })
            .projection(doc! { "personal": 1 })
            .max_time(READ_MAX)
            .await
            .attempt(attempt)?
            .try_collect()
            .await
            .attempt(attempt)?;
        let names = rows.into_iter().map(|row| (row.customer_id, row.personal));
        Ok(names.collect())
    }
}
