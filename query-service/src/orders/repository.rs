//! Orders as they are stored: typed questions in, typed documents out. It knows the members of the documents, but no
//! HTTP and no collection's name.

use std::time::Duration;

use bson::{Bson, Document, doc};
use futures::{Stream, TryStreamExt};
use orderfold_events::{CustomerId, OrderId, OrderNumber, Version};
use serde::{Deserialize, Serialize};

use super::{
    conditions::conditions,
    filter::{Facet, OrderFilter, OrderSort},
    lookup::Lookup,
};
use crate::{
    database::{
        Attempt, Database, DatabaseError,
        reading::{READ_MAX, Slice, one_moment, page},
        stored::{self, id_value},
    },
    progress::Subject,
    projections::{
        order_detail::OrderDocument, order_list::OrderRow, order_timeline::TimelineEntry,
    },
};

/// How long the server may work on one export.
const EXPORT_MAX: Duration = Duration::from_mins(4);
/// Rows that come at once while exporting.
const EXPORT_BATCH_ROWS: u32 = 500;

/// The two names of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderKey {
    Id(OrderId),
    Number(OrderNumber),
}

impl OrderKey {
    /// What a question by this key is about: a number may be that of any order.
    #[must_use]
    pub fn subject(self) -> Subject {
        match self {
            Self::Id(order) => Subject::Order(order),
            Self::Number(_) => Subject::Many,
        }
    }
}

/// Reads orders.
#[derive(Debug, Clone)]
pub struct OrderRepository {
    database: Database,
    lookup: Lookup,
}

#[derive(Debug, Serialize, Deserialize)]
struct OnlyId {
    #[serde(rename = "_id", with = "stored::id")]
    order_id: OrderId,
}

impl OrderRepository {
    #[must_use]
    pub fn new(database: Database) -> Self {
        let lookup = Lookup::new(database.clone());
        Self { database, lookup }
    }

    /// Some rows of a list; `found` are the customers that its search finds.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn list(
        &self,
        filter: &OrderFilter,
        found: &[CustomerId],
        sort: OrderSort,
        slice: Slice,
    ) -> Result<Vec<OrderRow>, DatabaseError> {
        let rows = self.database.order_list();
        page(&rows, conditions(filter, found), sort.key(), slice).await
    }

    /// Every row of a list, all as of one moment.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away; so may each row.
    pub async fn all(
        &self,
        filter: &OrderFilter,
        found: &[CustomerId],
        sort: OrderSort,
    ) -> Result<impl Stream<Item = Result<OrderRow, DatabaseError>> + use<>, DatabaseError> {
        let attempt = "export orders";
        let rows = self
            .database
            .order_list()
            .find(conditions(filter, found).filter())
            .sort(sort.key().document())
            .read_concern(one_moment())
            .batch_size(EXPORT_BATCH_ROWS)
            .max_time(EXPORT_MAX)
            .await
            .attempt(attempt)?;
        Ok(rows.map_err(move |error| DatabaseError::of(attempt, error)))
    }

    /// How many orders match, counted up to a limit.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn count(
        &self,
        filter: &OrderFilter,
        found: &[CustomerId],
        rows_max: u64,
    ) -> Result<u64, DatabaseError> {
        self.database
            .order_list()
            .count_documents(conditions(filter, found).filter())
            .limit(rows_max)
            .max_time(READ_MAX)
            .await
            .attempt("count orders")
    }

    /// Every value that a member of any row has.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn values(&self, facet: Facet) -> Result<Vec<String>, DatabaseError> {
        let values = self
            .database
            .order_list()
            .distinct(facet.as_str(), doc! {})
            .max_time(READ_MAX)
            .await
            .attempt("read the values of a facet")?;
        let texts = values.into_iter().filter_map(|value| match value {
            Bson::String(text) => Some(text),
            _ => None,
        });
        Ok(texts.collect())
    }

    /// One order, if it is the owner's where one is given.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn find(
        &self,
        key: OrderKey,
        owner: Option<CustomerId>,
    ) -> Result<Option<OrderDocument>, DatabaseError> {
        if let OrderKey::Id(order) = key {
            let found = self.lookup.find(order).await?;
            let is_theirs = |order: &OrderDocument| owner.is_none_or(|it| it == order.customer_id);
            return Ok(found.filter(is_theirs));
        }
        self.database
            .order_detail()
            .find_one(by_key(key, owner))
            .max_time(READ_MAX)
            .await
            .attempt("read an order")
    }

    /// The id of an order, if it is the owner's where one is given.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn locate(
        &self,
        key: OrderKey,
        owner: Option<CustomerId>,
    ) -> Result<Option<OrderId>, DatabaseError> {
        let found = self
            .database
            .order_detail()
            .clone_with_type::<OnlyId>()
            .find_one(by_key(key, owner))
            .projection(doc! { "_id": 1 })
            .max_time(READ_MAX)
            .await
            .attempt("look an order up")?;
        Ok(found.map(|only| only.order_id))
    }

    /// The events of an order after a version, oldest first.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn timeline(
        &self,
        order: OrderId,
        after: Version,
        rows_max: u32,
    ) -> Result<Vec<TimelineEntry>, DatabaseError> {
        let attempt = "read the events of an order";
        self.database
            .order_timeline()
            .find(doc! { "order_id": id_value(order), "version": { "$gt": i64::from(after.0) } })
            .sort(doc! { "version": 1 })
            .limit(i64::from(rows_max))
            .max_time(READ_MAX)
            .await
            .attempt(attempt)?
            .try_collect()
            .await
            .attempt(attempt)
    }
}

fn by_key(key: OrderKey, owner: Option<CustomerId>) -> Document {
    let mut filter = match key {
        OrderKey::Id(id) => doc! { "_id": id_value(id) },
        OrderKey::Number(number) => doc! { "number": number.to_string() },
    };
    if let Some(owner) = owner {
        filter.insert("customer_id", id_value(owner));
    }
    filter
}
