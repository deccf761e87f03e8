//! Makes the collections and their indexes. Repeating it changes nothing, and replicas may do it at once.

use bson::{Document, doc};
use mongodb::{IndexModel, error::ErrorKind};

use super::{
    Attempt, Build, Database, DatabaseError,
    collections::{
        AUDIT, CHECKPOINTS, CUSTOMER_360, CUSTOMER_LIST, ORDER_DETAIL, ORDER_LIST, ORDER_TIMELINE,
        PARKED, PROJECTIONS, SALES_DAYS, SALES_SLOTS, SKIPPED, STORE, built, collections_of,
        written_by,
    },
};
use crate::projections::ReadModel;

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
const CUSTOMER_FILTERS: [&str; 3] = ["status", "tags", "reference.value"];

impl Database {
    /// Makes what is missing of the registry, the collections and their indexes.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away or refuses.
    pub async fn bootstrap(&self) -> Result<(), DatabaseError> {
        for (name, indexes) in collections() {
            if written_by(name).is_none() {
                self.ensure_indexed(name, indexes).await?;
            }
        }
        self.ensure_registrations().await?;
        for registration in self.registrations().await? {
            for build in registration.folded() {
                self.bootstrap_build(registration.projection, build).await?;
            }
        }
        Ok(())
    }

    /// Makes what is missing of the collections of one build.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away or refuses.
    pub async fn bootstrap_build(
        &self,
        read_model: ReadModel,
        build: Build,
    ) -> Result<(), DatabaseError> {
        for (name, indexes) in collections() {
            if written_by(name) == Some(read_model) {
                // Nobody asks the scratch build anything but by id.
                let indexes = if build == Build::SCRATCH {
                    Vec::new()
                } else {
                    indexes
                };
                self.ensure_indexed(&built(name, build), indexes).await?;
            }
        }
        Ok(())
    }

    /// Drops one build with everything that belongs to it. Whoever still folds into it is fenced off.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away or refuses.
    pub async fn drop_build(
        &self,
        read_model: ReadModel,
        build: Build,
    ) -> Result<(), DatabaseError> {
        let attempt = "drop a build";
        // Checkpoints first: without them nobody writes.
        for name in [CHECKPOINTS, PARKED, SKIPPED] {
            self.collection::<Document>(name)
                .delete_many(of_build(read_model, build))
                .await
                .attempt(attempt)?;
        }
        for name in collections_of(read_model) {
            self.inner
                .collection::<Document>(&built(name, build))
                .drop()
                .await
                .attempt(attempt)?;
        }
        Ok(())
    }

    async fn ensure_indexed(
        &self,
        name: &str,
        indexes: Vec<Document>,
    ) -> Result<(), DatabaseError> {
        self.ensure_collection(name).await?;
        if indexes.is_empty() {
            return Ok(());
        }
        let models = indexes
            .into_iter()
            .map(|keys| IndexModel::builder().keys(keys).build());
        self.inner
            .collection::<Document>(name)
            .create_indexes(models)
            .await
            .attempt("create an index")
            .map(drop)
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

/// What belongs to one build, in the collections that all builds share.
pub(super) fn of_build(read_model: ReadModel, build: Build) -> Document {
    doc! {
        "projection": read_model.as_str(),
        "version": i64::from(read_model.version()),
        "build": i64::from(build.0),
    }
}

/// Every collection with the keys of its indexes.
fn collections() -> Vec<(&'static str, Vec<Document>)> {
    let sales = || vec![doc! { "_id.currency": 1, "_id.day": 1, "_id.channel": 1 }];
    vec![
        (CHECKPOINTS, Vec::new()),
        (STORE, Vec::new()),
        (PROJECTIONS, Vec::new()),
        (PARKED, vec![doc! { "stream": 1 }]),
        (SKIPPED, Vec::new()),
        (AUDIT, vec![doc! { "at": 1 }]),
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
