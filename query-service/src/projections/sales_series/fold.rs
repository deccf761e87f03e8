//! Event by event to what is to be added to the buckets.

use std::collections::BTreeMap;

use chrono::{NaiveDate, Timelike};
use chrono_tz::Tz;
use orderfold_events::{Envelope, Event, Position, Shard, ShardCount, order::OrderEvent};

use super::{DayKey, SLOTS_PER_DAY, Sales, partial_of};
use crate::{
    calendar,
    projections::{Contradiction, order_of, order_steps},
};

const SECONDS_PER_SLOT: u32 = 900;

/// What a batch of events adds to one document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bucket<T> {
    pub added: T,
    /// By shard: the position of the last event that touched the document.
    pub positions: BTreeMap<Shard, Position>,
}

/// What a batch of events adds to all documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookings {
    shards: ShardCount,
    zone: Tz,
    /// Quarter-hours (0 to 95) by UTC day.
    pub slots: BTreeMap<DayKey, Bucket<BTreeMap<u16, Sales>>>,
    /// Whole days in the reporting zone.
    pub days: BTreeMap<DayKey, Bucket<Sales>>,
}

impl Bookings {
    /// Nothing booked yet, for a store of so many shards and reports in `zone`.
    #[must_use]
    pub fn new(shards: ShardCount, zone: Tz) -> Self {
        Self {
            shards,
            zone,
            slots: BTreeMap::new(),
            days: BTreeMap::new(),
        }
    }

    /// Adds what one event changed, on the day it occurred; events that change no figure touch no document.
    ///
    /// # Errors
    /// [`Contradiction::Figure`] when a sum is beyond its range.
    pub fn book(&mut self, envelope: &Envelope, event: &Event) -> Result<(), Contradiction> {
        let Some((_, order)) = order_of(event) else {
            return Ok(());
        };
        let sales = booked(order);
        if sales == Sales::default() {
            return Ok(());
        }
        let occurred_at = envelope.occurred_at.datetime();
        let coordinate = envelope.coordinate;

        let utc_day = self.key(coordinate.shard, order, occurred_at.date_naive());
        let bucket = self.slots.entry(utc_day).or_default();
        let slot = slot_of(occurred_at.num_seconds_from_midnight());
        add(bucket.added.entry(slot).or_default(), &sales)?;
        bucket
            .positions
            .insert(coordinate.shard, coordinate.position);

        let local_day = calendar::local(self.zone, occurred_at).date();
        let key = self.key(coordinate.shard, order, local_day);
        let bucket = self.days.entry(key).or_default();
        add(&mut bucket.added, &sales)?;
        bucket
            .positions
            .insert(coordinate.shard, coordinate.position);
        Ok(())
    }

    fn key(&self, shard: Shard, order: &OrderEvent, day: NaiveDate) -> DayKey {
        DayKey {
            currency: order.summary.currency,
            day,
            channel: order.summary.channel.clone(),
            partial: partial_of(shard, self.shards),
        }
    }
}

fn booked(order: &OrderEvent) -> Sales {
    let steps = order_steps(&order.fact);
    Sales {
        orders: steps.placed,
        orders_cancelled: steps.cancelled,
        totals: order.change.totals,
    }
}

fn add(sum: &mut Sales, sales: &Sales) -> Result<(), Contradiction> {
    *sum = sum.checked_add(sales).ok_or(Contradiction::Figure)?;
    Ok(())
}

fn slot_of(seconds_from_midnight: u32) -> u16 {
    u16::try_from(seconds_from_midnight / SECONDS_PER_SLOT).unwrap_or(SLOTS_PER_DAY - 1)
}
