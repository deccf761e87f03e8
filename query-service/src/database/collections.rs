//! The names of the collections, each with the version of its read model, and typed access to them.

use mongodb::Collection;
use serde::{Serialize, de::DeserializeOwned};

use super::Database;
use crate::projections::{
    ReadModel,
    customer_360::CustomerDocument,
    customer_list::CustomerRow,
    order_detail::OrderDocument,
    order_list::OrderRow,
    order_timeline::TimelineEntry,
    ranking::ItemDocument,
    receivables::ReceivableDocument,
    sales_series::{SalesDay, SalesSlots},
    work_queue::WorkDocument,
};

pub(crate) const CHECKPOINTS: &str = "checkpoints";
pub(crate) const STORE: &str = "store";
pub(crate) const ORDER_LIST: &str = "order_list_v1";
pub(crate) const ORDER_DETAIL: &str = "order_detail_v1";
pub(crate) const ORDER_TIMELINE: &str = "order_timeline_v1";
pub(crate) const CUSTOMER_LIST: &str = "customer_list_v1";
pub(crate) const CUSTOMER_360: &str = "customer_360_v1";
pub(crate) const SALES_SLOTS: &str = "sales_slots_v1";
pub(crate) const SALES_DAYS: &str = "sales_days_v1";
pub(crate) const PRODUCT_SALES: &str = "product_sales_v1";
pub(crate) const CUSTOMER_SALES: &str = "customer_sales_v1";
pub(crate) const WORK_QUEUE: &str = "work_queue_v1";
pub(crate) const RECEIVABLES: &str = "receivables_v1";

/// The collection that holds the documents of a read model; of `sales_series` the quarter-hours.
pub(crate) const fn documents_of(read_model: ReadModel) -> &'static str {
    match read_model {
        ReadModel::OrderList => ORDER_LIST,
        ReadModel::OrderDetail => ORDER_DETAIL,
        ReadModel::OrderTimeline => ORDER_TIMELINE,
        ReadModel::CustomerList => CUSTOMER_LIST,
        ReadModel::Customer360 => CUSTOMER_360,
        ReadModel::SalesSeries => SALES_SLOTS,
        ReadModel::ProductSales => PRODUCT_SALES,
        ReadModel::CustomerSales => CUSTOMER_SALES,
        ReadModel::WorkQueue => WORK_QUEUE,
        ReadModel::Receivables => RECEIVABLES,
    }
}

impl Database {
    pub(super) fn collection<T>(&self, name: &str) -> Collection<T>
    where
        T: Serialize + DeserializeOwned + Send + Sync,
    {
        self.inner.collection(name)
    }

    /// `order_list`: keyset index `(placed_at, _id)`, alone and behind each of `customer_id`, `lifecycle`,
    /// `payment_status`, `fulfilment_status`, `channel`, `currency` and `reference`.
    #[must_use]
    pub fn order_list(&self) -> Collection<OrderRow> {
        self.collection(ORDER_LIST)
    }

    /// `order_detail`, by id or by `number`.
    #[must_use]
    pub fn order_detail(&self) -> Collection<OrderDocument> {
        self.collection(ORDER_DETAIL)
    }

    /// `order_timeline`, by `(order_id, version)`.
    #[must_use]
    pub fn order_timeline(&self) -> Collection<TimelineEntry> {
        self.collection(ORDER_TIMELINE)
    }

    /// `customer_list`: keyset index `(created_at, _id)`, alone and behind each of `status`, `tags` and
    /// `reference.value`.
    #[must_use]
    pub fn customer_list(&self) -> Collection<CustomerRow> {
        self.collection(CUSTOMER_LIST)
    }

    /// `customer_360`, by id.
    #[must_use]
    pub fn customer_360(&self) -> Collection<CustomerDocument> {
        self.collection(CUSTOMER_360)
    }

    /// Quarter-hours of `sales_series`, by `(_id.currency, _id.day, _id.channel)`; days are UTC.
    #[must_use]
    pub fn sales_slots(&self) -> Collection<SalesSlots> {
        self.collection(SALES_SLOTS)
    }

    /// Whole days of `sales_series`, by `(_id.currency, _id.day, _id.channel)`; days are the reporting zone's.
    #[must_use]
    pub fn sales_days(&self) -> Collection<SalesDay> {
        self.collection(SALES_DAYS)
    }

    /// `product_sales`, by `(_id.currency, _id.span, _id.day)`; days are the reporting zone's.
    #[must_use]
    pub fn product_sales(&self) -> Collection<ItemDocument> {
        self.collection(PRODUCT_SALES)
    }

    /// `customer_sales`, by `(_id.currency, _id.span, _id.day)`; days are the reporting zone's.
    #[must_use]
    pub fn customer_sales(&self) -> Collection<ItemDocument> {
        self.collection(CUSTOMER_SALES)
    }

    /// `work_queue`, by `(since.<stage>, _id)` for the orders in each stage.
    #[must_use]
    pub fn work_queue(&self) -> Collection<WorkDocument> {
        self.collection(WORK_QUEUE)
    }

    /// `receivables`, by `(currency, customer_id)` for what is not settled.
    #[must_use]
    pub fn receivables(&self) -> Collection<ReceivableDocument> {
        self.collection(RECEIVABLES)
    }
}
