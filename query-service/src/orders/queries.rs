//! The questions about orders, and what of the read models each of them looks at.

use orderfold_events::{CustomerId, Personal, Version};

use super::{
    body::OrderBody,
    filter::{OrderFilter, OrderSort},
    listed::ListedOrder,
    repository::{OrderKey, OrderRepository},
    timeline::TimelineEventBody,
};
use crate::{
    customers::repository::CustomerRepository,
    database::reading::{Place, Rows, Slice},
    keys::{KeyRing, KeysError},
    projections::{ReadModel, order_timeline::TimelineEntry},
};

/// What [`OrderQueries::list`] looks at.
pub const LIST_READS: &[ReadModel] = &[ReadModel::OrderList, ReadModel::CustomerList];
/// What [`OrderQueries::get`] looks at.
pub const ORDER_READS: &[ReadModel] = &[ReadModel::OrderDetail];
/// What [`OrderQueries::timeline`] looks at.
pub const TIMELINE_READS: &[ReadModel] = &[ReadModel::OrderDetail, ReadModel::OrderTimeline];

/// Answers questions about orders.
#[derive(Debug, Clone)]
pub struct OrderQueries {
    orders: OrderRepository,
    customers: CustomerRepository,
    keys: KeyRing,
}

impl OrderQueries {
    #[must_use]
    pub fn new(orders: OrderRepository, customers: CustomerRepository, keys: KeyRing) -> Self {
        Self {
            orders,
            customers,
            keys,
        }
    }

    /// A page of orders, with the names of their customers where `personal` says so.
    ///
    /// # Errors
    /// [`KeysError`] when MongoDB is away, or keys cannot be had.
    pub async fn list(
        &self,
        filter: &OrderFilter,
        sort: OrderSort,
        slice: Slice,
        personal: bool,
    ) -> Result<Rows<ListedOrder>, KeysError> {
        let rows = self.orders.list(filter, sort, slice.and_one()).await?;
        let rows = Rows::cut(rows, slice, |row| Place {
            sorted_by: row.placed_at.millis(),
            id: row.order_id.0,
        });
        let customers = rows.data.iter().filter(|_| personal);
        let names = self
            .customers
            .names(customers.map(|row| row.customer_id))
            .await?;
        let owners = names.values().filter_map(Personal::key);
        let opener = self.keys.for_reader(owners, personal).await?;
        Ok(rows.map(|row| {
            let name = names.get(&row.customer_id);
            let name = name
                .and_then(|name| opener.open(name))
                .map(|only| only.name);
            ListedOrder::new(row, name)
        }))
    }

    /// One order, if it is the owner's where one is given, with what is personal where `personal` says so.
    ///
    /// # Errors
    /// [`KeysError`] when MongoDB is away, or the key cannot be had.
    pub async fn get(
        &self,
        key: OrderKey,
        owner: Option<CustomerId>,
        personal: bool,
    ) -> Result<Option<OrderBody>, KeysError> {
        let Some(order) = self.orders.find(key, owner).await? else {
            return Ok(None);
        };
        let opener = self.keys.for_reader(order.keys(), personal).await?;
        Ok(Some(OrderBody::new(order, &opener)))
    }

    /// A page of an order's events, if the order is the owner's where one is given.
    ///
    /// # Errors
    /// [`KeysError`] when MongoDB is away, or keys cannot be had.
    pub async fn timeline(
        &self,
        key: OrderKey,
        owner: Option<CustomerId>,
        slice: Slice,
        personal: bool,
    ) -> Result<Option<Rows<TimelineEventBody>>, KeysError> {
        let Some(order) = self.orders.locate(key, owner).await? else {
            return Ok(None);
        };
        let after = slice.after.map_or(Version::NONE, |place| {
            Version(u32::try_from(place.sorted_by).unwrap_or(u32::MAX))
        });
        let rows_max = slice.and_one().rows_max;
        let rows = self.orders.timeline(order, after, rows_max).await?;
        let rows = Rows::cut(rows, slice, |entry| Place {
            sorted_by: entry.version.0.into(),
            id: entry.order_id.0,
        });
        let owners = rows.data.iter().filter_map(TimelineEntry::key);
        let opener = self.keys.for_reader(owners, personal).await?;
        Ok(Some(
            rows.map(|entry| TimelineEventBody::new(entry, &opener)),
        ))
    }
}
