//! Hours, days and years of any time zone as exact instants. It knows no HTTP, no database and no clock.

mod bound;
mod interval;
mod range;

pub use self::{
    bound::{Bound, InvalidBound},
    interval::Interval,
    range::{Range, TooManyIntervals},
};

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// No zone is further from UTC, and no jump of a clock longer, than this many seconds together.
const SEARCH_SECONDS: i64 = 50 * 3600;

/// What a clock on the wall shows at an instant.
#[must_use]
pub fn local(zone: Tz, instant: DateTime<Utc>) -> NaiveDateTime {
    let offset = zone.offset_from_utc_datetime(&instant.naive_utc()).fix();
    instant
        .naive_utc()
        .checked_add_offset(offset)
        .unwrap_or(NaiveDateTime::MAX)
}

/// The first instant at which the clock on the wall shows `wall`, or is past it where `wall` was jumped over.
/// `None` beyond the range of the calendar.
#[must_use]
pub fn first_instant(zone: Tz, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
    use chrono::offset::LocalResult::{Ambiguous, None as Skipped, Single};
    match zone.from_local_datetime(&wall) {
        Single(instant) | Ambiguous(instant, _) => Some(instant.to_utc()),
        Skipped => end_of_jump(zone, wall),
    }
}

/// The instant of the jump that skipped `wall`, found by halving: before it the clock shows less, after it more.
fn end_of_jump(zone: Tz, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
    let as_utc = wall.and_utc();
    let (mut before, mut after) = (-SEARCH_SECONDS, SEARCH_SECONDS);
    let at = |seconds| as_utc.checked_add_signed(TimeDelta::seconds(seconds));
    while after - before > 1 {
        let middle = before.midpoint(after);
        if local(zone, at(middle)?) < wall {
            before = middle;
        } else {
            after = middle;
        }
    }
    at(after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wall(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    fn instant(zone: Tz, text: &str) -> String {
        first_instant(zone, wall(text)).unwrap().to_rfc3339()
    }

    #[test]
    fn a_midnight_that_is_jumped_over_is_the_end_of_the_jump() {
        assert_eq!(
            instant(Tz::America__Sao_Paulo, "2018-11-04T00:00:00"),
            "2018-11-04T03:00:00+00:00"
        );
    }

    #[test]
    fn a_midnight_that_comes_twice_is_the_first() {
        assert_eq!(
            instant(Tz::America__Havana, "2023-11-05T00:00:00"),
            "2023-11-05T04:00:00+00:00"
        );
    }

    #[test]
    fn a_day_that_was_left_out_starts_where_the_next_one_does() {
        let skipped = instant(Tz::Pacific__Apia, "2011-12-30T00:00:00");
        assert_eq!(skipped, instant(Tz::Pacific__Apia, "2011-12-31T00:00:00"));
        assert_eq!(skipped, "2011-12-30T10:00:00+00:00");
    }

    proptest! {
        #[test]
        fn an_instant_is_found_by_its_wall_time_or_an_earlier_one_shows_the_same(
            zone in proptest::sample::select(&chrono_tz::TZ_VARIANTS[..]),
            quarter in 70_000_i64..4_000_000,
        ) {
            let at = DateTime::from_timestamp(quarter * 900, 0).unwrap();
            let found = first_instant(zone, local(zone, at)).unwrap();
            prop_assert!(found <= at);
            prop_assert_eq!(local(zone, found), local(zone, at));
        }
    }
}
