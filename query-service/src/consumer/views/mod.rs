//! From a batch of events to the documents of one read model, inside the transaction that moves its checkpoints:
//! what the folds need is read, folded in memory, and each document is written once.

mod documents;
mod items;
mod sales;
mod timeline;

use std::{future::Future, sync::Arc};

use orderfold_events::{CustomerId, Envelope, Event, StreamId, Version};

pub use self::{documents::Documents, items::Items, sales::Sales, timeline::Timeline};
use super::record::{Content, Record};
use crate::{
    database::{DatabaseError, StoreIdentity, Transaction, moment::Find},
    projections::{
        Contradiction, FoldKeys, ReadModel, customer_360::Customer360, customer_list::CustomerList,
        customer_sales::CustomerSales, order_detail::OrderDetail, order_list::OrderList,
        product_sales::ProductSales, receivables::Receivables, work_queue::WorkQueue,
    },
};

/// One read model, written batch by batch.
pub trait View: Send + Sync + 'static {
    const READ_MODEL: ReadModel;

    /// What folding takes of what is there already.
    type Documents: Default + Send;

    /// Whose key folding an event takes.
    fn key_for(_event: &Event) -> Option<CustomerId> {
        None
    }

    /// Whether folding an event changes a document.
    fn touches(&self, envelope: &Envelope, event: &Event) -> bool;

    /// Reads what folding a batch takes. What only adds, or only makes documents, takes nothing.
    fn read(
        &self,
        _from: &mut impl Find,
        _batch: &[Arc<Record>],
    ) -> impl Future<Output = Result<Self::Documents, DatabaseError>> + Send {
        async { Ok(Self::Documents::default()) }
    }

    /// Folds a batch into the documents that were read for it, with the keys that its events take. Records come in the
    /// order of their positions within each shard.
    fn write(
        &self,
        transaction: &mut Transaction,
        batch: &[Arc<Record>],
        keys: &FoldKeys,
        documents: Self::Documents,
    ) -> impl Future<Output = Result<(), ViewError>> + Send;

    /// Lets the documents that keep the version of a stream go on behind an event that is left out. Where no document
    /// does, there is nothing to do.
    fn skip(
        &self,
        _transaction: &mut Transaction,
        _stream: StreamId,
        _version: Version,
    ) -> impl Future<Output = Result<(), DatabaseError>> + Send {
        async { Ok(()) }
    }
}

/// Something to be done with the view of whichever read model.
pub trait ForView {
    type Output;

    fn with<V: View>(self, view: V) -> Self::Output;
}

/// Does it: a new read model is one more line.
pub fn for_view<T: ForView>(read_model: ReadModel, store: StoreIdentity, task: T) -> T::Output {
    let (shards, zone) = (store.shards, store.reporting_zone);
    match read_model {
        ReadModel::OrderList => task.with(Documents::<OrderList>::new()),
        ReadModel::OrderDetail => task.with(Documents::<OrderDetail>::new()),
        ReadModel::OrderTimeline => task.with(Timeline),
        ReadModel::CustomerList => task.with(Documents::<CustomerList>::new()),
        ReadModel::Customer360 => task.with(Documents::<Customer360>::new()),
        ReadModel::SalesSeries => task.with(Sales { shards, zone }),
        ReadModel::ProductSales => task.with(Items::<ProductSales>::new(shards, zone)),
        ReadModel::CustomerSales => task.with(Items::<CustomerSales>::new(shards, zone)),
        ReadModel::WorkQueue => task.with(Documents::<WorkQueue>::new()),
        ReadModel::Receivables => task.with(Documents::<Receivables>::new()),
    }
}

/// Why a batch was not written.
#[derive(Debug)]
pub enum ViewError {
    /// One event cannot be folded; those before it can.
    Contradiction {
        record: Arc<Record>,
        cause: Contradiction,
    },
    Database(DatabaseError),
}

impl From<DatabaseError> for ViewError {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

/// Whose keys folding a batch takes.
#[must_use]
pub fn keys_for<V: View>(batch: &[Arc<Record>]) -> Vec<CustomerId> {
    readable(batch)
        .filter_map(|(_, content)| V::key_for(&content.event))
        .collect()
}

/// The readable records of a batch; only such are ever folded.
fn readable(batch: &[Arc<Record>]) -> impl Iterator<Item = (&Arc<Record>, &Content)> {
    batch.iter().filter_map(|record| {
        record
            .content
            .as_ref()
            .ok()
            .map(|content| (record, content))
    })
}
