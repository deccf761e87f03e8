//! The read model `sales_series`: figures per channel and currency, in quarter-hours of UTC days (any IANA zone is a
//! whole number of them) and in whole days of the reporting zone. Buckets are split into partials by shard, so that
//! replicas do not write the same documents; a reader adds the partials up.

mod fold;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use orderfold_events::{Currency, Shard, ShardCount, order::Totals};
use serde::{Deserialize, Serialize};

pub use fold::{Bookings, Bucket};

/// Into how many partials each bucket is split.
pub const PARTIALS: u16 = 4;
/// Quarter-hours of a day.
pub const SLOTS_PER_DAY: u16 = 96;

/// Marker of the projection.
#[derive(Debug, Clone, Copy)]
pub struct SalesSeries;

/// Which bucket a document is: a day of one currency and channel, and which part of the shards it adds up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DayKey {
    pub currency: Currency,
    pub day: NaiveDate,
    pub channel: String,
    /// `⌊shard × 4 ÷ shards⌋`.
    pub partial: u16,
}

/// Figures that were booked. `orders` and `totals.units` count at placing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sales {
    pub orders: i64,
    pub orders_cancelled: i64,
    pub totals: Totals,
}

/// Quarter-hours of one UTC day; only those with something booked are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesSlots {
    #[serde(rename = "_id")]
    pub key: DayKey,
    /// By the number of the quarter-hour, `"00"` to `"95"`.
    pub slots: BTreeMap<String, Sales>,
    /// By shard: the position of the last event that touched this document.
    pub positions: BTreeMap<String, u64>,
}

/// Sums of one whole day in the reporting zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesDay {
    #[serde(rename = "_id")]
    pub key: DayKey,
    pub sales: Sales,
    /// By shard: the position of the last event that touched this document.
    pub positions: BTreeMap<String, u64>,
}

impl Sales {
    /// Both together, `None` on overflow.
    #[must_use]
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        Some(Self {
            orders: self.orders.checked_add(other.orders)?,
            orders_cancelled: self.orders_cancelled.checked_add(other.orders_cancelled)?,
            totals: self.totals.checked_add(&other.totals)?,
        })
    }
}

impl SalesSlots {
    /// Each quarter-hour with something booked, by the instant it begins, in time order.
    pub fn quarter_hours(&self) -> impl Iterator<Item = (DateTime<Utc>, &Sales)> {
        let midnight = self.key.day.and_time(NaiveTime::MIN).and_utc();
        self.slots.iter().filter_map(move |(slot, sales)| {
            let slot: i64 = slot.parse().ok()?;
            let begin = midnight.checked_add_signed(TimeDelta::minutes(slot.checked_mul(15)?))?;
            Some((begin, sales))
        })
    }
}

/// The partial that a shard is added to.
#[must_use]
pub fn partial_of(shard: Shard, shards: ShardCount) -> u16 {
    let partial = u32::from(shard.0) * u32::from(PARTIALS) / u32::from(shards.get());
    u16::try_from(partial).unwrap_or(PARTIALS - 1)
}
