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
        reading::{Conditions, Direction, READ_MAX, Slice, SortKey, SortKind, page},
        stored::{self, id_value},
    },
    projections::{customer_360::CustomerDocument, customer_list::CustomerRow},
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

#[derive(Debug, Serialize, Deserialize)]
struct OnlyName {
    name: String,
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
            .all_of("search", &filter.q)
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

    /// Customers that every word finds, the newest 200; none without words.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn search(&self, words: &[String]) -> Result<Vec<CustomerId>, DatabaseError> {
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let attempt = "search customers";
        let rows: Vec<OnlyId> = self
            .database
            .customer_list()
            .clone_with_type()
            .find(Conditions::default().all_of("search", words).filter())
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

    /// The names of some customers, by one question; an erased one has none.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn names(
        &self,
        customers: impl Iterator<Item = CustomerId>,
    ) -> Result<HashMap<CustomerId, String>, DatabaseError> {
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
            .projection(doc! { "personal.plain.name": 1 })
            .max_time(READ_MAX)
            .await
            .attempt(attempt)?
            .try_collect()
            .await
            .attempt(attempt)?;
        let names = rows
            .into_iter()
            .filter_map(|row| Some((row.customer_id, row.personal?.plain.name)));
        Ok(names.collect())
    }
}
