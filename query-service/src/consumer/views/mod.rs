//! From a batch of events to the documents of one read model, inside the transaction that moves its checkpoints:
//! what the folds need is read, folded in memory, and each document is written once.

mod documents;
mod items;
mod sales;
mod timeline;

use std::{future::Future, sync::Arc};

pub use self::{documents::Documents, items::Items, sales::Sales, timeline::Timeline};
use super::record::{Content, Record};
use crate::{
    database::{DatabaseError, Transaction},
    projections::{Contradiction, ReadModel},
};

/// One read model, written batch by batch.
pub trait View: Send + Sync + 'static {
    const READ_MODEL: ReadModel;

    /// Folds a batch into the documents. Records come in the order of their positions within each shard.
    fn write(
        &self,
        transaction: &mut Transaction,
        batch: &[Arc<Record>],
    ) -> impl Future<Output = Result<(), ViewError>> + Send;
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

/// The readable records of a batch; only such are ever in one.
fn readable(batch: &[Arc<Record>]) -> impl Iterator<Item = (&Arc<Record>, &Content)> {
    batch.iter().filter_map(|record| {
        record
            .content
            .as_ref()
            .ok()
            .map(|content| (record, content))
    })
}
