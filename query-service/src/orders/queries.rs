//! The questions about orders, and what of the read models each of them looks at.

use std::sync::Arc;

use futures::{Stream, StreamExt, TryStreamExt, stream, stream::TryChunksError};
use orderfold_events::{CustomerId, Version};
use tokio::sync::Semaphore;

use super::{
    as_of::{Moment, PastError, Replay},
    facets::{COUNT_MAX, FacetCount, Facets, known_values, narrowed},
    filter::{Facet, OrderFilter, OrderSort},
    listed::ListedOrder,
    repository::{OrderKey, OrderRepository},
};
use crate::{
    customers::repository::CustomerRepository,
    database::{
        DatabaseError,
        reading::{Place, Rows, Slice},
    },
    projections::{
        ReadModel, order_detail::OrderDocument, order_list::OrderRow, order_timeline::TimelineEntry,
    },
};

/// What [`OrderQueries::list`], [`OrderQueries::facets`] and [`OrderQueries::export`] look at.
pub const LIST_READS: &[ReadModel] = &[ReadModel::OrderList, ReadModel::CustomerList];
/// What [`OrderQueries::get`] looks at.
pub const ORDER_READS: &[ReadModel] = &[ReadModel::OrderDetail];
/// What [`OrderQueries::timeline`] and [`OrderQueries::past`] look at.
pub const TIMELINE_READS: &[ReadModel] = &[ReadModel::OrderDetail, ReadModel::OrderTimeline];

/// Counts that are made at once for one answer.
const COUNTS_AT_ONCE: usize = 4;
/// Most values of a facet that is not a closed list.
const FACET_VALUES_MAX: usize = 50;
/// Exports that run at once.
const EXPORTS_MAX: usize = 4;
/// Rows whose customers are looked up together.
const EXPORT_CHUNK_ROWS: usize = 500;
/// Events that are folded at once on the way to a past state.
const REPLAY_PAGE_EVENTS: u32 = 500;

/// Answers questions about orders.
#[derive(Debug, Clone)]
pub struct OrderQueries {
    orders: OrderRepository,
    customers: CustomerRepository,
    exports: Arc<Semaphore>,
}

/// Why nothing is exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportRefusal {
    #[error("too many exports are running")]
    Busy,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Why a past state cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Past(#[from] PastError),
}

impl OrderQueries {
    #[must_use]
    pub fn new(orders: OrderRepository, customers: CustomerRepository) -> Self {
        Self {
            orders,
            customers,
            exports: Arc::new(Semaphore::new(EXPORTS_MAX)),
        }
    }

