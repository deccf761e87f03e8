//! The units a report can be cut into.

use chrono::{
    DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike,
    Utc, Weekday,
};
use chrono_tz::Tz;
use orderfold_events::closed_list;

use super::{first_instant, local};

closed_list! {
    /// A unit of the calendar; weeks start on Monday.
    Interval { Hour = "hour", Day = "day", Week = "week", Month = "month", Quarter = "quarter", Year = "year" }
}

const QUARTER_HOUR_SECONDS: i64 = 900;
/// An hour of the clock on the wall never lasts longer than two when clocks are put back.
const QUARTERS_PER_HOUR_MAX: usize = 8;

impl Interval {
    /// The first instant after `at` that starts another interval; `None` beyond the range of the calendar.
    pub(super) fn next_start(self, zone: Tz, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let Some(mut date) = self.first_date(local(zone, at).date()) else {
            return next_hour(zone, at);
        };
        // A day that a zone left out starts and ends at one instant, so the first candidate may not be later.
        loop {
            date = self.shift(date, 1)?;
            let start = first_instant(zone, date.and_time(NaiveTime::MIN))?;
            if start > at {
                return Some(start);
            }
        }
    }

    /// The first date of the interval that holds `date`; `None` for hours, which are finer than dates.
    fn first_date(self, date: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Hour => None,
            Self::Day => Some(date),
            Self::Week => Some(date.week(Weekday::Mon).first_day()),
            Self::Month => date.with_day(1),
            Self::Quarter => date.with_day(1)?.with_month0(date.month0() / 3 * 3),
            Self::Year => NaiveDate::from_ymd_opt(date.year(), 1, 1),
        }
    }

    /// `date` that many intervals later, or earlier; the last day of a month where its day does not exist there.
    fn shift(self, date: NaiveDate, count: i32) -> Option<NaiveDate> {
        let months = match self {
            Self::Hour => return None,
            Self::Day => return shift_days(date, i64::from(count)),
            Self::Week => return shift_days(date, i64::from(count) * 7),
            Self::Month => count,
            Self::Quarter => count.checked_mul(3)?,
            Self::Year => count.checked_mul(12)?,
        };
        if months < 0 {
            date.checked_sub_months(Months::new(months.unsigned_abs()))
        } else {
            date.checked_add_months(Months::new(months.unsigned_abs()))
        }
    }

    /// The time on the wall `count` intervals earlier; for hours the same as on the clock of UTC.
    pub(super) fn earlier(
        self,
        zone: Tz,
        at: DateTime<Utc>,
        count: usize,
    ) -> Option<DateTime<Utc>> {
        let count = i32::try_from(count).ok()?;
        if self == Self::Hour {
            return at.checked_sub_signed(TimeDelta::hours(i64::from(count)));
        }
        let wall = wall_of(zone, at);
        let date = self.shift(wall.date(), count.checked_neg()?)?;
        first_instant(zone, date.and_time(wall.time()))
    }
}

/// The time on the wall, but midnight for the first instant of a day whose midnight was jumped over.
fn wall_of(zone: Tz, at: DateTime<Utc>) -> NaiveDateTime {
    let wall = local(zone, at);
    let midnight = wall.date().and_time(NaiveTime::MIN);
    if first_instant(zone, midnight) == Some(at) {
        midnight
    } else {
        wall
    }
}

fn shift_days(date: NaiveDate, days: i64) -> Option<NaiveDate> {
    let magnitude = Days::new(days.unsigned_abs());
    if days < 0 {
        date.checked_sub_days(magnitude)
    } else {
        date.checked_add_days(magnitude)
    }
}

/// An hour ends where the clock shows another hour, or the same hour with another offset from UTC.
fn next_hour(zone: Tz, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let label = |instant: DateTime<Utc>| {
        let wall = local(zone, instant);
        let offset = wall.signed_duration_since(instant.naive_utc());
        (wall.date(), wall.hour(), offset)
    };
    let first_quarter = at
        .timestamp()
        .div_euclid(QUARTER_HOUR_SECONDS)
        .checked_add(1)?;
    (first_quarter..)
        .take(QUARTERS_PER_HOUR_MAX)
        .filter_map(|quarter| {
            DateTime::from_timestamp(quarter.checked_mul(QUARTER_HOUR_SECONDS)?, 0)
        })
        .find(|instant| label(*instant) != label(at))
}
