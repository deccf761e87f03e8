//! The questions about customers, and what of the read models each of them looks at.

use std::{collections::HashMap, sync::Arc, time::Duration};

use orderfold_events::CustomerId;

use super::{
    body::ListedCustomer, erasure::ErasureBody, filter::CustomerFilter,
    repository::CustomerRepository,
};
use crate::{
    database::{
        DatabaseError,
        reading::{Place, Rows, Slice},
    },
    keys::{KeyRing, KeysError},
    progress::Progress,
    projections::{ReadModel, customer_360::CustomerDocument},
};

/// What [`CustomerQueries::list`] looks at.
pub const LIST_READS: &[ReadModel] = &[ReadModel::CustomerList];
/// What [`CustomerQueries::get`] looks at.
pub const CUSTOMER_READS: &[ReadModel] = &[ReadModel::Customer360];

/// What the list of one customer's orders looks at.
pub const ORDERS_READS: &[ReadModel] = &[ReadModel::OrderList, ReadModel::CustomerList];

/// What [`CustomerQueries::erasure`] looks at.
pub const ERASURE_READS: &[ReadModel] = &[ReadModel::CustomerList];

/// How long a read may go on with a key that it had before the key ended.
const READ_UNDER_WAY: Duration = Duration::from_secs(5);

/// Answers questions about customers.
#[derive(Debug, Clone)]
pub struct CustomerQueries {
    repository: CustomerRepository,
    keys: KeyRing,
    progress: Arc<Progress>,
}

impl CustomerQueries {
    #[must_use]
    pub fn new(repository: CustomerRepository, keys: KeyRing, progress: Arc<Progress>) -> Self {
        Self {
            repository,
            keys,
            progress,
        }
    }

    /// A page of customers, newest first, with what is personal where `personal` says so.
    ///
    /// # Errors
    /// [`KeysError`] when MongoDB is away, or keys cannot be had.
    pub async fn list(
        &self,
        filter: &CustomerFilter,
        slice: Slice,
        personal: bool,
    ) -> Result<Rows<ListedCustomer>, KeysError> {
        let key = self.keys.search(personal);
        let rows = self.repository.list(filter, key, slice.and_one()).await?;
        let rows = Rows::cut(rows, slice, |row| Place {
            sorted_by: row.created_at.millis(),
            id: row.customer_id.0,
        });
        let owners = rows.data.iter().map(|row| row.customer_id);
        let opener = self.keys.for_reader(owners, personal).await?;
        Ok(rows.map(|row| ListedCustomer::new(row, &opener)))
    }

    /// One customer, whole.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn get(
        &self,
        customer: CustomerId,
    ) -> Result<Option<CustomerDocument>, DatabaseError> {
        self.repository.find(customer).await
    }

    /// Whether there is such a customer.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn exists(&self, customer: CustomerId) -> Result<bool, DatabaseError> {
        self.repository.exists(customer).await
    }

    /// How far the erasure of a customer is; none where there is no such customer, or it was not erased. It is complete
    /// once every build of every read model has passed the end of the key, nothing of the customer waits parked, and no
    /// cache can hold the key any more.
    ///
    /// # Errors
    /// [`KeysError`] when MongoDB is away.
    pub async fn erasure(&self, customer: CustomerId) -> Result<Option<ErasureBody>, KeysError> {
        let row = self.repository.row(customer).await?;
        let Some((row, erased_at)) = row.and_then(|row| row.erased_at.map(|at| (row, at))) else {
            return Ok(None);
        };
        let passed = row
            .key_end
            .is_some_and(|end| self.progress.has_passed(end.coordinate));
        let ended_ms = self.repository.key_ended_ms(customer).await?;
        let forgotten = self.keys.cached() + READ_UNDER_WAY;
        let is_forgotten = ended_ms
            .and_then(|ended_ms| u64::try_from(ended_ms).ok())
            .is_some_and(|ended_ms| Duration::from_millis(ended_ms) >= forgotten);
        // Asked last: what was parked up to a checkpoint is there with the checkpoint.
        let is_complete = passed && is_forgotten && !self.progress.is_parked(customer).await?;
        Ok(Some(ErasureBody {
            customer_id: customer,
            status: if is_complete { "complete" } else { "pending" },
            erased_at,
            key_destroyed_at: row.key_end.map(|end| end.recorded_at),
        }))
    }

    /// The names of some customers.
    ///
    /// # Errors
    /// [`KeysError`] when MongoDB is away, or keys cannot be had.
    pub async fn names(
        &self,
        customers: impl Iterator<Item = CustomerId>,
    ) -> Result<HashMap<CustomerId, String>, KeysError> {
        let names = self.repository.names(customers).await?;
        let opener = self.keys.for_reader(names.keys().copied(), true).await?;
        let opened = names
            .into_iter()
            .filter_map(|(customer, name)| Some((customer, opener.open(&name)?.name)));
        Ok(opened.collect())
    }
}
