//! The questions about customers, and what of the read models each of them looks at.

use std::collections::HashMap;

use orderfold_events::CustomerId;

use super::{body::ListedCustomer, filter::CustomerFilter, repository::CustomerRepository};
use crate::{
    database::{
        DatabaseError,
        reading::{Place, Rows, Slice},
    },
    projections::{ReadModel, customer_360::CustomerDocument},
};

/// What [`CustomerQueries::list`] looks at.
pub const LIST_READS: &[ReadModel] = &[ReadModel::CustomerList];
/// What [`CustomerQueries::get`] looks at.
pub const CUSTOMER_READS: &[ReadModel] = &[ReadModel::Customer360];

/// What the list of one customer's orders looks at.
pub const ORDERS_READS: &[ReadModel] = &[ReadModel::OrderList, ReadModel::CustomerList];

/// Answers questions about customers.
#[derive(Debug, Clone)]
pub struct CustomerQueries {
    repository: CustomerRepository,
}

impl CustomerQueries {
    #[must_use]
    pub fn new(repository: CustomerRepository) -> Self {
        Self { repository }
    }

    /// A page of customers, newest first, with what is personal where `personal` says so.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn list(
        &self,
        filter: &CustomerFilter,
        slice: Slice,
        personal: bool,
    ) -> Result<Rows<ListedCustomer>, DatabaseError> {
        let rows = self.repository.list(filter, slice.and_one()).await?;
        let rows = Rows::cut(rows, slice, |row| Place {
            sorted_by: row.created_at.millis(),
            id: row.customer_id.0,
        });
        Ok(rows.map(|row| ListedCustomer::new(row, personal)))
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

    /// The names of some customers.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn names(
        &self,
        customers: impl Iterator<Item = CustomerId>,
    ) -> Result<HashMap<CustomerId, String>, DatabaseError> {
        self.repository.names(customers).await
    }
}