    /// A page of orders, with the names of their customers where `personal` says so.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn list(
        &self,
        filter: &OrderFilter,
        sort: OrderSort,
        slice: Slice,
        personal: bool,
    ) -> Result<Rows<ListedOrder>, DatabaseError> {
        let found = self.customers.search(&filter.q).await?;
        let rows = self
            .orders
            .list(filter, &found, sort, slice.and_one())
            .await?;
        let Rows { data, next } = Rows::cut(rows, slice, |row| place(row, sort));
        let data = named(&self.customers, data, personal).await?;
        Ok(Rows { data, next })
    }

    /// How many orders match, by the values of each facet.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn facets(&self, filter: &OrderFilter) -> Result<Facets, DatabaseError> {
        let found = self.customers.search(&filter.q).await?;
        let mut wanted = Vec::new();
        for &facet in Facet::ALL {
            let values = match known_values(facet) {
                Some(values) => values,
                None => self.orders.values(facet).await?,
            };
            let values = values.into_iter().take(FACET_VALUES_MAX);
            wanted.extend(values.map(|value| (facet, value)));
        }
        let counts = wanted.into_iter().filter_map(|(facet, value)| {
            let filter = narrowed(filter, facet, &value)?;
            Some(self.count(filter, &found, (facet, value)))
        });
        let counted: Vec<(Facet, FacetCount)> = stream::iter(counts)
            .buffered(COUNTS_AT_ONCE)
            .try_collect()
            .await?;
        let mut facets = Facets::default();
        for (facet, count) in counted.into_iter().filter(|(_, count)| count.count > 0) {
            facets.of(facet).push(count);
        }
        Ok(facets)
    }

    async fn count(
        &self,
        filter: OrderFilter,
        found: &[CustomerId],
        (facet, value): (Facet, String),
    ) -> Result<(Facet, FacetCount), DatabaseError> {
        let counted = self.orders.count(&filter, found, COUNT_MAX + 1).await?;
        Ok((facet, FacetCount::new(value, counted)))
    }

    /// Every order that matches, as of one moment, in chunks. Few exports run at once.
    ///
    /// # Errors
    /// [`ExportRefusal`]; a chunk fails when MongoDB goes away in between.
    pub async fn export(
        &self,
        filter: &OrderFilter,
        sort: OrderSort,
        personal: bool,
    ) -> Result<impl Stream<Item = Result<Vec<ListedOrder>, DatabaseError>> + use<>, ExportRefusal>
    {
        let place = Arc::clone(&self.exports)
            .try_acquire_owned()
            .map_err(|_full| ExportRefusal::Busy)?;
        let found = self.customers.search(&filter.q).await?;
        let rows = self.orders.all(filter, &found, sort).await?;
        // The stream takes the repository along, and its place among the exports until it ends.
        let kept = Arc::new((self.customers.clone(), place));
        Ok(rows
            .try_chunks(EXPORT_CHUNK_ROWS)
            .map_err(|TryChunksError(_, error)| error)
            .and_then(move |rows| {
                let kept = Arc::clone(&kept);
                async move { named(&kept.0, rows, personal).await }
            }))
    }

    /// One order, if it is the owner's where one is given.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn get(
        &self,
        key: OrderKey,
        owner: Option<CustomerId>,
    ) -> Result<Option<OrderDocument>, DatabaseError> {
        self.orders.find(key, owner).await
    }

    /// One order as it was; the outer option tells whether there is such an order, the inner whether it was there then.
    ///
    /// # Errors
    /// [`ReplayError`] when MongoDB is away, or the timeline is damaged.
    pub async fn past(
        &self,
        key: OrderKey,
        owner: Option<CustomerId>,
        moment: Moment,
    ) -> Result<Option<Option<OrderDocument>>, ReplayError> {
        let Some(order) = self.orders.locate(key, owner).await? else {
            return Ok(None);
        };
        let mut replay = Replay::to(moment);
        loop {
            let after = replay.version();
            let entries = self
                .orders
                .timeline(order, after, REPLAY_PAGE_EVENTS)
                .await?;
            if entries.is_empty() || !replay.fold(&entries)? {
                return Ok(Some(replay.order()));
            }
        }
    }

    /// A page of an order's events, if the order is the owner's where one is given.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn timeline(
        &self,
        key: OrderKey,
        owner: Option<CustomerId>,
        slice: Slice,
    ) -> Result<Option<Rows<TimelineEntry>>, DatabaseError> {
        let Some(order) = self.orders.locate(key, owner).await? else {
            return Ok(None);
        };
        let after = slice.after.map_or(Version::NONE, |place| {
            Version(u32::try_from(place.sorted_by).unwrap_or(u32::MAX))
        });
        let rows_max = slice.and_one().rows_max;
        let rows = self.orders.timeline(order, after, rows_max).await?;
        Ok(Some(Rows::cut(rows, slice, |entry| Place {
            sorted_by: entry.version.0.into(),
            id: entry.order_id.0,
        })))
    }
}

/// Where a row stands in a list.
fn place(row: &OrderRow, sort: OrderSort) -> Place {
    let sorted_by = match sort {
        OrderSort::PlacedAt | OrderSort::PlacedAtDescending => row.listed_at.millis(),
        OrderSort::UpdatedAt | OrderSort::UpdatedAtDescending => row.updated_at.millis(),
        OrderSort::TotalSales | OrderSort::TotalSalesDescending => row.totals.total_sales,
        OrderSort::Number | OrderSort::NumberDescending => row.number_rank,
    };
    Place {
        sorted_by,
        id: row.order_id.0,
    }
}

/// Rows with the names of their customers, where they may be seen.
async fn named(
    customers: &CustomerRepository,
    rows: Vec<OrderRow>,
    personal: bool,
) -> Result<Vec<ListedOrder>, DatabaseError> {
    let shown = rows.iter().filter(|_| personal);
    let names = customers.names(shown.map(|row| row.customer_id)).await?;
    let named = rows.into_iter().map(|row| {
        let name = names.get(&row.customer_id).cloned();
        ListedOrder::new(row, name)
    });
    Ok(named.collect())
}
