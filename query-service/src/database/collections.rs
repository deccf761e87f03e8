//! The names of the collections, each with the version of its read model, and typed access to them. What a read model
//! writes is there once per build, under its name and the number of the build.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use mongodb::Collection;
use serde::{Serialize, de::DeserializeOwned};

use super::{Build, Database};
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
pub(crate) const CUSTOMER_KEY: &str = "customer_key";
pub(crate) const PROJECTIONS: &str = "projections";
pub(crate) const PARKED: &str = "parked";
pub(crate) const SKIPPED: &str = "skipped";
pub(crate) const AUDIT: &str = "audit";
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

/// Every collection that a read model writes.
pub(crate) const fn collections_of(read_model: ReadModel) -> &'static [&'static str] {
    match read_model {
        ReadModel::OrderList => &[ORDER_LIST],
        ReadModel::OrderDetail => &[ORDER_DETAIL],
        ReadModel::OrderTimeline => &[ORDER_TIMELINE],
        ReadModel::CustomerList => &[CUSTOMER_LIST],
        ReadModel::Customer360 => &[CUSTOMER_360],
        ReadModel::SalesSeries => &[SALES_SLOTS, SALES_DAYS],
        ReadModel::ProductSales => &[PRODUCT_SALES],
        ReadModel::CustomerSales => &[CUSTOMER_SALES],
        ReadModel::WorkQueue => &[WORK_QUEUE],
        ReadModel::Receivables => &[RECEIVABLES],
    }
}

/// The name of a collection in one build.
pub(super) fn built(name: &str, build: Build) -> String {
    format!("{name}_b{build}")
}

/// The read model that writes a collection; none does with those that are there once.
pub(super) fn written_by(name: &str) -> Option<ReadModel> {
    let mut all = ReadModel::ALL.iter().copied();
    all.find(|&read_model| collections_of(read_model).contains(&name))
}

/// Which build of each read model answers in this process. Cheap to clone: all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Serving(Arc<RwLock<BTreeMap<ReadModel, Build>>>);

impl Serving {
    /// The build that answers; the first unless told otherwise.
    #[must_use]
    pub fn of(&self, read_model: ReadModel) -> Build {
        let serving = self.0.read().unwrap_or_else(PoisonError::into_inner);
        serving.get(&read_model).copied().unwrap_or(Build::FIRST)
    }

    /// Makes another build answer.
    pub fn switch(&self, read_model: ReadModel, build: Build) {
        let mut serving = self.0.write().unwrap_or_else(PoisonError::into_inner);
        serving.insert(read_model, build);
    }

    /// The name of a collection in the build that answers.
    pub(super) fn name(&self, name: &'static str) -> Cow<'static, str> {
        match written_by(name) {
            Some(read_model) => built(name, self.of(read_model)).into(),
            None => name.into(),
        }
    }
}

impl Database {
    /// Which builds answer.
    #[must_use]
    pub fn serving(&self) -> &Serving {
        &self.serving
    }

    /// A collection, in the build that answers where there are several.
    pub(super) fn collection<T>(&self, name: &'static str) -> Collection<T>
    where
        T: Serialize + DeserializeOwned + Send + Sync,
    {
        self.inner.collection(&self.serving.name(name))
    }

    /// `order_list`: a keyset index per sort, and `(listed_at, _id)` behind every filter.
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

    /// `customer_list`: keyset index `(created_at, _id)`, alone and behind each of `status`, `tags`,
    /// `reference.value` and `search`.
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
