//! What a sales report is asked for, checked: the range, its intervals, and the period to compare with. It knows no
//! HTTP and no database.

use chrono::{DateTime, Datelike, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use orderfold_events::closed_list;

use super::repository::SalesFilter;
use crate::calendar::{Interval, Range, local};

/// Most intervals of a report.
pub const INTERVALS_MAX: usize = 400;
/// From 1972 on zones are whole quarters of an hour from UTC, but for two that changed a little later.
const YEAR_MIN: i32 = 1972;
/// Years of five digits have no RFC 3339 text, in any zone.
const YEAR_MAX: i32 = 9998;
/// Sums are kept by quarters of an hour.
const QUARTER_HOUR_SECONDS: i64 = 900;

closed_list! {
    /// What a report is compared with.
    Compare { PreviousPeriod = "previous_period", PreviousYear = "previous_year" }
}

/// A report to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesQuestion {
    pub filter: SalesFilter,
    pub interval: Interval,
    pub period: Period,
    pub previous: Option<Period>,
}

/// A range and the start of each of its intervals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    pub range: Range,
    pub starts: Vec<DateTime<Utc>>,
}

/// Why no report can be made; each names the parameter at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuestion {
    #[error("must not be before 1972")]
    FromTooEarly,
    #[error("must be after from, and not after the year 9998")]
    ToOutOfRange,
    #[error("must fall on a quarter of an hour")]
    FromWithinQuarterHour,
    #[error("must fall on a quarter of an hour")]
    ToWithinQuarterHour,
    #[error("this zone was no whole number of quarters of an hour from UTC in this range")]
    ZoneWithinQuarterHour,
    #[error("the range has more than 400 of these")]
    TooManyIntervals,
    #[error(
        "the period to compare with starts before 1972, or cannot be cut in quarters of an hour"
    )]
    NothingToCompare,
}

impl InvalidQuestion {
    /// The query parameter at fault.
    #[must_use]
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::FromTooEarly | Self::FromWithinQuarterHour => "from",
            Self::ToOutOfRange | Self::ToWithinQuarterHour => "to",
            Self::ZoneWithinQuarterHour => "tz",
            Self::TooManyIntervals => "interval",
            Self::NothingToCompare => "compare",
        }
    }
}

impl SalesQuestion {
    /// Cuts the range into its intervals, and the one that it is compared with.
    ///
    /// # Errors
    /// [`InvalidQuestion`] names the first parameter at fault.
    pub fn new(
        filter: SalesFilter,
        range: Range,
        interval: Interval,
        compare: Option<Compare>,
    ) -> Result<Self, InvalidQuestion> {
        let period = Period::new(range, interval, INTERVALS_MAX)?;
        let previous = compare
            .map(|compare| period.before(interval, compare))
            .transpose()?;
        Ok(Self {
            filter,
            interval,
            period,
            previous,
        })
    }
}

impl Period {
    fn new(
        range: Range,
        interval: Interval,
        intervals_max: usize,
    ) -> Result<Self, InvalidQuestion> {
        if local(range.zone, range.from).year() < YEAR_MIN {
            return Err(InvalidQuestion::FromTooEarly);
        }
        if range.to <= range.from || local(range.zone, range.to).year() > YEAR_MAX {
            return Err(InvalidQuestion::ToOutOfRange);
        }
        let starts = range
            .starts(interval, intervals_max)
            .map_err(|_too_many| InvalidQuestion::TooManyIntervals)?;
        // Where the zone is at fault, the bounds that were written as dates are too.
        if !starts.iter().all(|start| zone_fits(range.zone, *start)) {
            return Err(InvalidQuestion::ZoneWithinQuarterHour);
        }
        if !on_quarter_hour(range.from) {
            return Err(InvalidQuestion::FromWithinQuarterHour);
        }
        if !on_quarter_hour(range.to) {
            return Err(InvalidQuestion::ToWithinQuarterHour);
        }
        Ok(Self { range, starts })
    }

    fn before(&self, interval: Interval, compare: Compare) -> Result<Self, InvalidQuestion> {
        let range = match compare {
            Compare::PreviousPeriod => self.range.earlier(interval, self.starts.len()),
            Compare::PreviousYear => self.range.earlier(Interval::Year, 1),
        };
        // A year may hold a week, or a leap day's hours, more than the one after it.
        range
            .and_then(|range| Self::new(range, interval, INTERVALS_MAX + 30).ok())
            .ok_or(InvalidQuestion::NothingToCompare)
    }
}

fn on_quarter_hour(instant: DateTime<Utc>) -> bool {
    instant.timestamp_subsec_nanos() == 0
        && instant.timestamp().rem_euclid(QUARTER_HOUR_SECONDS) == 0
}

