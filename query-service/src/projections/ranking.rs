//! Sums of what single products or customers bought, per day and per month of the reporting zone, so that a year is
//! read as twelve sums and not as 365. Buckets are split into partials by shard; a reader adds them up.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use chrono_tz::Tz;
use orderfold_events::{
    Currency, Envelope, Event, Position, Shard, ShardCount, closed_list, order::OrderEvent,
};
use serde::{Deserialize, Serialize};

use super::{Contradiction, ReadModel, sales_series::partial_of, sum};
use crate::calendar;

closed_list! {
    /// How long a time a bucket sums up.
    Span { Day = "day", Month = "month" }
}

/// Which bucket a document is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ItemKey {
    pub currency: Currency,
    pub span: Span,
    /// The day, or the first one of the month, in the reporting zone.
    pub day: NaiveDate,
    /// The SKU, or the customer's id.
    pub item: String,
    /// `⌊shard × 4 ÷ shards⌋`.
    pub partial: u16,
}

/// What was booked for one product or customer; money is minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ItemSales {
    /// Orders placed.
    pub orders: i64,
    /// Units ordered.
    pub units: i64,
    pub returned_units: i64,
    pub net_sales: i64,
    pub taxes: i64,
}

/// One bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemDocument {
    #[serde(rename = "_id")]
    pub key: ItemKey,
    pub sales: ItemSales,
    /// The last by the alphabet of the names that it was sold under: the same in whatever order events are folded.
    pub name: Option<String>,
    /// By shard: the position of the last event that touched this document.
    pub positions: BTreeMap<String, u64>,
}

/// A read model of this kind.
pub trait Ranking: Send + Sync + 'static {
    const READ_MODEL: ReadModel;

    /// Adds what one event changed.
    ///
    /// # Errors
    /// [`Contradiction::Figure`] when a sum is beyond its range.
    fn book(
        bookings: &mut ItemBookings,
        envelope: &Envelope,
        event: &Event,
    ) -> Result<(), Contradiction>;
}

/// What a batch of events adds to one document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemBucket {
    pub added: ItemSales,
    pub name: Option<String>,
    pub positions: BTreeMap<Shard, Position>,
}

/// What a batch of events adds to all documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemBookings {
    shards: ShardCount,
    zone: Tz,
    pub buckets: BTreeMap<ItemKey, ItemBucket>,
}

impl ItemSales {
    /// Both together.
    ///
    /// # Errors
    /// [`Contradiction::Figure`] on overflow.
    pub fn add(&self, other: &Self) -> Result<Self, Contradiction> {
        Ok(Self {
            orders: sum(self.orders, other.orders)?,
            units: sum(self.units, other.units)?,
            returned_units: sum(self.returned_units, other.returned_units)?,
            net_sales: sum(self.net_sales, other.net_sales)?,
            taxes: sum(self.taxes, other.taxes)?,
        })
    }
}

impl ItemBookings {
    /// Nothing booked yet, for a store of so many shards and reports in `zone`.
    #[must_use]
    pub fn new(shards: ShardCount, zone: Tz) -> Self {
        Self {
            shards,
            zone,
            buckets: BTreeMap::new(),
        }
    }

    /// Adds to one item, on the day the event occurred and in its month.
    pub(super) fn add(
        &mut self,
        envelope: &Envelope,
        order: &OrderEvent,
        (item, name): (&str, Option<&str>),
        sales: &ItemSales,
    ) -> Result<(), Contradiction> {
        if *sales == ItemSales::default() {
            return Ok(());
        }
        let coordinate = envelope.coordinate;
        let day = calendar::local(self.zone, envelope.occurred_at.datetime()).date();
        for (span, day) in [(Span::Day, day), (Span::Month, first_of_month(day))] {
            let key = ItemKey {
                currency: order.summary.currency,
                span,
                day,
                item: item.to_owned(),
                partial: partial_of(coordinate.shard, self.shards),
            };
            let bucket = self.buckets.entry(key).or_default();
            bucket.added = bucket.added.add(sales)?;
            bucket.name = bucket.name.take().max(name.map(str::to_owned));
            bucket
                .positions
                .insert(coordinate.shard, coordinate.position);
        }
        Ok(())
    }
}

/// The first day of the month that holds a day.
#[must_use]
pub fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}
