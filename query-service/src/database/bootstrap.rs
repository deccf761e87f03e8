//! Makes the collections and their indexes. Repeating it changes nothing, and replicas may do it at once.

use bson::{Document, doc};
use mongodb::{IndexModel, error::ErrorKind, options::IndexOptions};

use super::{
    Attempt, Build, Database, DatabaseError,
    collections::{
        AUDIT, CHECKPOINTS, CUSTOMER_360, CUSTOMER_KEY, CUSTOMER_LIST, CUSTOMER_SALES,
        ORDER_DETAIL, ORDER_LIST, ORDER_TIMELINE, PARKED, PRODUCT_SALES, PROJECTIONS, RECEIVABLES,
        SALES_DAYS, SALES_SLOTS, SKIPPED, STORE, WORK_QUEUE, built, collections_of, written_by,
    },
};
use crate::projections::{ReadModel, work_queue::Stage};

/// MongoDB's code for a collection that is there already.
const NAMESPACE_EXISTS: i32 = 48;
/// What a list of orders can be narrowed to; each stands before the keyset in an index of its own. References, SKUs
/// and the like are all among the words of `search`.
const ORDER_FILTERS: [&str; 9] = [
    "customer_id",
    "lifecycle",
    "payment_status",
    "fulfilment_status",
    "channel",
    "currency",
    "terms",
    "tags",
    "search",
];
/// What few orders are: an index of those alone.
const ORDER_FLAGS: [&str; 3] = ["on_hold", "to_ship", "refund_due"];
const CUSTOMER_FILTERS: [&str; 5] = ["status", "tags", "reference.value", "search", "tokens"];

/// The keys of an index, and which documents it holds where those are not all.
type Index = (Document, Option<Document>);

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

    async fn ensure_indexed(&self, name: &str, indexes: Vec<Index>) -> Result<(), DatabaseError> {
        self.ensure_collection(name).await?;
        if indexes.is_empty() {
            return Ok(());
        }
        let models = indexes.into_iter().map(|(keys, only)| {
            let options = IndexOptions::builder().partial_filter_expression(only);
            IndexModel::builder()
                .keys(keys)
                .options(options.build())
                .build()
        });
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

/// Every collection with its indexes.
fn collections() -> Vec<(&'static str, Vec<Index>)> {
    let sales = || whole(doc! { "_id.currency": 1, "_id.day": 1, "_id.channel": 1 });
    let days = whole(doc! { "_id.day": 1 });
    let items = || whole(doc! { "_id.currency": 1, "_id.span": 1, "_id.day": 1 });
    let number = (doc! { "number": 1 }, Some(there("number")));
    let events = whole(doc! { "order_id": 1, "version": 1 });
    vec![
        (CHECKPOINTS, Vec::new()),
        (STORE, Vec::new()),
        (CUSTOMER_KEY, Vec::new()),
        (PROJECTIONS, Vec::new()),
        (PARKED, vec![whole(doc! { "stream": 1 })]),
        (SKIPPED, Vec::new()),
        (AUDIT, vec![whole(doc! { "at": 1 })]),
        (ORDER_LIST, order_list()),
        (ORDER_DETAIL, vec![number]),
        (ORDER_TIMELINE, vec![events]),
        (CUSTOMER_LIST, keyset("created_at", &CUSTOMER_FILTERS)),
        (CUSTOMER_360, Vec::new()),
        (SALES_SLOTS, vec![sales()]),
        (SALES_DAYS, vec![sales(), days]),
        (PRODUCT_SALES, vec![items()]),
        (CUSTOMER_SALES, vec![items()]),
        (WORK_QUEUE, work_queue()),
        (RECEIVABLES, vec![receivables()]),
    ]
}

/// A keyset for every sort; the one that lists are sorted by unless they say otherwise also behind every filter.
fn order_list() -> Vec<Index> {
    let mut indexes = keyset("listed_at", &ORDER_FILTERS);
    indexes.extend([
        whole(doc! { "updated_at": 1, "_id": 1 }),
        whole(doc! { "number_rank": 1, "_id": 1 }),
        // Amounts of several currencies are never compared.
        whole(doc! { "currency": 1, "totals.total_sales": 1, "_id": 1 }),
        (
            doc! { "due_on": 1, "listed_at": 1, "_id": 1 },
            Some(there("due_on")),
        ),
    ]);
    indexes.extend(ORDER_FLAGS.map(|flag| {
        let keys = doc! { flag: 1, "listed_at": 1, "_id": 1 };
        (keys, Some(doc! { flag: true }))
    }));
    indexes
}

/// For each stage the orders in it, oldest first, with all that is counted.
fn work_queue() -> Vec<Index> {
    let stages = Stage::ALL.iter().map(|stage| {
        let since = format!("since.{stage}");
        let keys = doc! { &since: 1, "_id": 1, "currency": 1, "total_sales": 1, "balance": 1 };
        (keys, Some(there(&since)))
    });
    stages.collect()
}

fn receivables() -> Index {
    (
        doc! { "currency": 1, "customer_id": 1, "due_on": 1, "open": 1 },
        Some(doc! { "open": { "$gt": 0 } }),
    )
}

/// The keyset alone, and behind each filter.
fn keyset(sort: &str, filters: &[&str]) -> Vec<Index> {
    let plain = whole(doc! { sort: 1, "_id": 1 });
    let filtered = filters
        .iter()
        .map(|filter| whole(doc! { *filter: 1, sort: 1, "_id": 1 }));
    std::iter::once(plain).chain(filtered).collect()
}

fn whole(keys: Document) -> Index {
    (keys, None)
}

fn there(member: &str) -> Document {
    doc! { member: { "$exists": true } }
}
