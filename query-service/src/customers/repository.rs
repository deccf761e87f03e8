//! Customers as they are stored: typed questions in, typed documents out. It knows the members of the documents, but
//! no HTTP and no collection's name.

use std::collections::HashMap;

use bson::{Bson, doc};
use futures::TryStreamExt;
use orderfold_events::{CustomerId, Personal, SealingKey};
use serde::{Deserialize, Serialize};

use super::filter::CustomerFilter;
use crate::{
    database::{
        Attempt, Database, DatabaseError,
        reading::{Conditions, Direction, READ_MAX, Slice, SortKey, SortKind, page},
        stored::{self, id_value},
    },
    projections::{
        customer_360::CustomerDocument,
        customer_list::{CustomerRow, tokens},
    },
};

/// Most customers that a search for orders goes on with.
const FOUND_MAX: i64 = 200;
const NEWEST_FIRST: SortKey = SortKey {
    member: "created_at",
    kind: SortKind::Instant,
    direction: Direction::Descending,
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
    personal: Option<Personal<OnlyName>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct OnlyId {
    #[serde(rename = "_id", with = "stored::id")]
    customer_id: CustomerId,
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

    /// Some rows of the list, newest first; with a key a search also looks at what is personal.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn list(
        &self,
        filter: &CustomerFilter,
        key: Option<&SealingKey>,
        slice: Slice,
    ) -> Result<Vec<CustomerRow>, DatabaseError> {
        let text = |text: &String| Bson::String(text.clone());
        let conditions = found_by(&filter.q, key)
            .any_of("_id", filter.owner.as_slice(), |id| id_value(*id))
            .any_of("reference.value", &filter.reference, text)
            .any_of("tags", &filter.tag, text)
            .any_of("status", &filter.status, |word| word.as_str().into());
        page(
            &self.database.customer_list(),
            conditions,
            NEWEST_FIRST,
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

    /// Whether a customer is registered.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn exists(&self, customer: CustomerId) -> Result<bool, DatabaseError> {
        let found = self
            .database
            .customer_list()
            .clone_with_type::<OnlyId>()
            .find_one(doc! { "_id": id_value(customer) })
            .projection(doc! { "_id": 1 })
            .max_time(READ_MAX)
            .await
            .attempt("look a customer up")?;
        Ok(found.is_some())
    }

    /// Customers that every word finds, the newest 200; none without words. With a key it also looks at what is
    /// personal.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn search(
        &self,
        words: &[String],
        key: Option<&SealingKey>,
    ) -> Result<Vec<CustomerId>, DatabaseError> {
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let attempt = "search customers";
        let rows: Vec<OnlyId> = self
            .database
            .customer_list()
            .clone_with_type()
            .find(found_by(words, key).filter())
            .sort(NEWEST_FIRST.document())
            .projection(doc! { "_id": 1 })
            .limit(FOUND_MAX)
            .max_time(READ_MAX)
            .await
            .attempt(attempt)?
            .try_collect()
            .await
            .attempt(attempt)?;
        Ok(rows.into_iter().map(|row| row.customer_id).collect())
    }

    /// The names of some customers as they are kept, by one question; an erased one has none.
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
        let names = rows
            .into_iter()
            .filter_map(|row| Some((row.customer_id, row.personal?)));
        Ok(names.collect())
    }
}

/// Each word finds the customer by a reference or, with a key, by what is personal.
fn found_by(words: &[String], key: Option<&SealingKey>) -> Conditions {
    words.iter().fold(Conditions::default(), |found, word| {
        let mut either = vec![Conditions::default().all_of("search", std::slice::from_ref(word))];
        let wanted = key.map_or_else(Vec::new, |key| tokens::wanted(key, word));
        if !wanted.is_empty() {
            either.push(Conditions::default().all_figures("tokens", &wanted));
        }
        found.either(either)
    })
}
