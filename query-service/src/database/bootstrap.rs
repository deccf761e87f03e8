//! Makes the collections and their indexes. Repeating it changes nothing, and replicas may do it at once.

use bson::{Document, doc};
use mongodb::{IndexModel, error::ErrorKind};

use super::{
    Attempt, Database, DatabaseError,
    collections::{
        CHECKPOINTS, CUSTOMER_360, CUSTOMER_KEY, CUSTOMER_LIST, ORDER_DETAIL, ORDER_LIST,
        ORDER_TIMELINE, SALES_DAYS, SALES_SLOTS, STORE,
    },
};

/// MongoDB's code for a collection that is there already.
const NAMESPACE_EXISTS: i32 = 48;
/// What a list of orders can be narrowed to; each stands before the keyset in an index of its own.
const ORDER_FILTERS: [&str; 7] = [
    "customer_id",
    "lifecycle",
    "payment_status",
    "fulfilment_status",
    "channel",
    "currency",
    "reference",
];
const CUSTOMER_FILTERS: [&str; 4] = ["status", "tags", "reference.value", "tokens"];

impl Database {
    /// Makes what is missing of the collections and indexes.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away or refuses.
    pub async fn bootstrap(&self) -> Result<(), DatabaseError> {
        for (name, indexes) in collections() {
            self.ensure_collection(name).await?;
            if !indexes.is_empty() {
                let models = indexes
                    .into_iter()
                    .map(|keys| IndexModel::builder().keys(keys).build());
                self.collection::<Document>(name)
                    .create_indexes(models)
                    .await
                    .attempt("create an index")?;
            }
        }
        Ok(())
    }

    async fn ensure_collection(&self, name: &str) -> Result<(), DatabaseError> {
        match self.inner.create_collection(name).await {
            Err(error) if matches!(&*error.kind, ErrorKind::Command(command) if command.code == NAMESPACE_EXISTS) => {
                Ok(())
            }
            outcome => outcome.attempt("create a collection"),
        }
    }
}

/// Every collection with the keys of its indexes.
fn collections() -> Vec<(&'static str, Vec<Document>)> {
    let sales = || vec![doc! { "_id.currency": 1, "_id.day": 1, "_id.channel": 1 }];
    vec![
        (CHECKPOINTS, Vec::new()),
        (STORE, Vec::new()),
        (CUSTOMER_KEY, Vec::new()),
        (ORDER_LIST, keyset("placed_at", &ORDER_FILTERS)),
        (ORDER_DETAIL, vec![doc! { "number": 1 }]),
        (ORDER_TIMELINE, vec![doc! { "order_id": 1, "version": 1 }]),
        (CUSTOMER_LIST, keyset("created_at", &CUSTOMER_FILTERS)),
        (CUSTOMER_360, Vec::new()),
        (SALES_SLOTS, sales()),
        (SALES_DAYS, sales()),
    ]
}

/// The keyset alone, and behind each filter.
fn keyset(sort: &str, filters: &[&str]) -> Vec<Document> {
    let plain = doc! { sort: 1, "_id": 1 };
    let filtered = filters
        .iter()
        .map(|filter| doc! { *filter: 1, sort: 1, "_id": 1 });
    std::iter::once(plain).chain(filtered).collect()
}
