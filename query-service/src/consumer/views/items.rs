//! Rankings: what events changed is added to the buckets of single products or customers. Adding is exact because it
//! happens in the transaction that moves the checkpoint.

use std::{marker::PhantomData, sync::Arc};

use bson::doc;
use chrono_tz::Tz;
use orderfold_events::{Envelope, Event, ShardCount};

use super::{
    View, ViewError, readable,
    sales::{increments, reached},
};
use crate::{
    consumer::record::Record,
    database::{DatabaseError, Statement, Transaction, collections::documents_of},
    projections::{
        FoldKeys, ReadModel,
        ranking::{ItemBookings, ItemBucket, ItemKey, Ranking},
    },
};

/// Writes the ranking `R` for a store of so many shards and reports in one zone.
#[derive(Debug)]
pub struct Items<R> {
    shards: ShardCount,
    zone: Tz,
    ranking: PhantomData<R>,
}

impl<R> Items<R> {
    #[must_use]
    pub fn new(shards: ShardCount, zone: Tz) -> Self {
        Self {
            shards,
            zone,
            ranking: PhantomData,
        }
    }
}

impl<R: Ranking> View for Items<R> {
    const READ_MODEL: ReadModel = R::READ_MODEL;

    type Documents = ();

    fn touches(&self, envelope: &Envelope, event: &Event) -> bool {
        let mut bookings = ItemBookings::new(self.shards, self.zone);
        R::book(&mut bookings, envelope, event).is_err() || !bookings.buckets.is_empty()
    }

    async fn write(
        &self,
        transaction: &mut Transaction,
        batch: &[Arc<Record>],
        _keys: &FoldKeys,
        (): (),
    ) -> Result<(), ViewError> {
        let mut bookings = ItemBookings::new(self.shards, self.zone);
        for (record, content) in readable(batch) {
            R::book(&mut bookings, &record.envelope, &content.event).map_err(|cause| {
                ViewError::Contradiction {
                    record: Arc::clone(record),
                    cause,
                }
            })?;
        }
        let statements = bookings
            .buckets
            .iter()
            .map(|(key, bucket)| addition(key, bucket))
            .collect::<Result<Vec<_>, _>>()?;
        transaction
            .update(documents_of(R::READ_MODEL), &statements)
            .await?;
        Ok(())
    }
}

/// The statement that adds to one bucket.
fn addition(key: &ItemKey, bucket: &ItemBucket) -> Result<Statement, DatabaseError> {
    let mut highest = reached(&bucket.positions);
    if let Some(name) = &bucket.name {
        highest.insert("name", name);
    }
    Statement::upsert(
        &doc! { "_id": DatabaseError::bson(key)? },
        &doc! { "$inc": increments("sales", &bucket.added)?, "$max": highest },
    )
}
