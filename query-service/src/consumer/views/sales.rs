//! The sales series: what events changed is added to buckets. Adding is exact because it happens in the transaction
//! that moves the checkpoint.

use std::{collections::BTreeMap, sync::Arc};

use bson::{Bson, Document, doc};
use chrono_tz::Tz;
use orderfold_events::{Envelope, Event, Position, Shard, ShardCount};
use serde::Serialize;

use super::{View, ViewError, readable};
use crate::{
    consumer::record::Record,
    database::{
        DatabaseError, Statement, Transaction,
        collections::{SALES_DAYS, SALES_SLOTS},
    },
    projections::{
        FoldKeys, ReadModel,
        sales_series::{Bookings, DayKey},
    },
};

/// Writes `sales_series` for a store of so many shards and reports in one zone.
#[derive(Debug, Clone, Copy)]
pub struct Sales {
    pub shards: ShardCount,
    pub zone: Tz,
}

impl View for Sales {
    const READ_MODEL: ReadModel = ReadModel::SalesSeries;

    type Documents = ();

    fn touches(&self, envelope: &Envelope, event: &Event) -> bool {
        let mut bookings = Bookings::new(self.shards, self.zone);
        bookings.book(envelope, event).is_err() || !bookings.slots.is_empty()
    }

    async fn write(
        &self,
        transaction: &mut Transaction,
        batch: &[Arc<Record>],
        _keys: &FoldKeys,
        (): (),
    ) -> Result<(), ViewError> {
        let mut bookings = Bookings::new(self.shards, self.zone);
        for (record, content) in readable(batch) {
            bookings
                .book(&record.envelope, &content.event)
                .map_err(|cause| ViewError::Contradiction {
                    record: Arc::clone(record),
                    cause,
                })?;
        }
        let slots = bookings
            .slots
            .iter()
            .map(|(key, bucket)| {
                let mut added = Document::new();
                for (slot, sales) in &bucket.added {
                    added.extend(increments(&format!("slots.{slot:02}"), sales)?);
                }
                addition(key, added, &bucket.positions)
            })
            .collect::<Result<Vec<_>, _>>()?;
        transaction.update(SALES_SLOTS, &slots).await?;
        let days = bookings
            .days
            .iter()
            .map(|(key, bucket)| {
                addition(key, increments("sales", &bucket.added)?, &bucket.positions)
            })
            .collect::<Result<Vec<_>, _>>()?;
        transaction.update(SALES_DAYS, &days).await?;
        Ok(())
    }
}

/// The statement that adds to one bucket.
fn addition(
    key: &DayKey,
    added: Document,
    positions: &BTreeMap<Shard, Position>,
) -> Result<Statement, DatabaseError> {
    Statement::upsert(
        &doc! { "_id": DatabaseError::bson(key)? },
        &doc! { "$inc": added, "$max": reached(positions) },
    )
}

/// What `$max` notes as the last positions that touched a bucket.
pub(super) fn reached(positions: &BTreeMap<Shard, Position>) -> Document {
    positions
        .iter()
        .map(|(shard, position)| {
            let position = i64::try_from(position.0).unwrap_or(i64::MAX);
            (format!("positions.{shard}"), Bson::Int64(position))
        })
        .collect()
}

/// `$inc` of every figure, by its path, so that a bucket has all of its members from the first addition on.
pub(super) fn increments(path: &str, sales: &impl Serialize) -> Result<Document, DatabaseError> {
    let mut increments = Document::new();
    flatten(path, DatabaseError::bson(sales)?, &mut increments);
    Ok(increments)
}

fn flatten(path: &str, value: Bson, into: &mut Document) {
    match value {
        Bson::Document(members) => {
            for (name, member) in members {
                flatten(&format!("{path}.{name}"), member, into);
            }
        }
        figure => {
            into.insert(path, figure);
        }
    }
}
