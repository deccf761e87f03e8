//! A half-open range of time in a zone, and the intervals that tile it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::Interval;

/// The range `from ..to` of a zone's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub zone: Tz,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

/// The range holds more intervals than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many intervals")]
pub struct TooManyIntervals;

impl Range {
    /// The start of every interval that touches the range: the first is `from`, the others are where the calendar
    /// starts an hour, a day and so on. Each ends where the next starts, the last at `to`.
    ///
    /// # Errors
    /// [`TooManyIntervals`] above `intervals_max`.
    pub fn starts(
        &self,
        interval: Interval,
        intervals_max: usize,
    ) -> Result<Vec<DateTime<Utc>>, TooManyIntervals> {
        let mut starts = vec![self.from];
        let mut last = self.from;
        while let Some(next) = interval.next_start(self.zone, last) {
            if next >= self.to {
                break;
            }
            if starts.len() == intervals_max {
                return Err(TooManyIntervals);
            }
            starts.push(next);
            last = next;
        }
        Ok(starts)
    }

    /// The range that many intervals earlier, by the time on the wall; `None` beyond the range of the calendar.
    #[must_use]
    pub fn earlier(&self, interval: Interval, count: usize) -> Option<Self> {
        let from = interval.earlier(self.zone, self.from, count)?;
        let to = interval.earlier(self.zone, self.to, count)?;
        Some(Self {
            zone: self.zone,
            from,
            // Where a month is shorter than the one it is compared with, both ends may fall on its last day.
            to: to.max(from),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::calendar::{Bound, local};

    fn range(zone: Tz, from: &str, to: &str) -> Range {
        let at = |text: &str| text.parse::<Bound>().unwrap().resolve(zone).unwrap();
        Range {
            zone,
            from: at(from),
            to: at(to),
        }
    }

    fn walls(range: &Range, interval: Interval) -> Vec<String> {
        range
            .starts(interval, 400)
            .unwrap()
            .into_iter()
            .map(|start| start.with_timezone(&range.zone).to_rfc3339())
            .collect()
    }

    #[test]
    fn a_day_of_changing_clocks_has_23_or_25_hours() {
        let zone = Tz::Europe__Berlin;
        for (from, to, hours) in [
            ("2026-03-29", "2026-03-30", 23),
            ("2026-10-25", "2026-10-26", 25),
            ("2026-06-01", "2026-06-02", 24),
        ] {
            assert_eq!(walls(&range(zone, from, to), Interval::Hour).len(), hours);
        }
        let hours = walls(&range(zone, "2026-10-25", "2026-10-26"), Interval::Hour);
        assert_eq!(hours[2], "2026-10-25T02:00:00+02:00");
        assert_eq!(hours[3], "2026-10-25T02:00:00+01:00");
    }

    #[test]
    fn a_half_hour_jump_makes_a_half_hour_interval() {
        let day = range(Tz::Australia__Lord_Howe, "2026-10-04", "2026-10-05");
        assert_eq!(
            walls(&day, Interval::Hour)[1..4],
            [
                "2026-10-04T01:00:00+10:30",
                "2026-10-04T02:30:00+11:00",
                "2026-10-04T03:00:00+11:00"
            ]
        );
    }

    #[test]
    fn weeks_start_on_monday_and_the_first_is_cut_off_at_from() {
        let year = range(Tz::UTC, "2017-01-01", "2017-01-20");
        assert_eq!(
            walls(&year, Interval::Week),
            [
                "2017-01-01T00:00:00+00:00",
                "2017-01-02T00:00:00+00:00",
                "2017-01-09T00:00:00+00:00",
                "2017-01-16T00:00:00+00:00"
            ]
        );
    }

    #[test]
    fn quarters_and_years_start_where_the_calendar_says() {
        let range = range(Tz::UTC, "2016-11-15", "2018-02-01");
        assert_eq!(
            walls(&range, Interval::Quarter)[1],
            "2017-01-01T00:00:00+00:00"
        );
        assert_eq!(walls(&range, Interval::Quarter).len(), 6);
        assert_eq!(
            walls(&range, Interval::Year)[2],
            "2018-01-01T00:00:00+00:00"
        );
    }

    #[test]
    fn a_day_that_was_left_out_is_no_interval() {
        let range = range(Tz::Pacific__Apia, "2011-12-29", "2012-01-01");
        assert_eq!(walls(&range, Interval::Day).len(), 2);
    }

    #[test]
    fn the_limit_of_intervals_is_the_last_that_is_allowed() {
        let days = |to| range(Tz::UTC, "2017-01-01", to).starts(Interval::Day, 400);
        assert_eq!(days("2018-02-05").unwrap().len(), 400);
        assert_eq!(days("2018-02-06"), Err(TooManyIntervals));
    }

    #[test]
    fn an_earlier_range_keeps_to_the_calendar() {
        let sao_paulo = Tz::America__Sao_Paulo;
        let week = range(sao_paulo, "2018-11-04", "2018-11-11");
        assert_eq!(
            week.earlier(Interval::Day, 7),
            Some(range(sao_paulo, "2018-10-28", "2018-11-04"))
        );
        let spring = range(Tz::Europe__Berlin, "2026-03-01", "2026-05-01");
        assert_eq!(
            spring.earlier(Interval::Month, 2),
            Some(range(Tz::Europe__Berlin, "2026-01-01", "2026-03-01"))
        );
        let leap = range(Tz::UTC, "2024-02-29", "2024-03-01");
        assert_eq!(
            leap.earlier(Interval::Year, 1),
            Some(range(Tz::UTC, "2023-02-28", "2023-03-01"))
        );
    }

    fn any_range() -> impl Strategy<Value = Range> {
        let zone = proptest::sample::select(&chrono_tz::TZ_VARIANTS[..]);
        // From 1980: the last zones that were no whole quarters of an hour from UTC had changed by then.
        (zone, 350_640_i64..2_500_000, 1_i64..2_000).prop_map(|(zone, quarter, quarters)| {
            let at = |quarter: i64| DateTime::from_timestamp(quarter * 900, 0).unwrap();
            Range {
                zone,
                from: at(quarter),
                to: at(quarter + quarters),
            }
        })
    }

    proptest! {
        #[test]
        fn intervals_tile_the_range(
            range in any_range(),
            interval in proptest::sample::select(Interval::ALL),
        ) {
            let starts = range.starts(interval, usize::MAX).unwrap();
            prop_assert_eq!(starts[0], range.from);
            prop_assert!(starts.is_sorted_by(|a, b| a < b));
            prop_assert!(starts.iter().all(|start| *start < range.to));
            prop_assert!(starts.iter().all(|start| start.timestamp() % 900 == 0));
        }

        #[test]
        fn every_start_of_a_coarse_interval_starts_a_finer_one(range in any_range()) {
            let of = |interval| range.starts(interval, usize::MAX).unwrap();
            let hours = of(Interval::Hour);
            let days = of(Interval::Day);
            prop_assert!(days.iter().all(|day| hours.contains(day)));
            for coarse in [Interval::Week, Interval::Month, Interval::Quarter, Interval::Year] {
                prop_assert!(of(coarse).iter().all(|start| days.contains(start)));
            }
        }

        #[test]
        fn an_instant_lies_in_the_interval_of_its_date(range in any_range()) {
            let starts = range.starts(Interval::Month, usize::MAX).unwrap();
            for (start, end) in starts.iter().zip(starts.iter().skip(1)) {
                let last = *end - chrono::TimeDelta::seconds(900);
                prop_assert!(local(range.zone, *start).date() <= local(range.zone, last).date());
            }
        }
    }
}