fn zone_fits(zone: Tz, instant: DateTime<Utc>) -> bool {
    let offset = zone.offset_from_utc_datetime(&instant.naive_utc()).fix();
    i64::from(offset.local_minus_utc()) % QUARTER_HOUR_SECONDS == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Bound;

    fn ask(
        (from, to): (&str, &str),
        zone: Tz,
        interval: Interval,
        compare: Option<Compare>,
    ) -> Result<SalesQuestion, InvalidQuestion> {
        let at = |text: &str| text.parse::<Bound>().unwrap().resolve(zone).unwrap();
        let filter = SalesFilter {
            currency: "USD".parse().unwrap(),
            channel: Vec::new(),
        };
        let range = Range {
            zone,
            from: at(from),
            to: at(to),
        };
        SalesQuestion::new(filter, range, interval, compare)
    }

    #[test]
    fn a_range_that_cannot_be_answered_exactly_is_refused() {
        use InvalidQuestion as No;
        for (from, to, zone, interval, refusal) in [
            (
                "1971-12-31",
                "1972-02-01",
                Tz::Asia__Tokyo,
                Interval::Day,
                No::FromTooEarly,
            ),
            (
                "2017-01-01",
                "2017-01-01",
                Tz::UTC,
                Interval::Day,
                No::ToOutOfRange,
            ),
            (
                "2017-01-02",
                "2017-01-01",
                Tz::UTC,
                Interval::Day,
                No::ToOutOfRange,
            ),
            (
                "2017-01-01",
                "2018-02-06",
                Tz::UTC,
                Interval::Day,
                No::TooManyIntervals,
            ),
            (
                "1975-01-01",
                "1975-02-01",
                Tz::Pacific__Kiritimati,
                Interval::Day,
                No::ZoneWithinQuarterHour,
            ),
            (
                "2017-01-01T00:01:00Z",
                "2017-02-01",
                Tz::UTC,
                Interval::Day,
                No::FromWithinQuarterHour,
            ),
            (
                "2017-01-01",
                "2017-02-01T00:00:00.001Z",
                Tz::UTC,
                Interval::Day,
                No::ToWithinQuarterHour,
            ),
            (
                "2017-01-01",
                "9999-01-01",
                Tz::UTC,
                Interval::Year,
                No::ToOutOfRange,
            ),
        ] {
            assert_eq!(
                ask((from, to), zone, interval, None),
                Err(refusal),
                "{from} to {to}"
            );
        }
    }

    #[test]
    fn a_report_may_start_with_1972() {
        for zone in [Tz::UTC, Tz::Asia__Tokyo, Tz::America__New_York] {
            assert!(ask(("1972-01-01", "1973-01-01"), zone, Interval::Month, None).is_ok());
        }
    }

    #[test]
    fn the_previous_period_has_as_many_intervals_and_ends_where_the_first_starts() {
        for (zone, from, to) in [
            (Tz::UTC, "2017-01-01", "2018-01-01"),
            (Tz::Europe__Berlin, "2026-03-01", "2026-04-01"),
            (Tz::America__New_York, "2024-02-01", "2024-03-01"),
        ] {
            for interval in [Interval::Day, Interval::Month] {
                let report =
                    ask((from, to), zone, interval, Some(Compare::PreviousPeriod)).unwrap();
                let previous = report.previous.unwrap();
                assert_eq!(previous.starts.len(), report.period.starts.len());
                assert_eq!(previous.range.to, report.period.range.from);
            }
        }
    }

    #[test]
    fn the_previous_year_has_the_same_dates_on_the_wall() {
        let march = ask(
            ("2026-03-01", "2026-04-01"),
            Tz::Europe__Berlin,
            Interval::Day,
            Some(Compare::PreviousYear),
        );
        let expected = ask(
            ("2025-03-01", "2025-04-01"),
            Tz::Europe__Berlin,
            Interval::Day,
            None,
        );
        assert_eq!(march.unwrap().previous, Some(expected.unwrap().period));
    }

    #[test]
    fn a_comparison_with_what_is_too_early_is_refused() {
        assert_eq!(
            ask(
                ("1972-01-01", "1972-02-01"),
                Tz::UTC,
                Interval::Day,
                Some(Compare::PreviousYear)
            ),
            Err(InvalidQuestion::NothingToCompare)
        );
    }

    /// What the reports rely on: sums by quarters of an hour serve every zone of the table, today and far back.
    #[test]
    fn few_zones_were_ever_between_quarters_of_an_hour_since_1972() {
        let mut odd = std::collections::BTreeSet::new();
        for zone in chrono_tz::TZ_VARIANTS {
            // A month at a time is finer than any of them stayed with an offset.
            for month in 0..900 {
                let instant = DateTime::from_timestamp(63_072_000 + 2_592_000 * month, 0).unwrap();
                if !zone_fits(zone, instant) {
                    odd.insert(zone.name());
                }
            }
        }
        let odd: Vec<_> = odd.into_iter().collect();
        assert_eq!(odd, ["Africa/Monrovia", "Pacific/Kiritimati"]);
    }
}
