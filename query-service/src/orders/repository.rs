//! Orders as they are stored: typed questions in, typed documents out. It knows the members of the documents, but no
//! HTTP and no collection's name.

use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use orderfold_events::{CustomerId, OrderId, OrderNumber, Version};
use serde::{Deserialize, Serialize};

use super::filter::{OrderFilter, OrderSort};
use crate::{
    database::{
        Attempt, Database, DatabaseError,
        reading::{Conditions, Direction, READ_MAX, Slice, page},
        stored::{self, id_value, time_value},
    },
    progress::Subject,
    projections::{
        order_detail::OrderDocument, order_list::OrderRow, order_timeline::TimelineEntry,
    },
};

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
}

#[derive(Debug, Serialize, Deserialize)]
struct OnlyId {
    #[serde(rename = "_id", with = "stored::id")]
    order_id: OrderId,
}

impl OrderRepository {
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// Some rows of a list.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn list(
        &self,
        filter: &OrderFilter,
        sort: OrderSort,
        slice: Slice,
    ) -> Result<Vec<OrderRow>, DatabaseError> {
        let direction = match sort {
            OrderSort::PlacedAt => Direction::Ascending,
            OrderSort::PlacedAtDescending => Direction::Descending,
        };
        page(
            &self.database.order_list(),
            conditions(filter),
            ("placed_at", direction),
            slice,
        )
        .await
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

fn conditions(filter: &OrderFilter) -> Conditions {
    let id = |id: &CustomerId| id_value(*id);
    let text = |text: &String| Bson::String(text.clone());
    Conditions::default()
        .any_of("customer_id", filter.owner.as_slice(), id)
        .any_of("customer_id", &filter.customer_id, id)
        .any_of("reference", &filter.reference, text)
        .any_of("channel", &filter.channel, text)
        .any_of("lifecycle", &filter.lifecycle, |word| word.as_str().into())
        .any_of("payment_status", &filter.payment_status, |word| {
            word.as_str().into()
        })
        .any_of("fulfilment_status", &filter.fulfilment_status, |word| {
            word.as_str().into()
        })
        .any_of("currency", &filter.currency, |currency| {
            currency.code().into()
        })
        .within(
            "placed_at",
            filter.placed_from.map(time_value),
            filter.placed_to.map(time_value),
        )
}
