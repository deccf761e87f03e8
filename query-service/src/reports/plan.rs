//! Which sums a sales report reads, and how they add up to its intervals. Days of the reporting zone that lie whole
//! within one interval are read as day sums; only days that a boundary cuts are read by quarter-hours. So a report of
//! ten years in any zone reads about as many documents as it has days and boundaries. It knows no HTTP, no database.

use std::{collections::BTreeSet, ops::Range as HalfOpen};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

use super::question::Period;
use crate::{
    calendar::{first_instant, local},
    projections::sales_series::Sales,
};

/// What to read for one series of intervals.
#[derive(Debug)]
pub struct Plan {
    period: Period,
    reporting_zone: Tz,
    /// Days of the reporting zone that the range touches.
    days: HalfOpen<NaiveDate>,
    /// Those of `days` that a boundary cuts.
    cut_days: BTreeSet<NaiveDate>,
}

/// A figure that does not fit, or a date beyond the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a figure of the report is out of range")]
pub struct OutOfRange;

impl Plan {
    /// A plan for the intervals of a period.
    ///
    /// # Errors
    /// [`OutOfRange`] at the ends of the calendar.
    pub fn new(period: &Period, reporting_zone: Tz) -> Result<Self, OutOfRange> {
        let Period { range, starts } = period;
        let day_of = |instant| local(reporting_zone, instant).date();
        let mut cut_days = BTreeSet::new();
        for boundary in starts.iter().copied().chain([range.to]) {
            let day = day_of(boundary);
            if start_of(reporting_zone, day) != Some(boundary) {
                cut_days.insert(day);
            }
        }
        let end = day_of(range.to)
            .checked_add_days(Days::new(1))
            .ok_or(OutOfRange)?;
        Ok(Self {
            days: day_of(range.from)..end,
            period: period.clone(),
            reporting_zone,
            cut_days,
        })
    }

    /// The days of the reporting zone to read, half-open; those that are cut are not asked for again.
    #[must_use]
    pub fn days(&self) -> HalfOpen<NaiveDate> {
        self.days.clone()
    }

    /// The UTC days whose quarter-hours are to be read, as half-open runs in order.
    #[must_use]
    pub fn utc_days(&self) -> Vec<HalfOpen<NaiveDate>> {
        let mut runs: Vec<HalfOpen<NaiveDate>> = Vec::new();
        for day in &self.cut_days {
            let Some(run) = self.utc_days_of(*day) else {
                continue;
            };
            match runs.last_mut() {
                Some(last) if run.start <= last.end => last.end = last.end.max(run.end),
                _ => runs.push(run),
            }
        }
        runs
    }

    fn utc_days_of(&self, day: NaiveDate) -> Option<HalfOpen<NaiveDate>> {
        let next = day.checked_add_days(Days::new(1))?;
        let start = start_of(self.reporting_zone, day)?;
        let end = start_of(self.reporting_zone, next)?;
        let end = end.date_naive().checked_add_days(Days::new(1))?;
        Some(start.date_naive()..end)
    }

    /// Adds up what was read: one sum for each interval, zeros where nothing was booked.
    ///
    /// # Errors
    /// [`OutOfRange`] when a sum does not fit.
    pub fn add_up<'a>(
        &self,
        days: impl Iterator<Item = (NaiveDate, &'a Sales)>,
        quarter_hours: impl Iterator<Item = (DateTime<Utc>, &'a Sales)>,
    ) -> Result<Vec<Sales>, OutOfRange> {
        let whole = days
            .filter(|(day, _)| !self.cut_days.contains(day))
            .filter_map(|(day, sales)| Some((start_of(self.reporting_zone, day)?, sales)));
        let parts = quarter_hours.filter(|(begin, _)| {
            let day = local(self.reporting_zone, *begin).date();
            self.cut_days.contains(&day)
        });
        let mut sums = vec![Sales::default(); self.period.starts.len()];
        for (begin, sales) in whole.chain(parts) {
            if let Some(sum) = self
                .interval_of(begin)
                .and_then(|index| sums.get_mut(index))
            {
                *sum = sum.checked_add(sales).ok_or(OutOfRange)?;
            }
        }
        Ok(sums)
    }

    fn interval_of(&self, instant: DateTime<Utc>) -> Option<usize> {
        let after = self
            .period
            .starts
            .partition_point(|start| *start <= instant);
        after
            .checked_sub(1)
            .filter(|_| instant < self.period.range.to)
    }
}

fn start_of(zone: Tz, day: NaiveDate) -> Option<DateTime<Utc>> {
    first_instant(zone, day.and_time(NaiveTime::MIN))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::TimeDelta;
    use orderfold_events::order::Totals;
    use proptest::prelude::*;

    use super::*;
    use crate::calendar::{Bound, Interval, Range};

    fn plan(zone: Tz, from: &str, to: &str, interval: Interval, reporting: Tz) -> Plan {
        let at = |text: &str| text.parse::<Bound>().unwrap().resolve(zone).unwrap();
        let range = Range {
            zone,
            from: at(from),
            to: at(to),
        };
        Plan::new(&period(range, interval), reporting).unwrap()
    }

    fn period(range: Range, interval: Interval) -> Period {
        let starts = range.starts(interval, usize::MAX).unwrap();
        Period { range, starts }
    }

    #[test]
    fn whole_days_of_the_reporting_zone_need_no_quarter_hours() {
        for interval in [
            Interval::Day,
            Interval::Week,
            Interval::Month,
            Interval::Year,
        ] {
            let zone = Tz::Europe__Berlin;
            let plan = plan(zone, "2017-01-01", "2017-12-31", interval, zone);
            assert!(plan.utc_days().is_empty());
        }
    }

    #[test]
    fn years_of_another_zone_read_quarter_hours_only_where_they_meet() {
        let plan = plan(
            Tz::Asia__Tokyo,
            "2010-01-01",
            "2020-01-01",
            Interval::Year,
            Tz::UTC,
        );
        assert_eq!(plan.utc_days().len(), 11);
    }

    /// Orders at quarter-hours, booked as the fold books them: in their quarter-hour and in their reporting day.
    type Booked = (BTreeMap<NaiveDate, Sales>, BTreeMap<DateTime<Utc>, Sales>);

    fn book(instants: &[DateTime<Utc>], reporting: Tz) -> Booked {
        let (mut days, mut quarters): Booked = Default::default();
        let one = Sales {
            orders: 1,
            totals: Totals {
                gross_sales: 7,
                ..Totals::default()
            },
            ..Sales::default()
        };
        for instant in instants {
            for sum in [
                days.entry(local(reporting, *instant).date()).or_default(),
                quarters.entry(*instant).or_default(),
            ] {
                *sum = sum.checked_add(&one).unwrap();
            }
        }
        (days, quarters)
    }

    /// Some zones put their clocks back just after midnight, so that a date comes back for an hour: its day is no
    /// range of time, and no two ways to cut it agree.
    fn dates_come_back(zone: Tz, instants: &[DateTime<Utc>]) -> bool {
        let hour = TimeDelta::hours(1);
        let day = |instant| local(zone, instant).date();
        instants
            .iter()
            .any(|at| day(*at - hour) > day(*at) || day(*at) > day(*at + hour))
    }

    proptest! {
        #[test]
        fn every_order_is_in_its_interval_whatever_is_read(
            zone in proptest::sample::select(&chrono_tz::TZ_VARIANTS[..]),
            reporting in proptest::sample::select(&chrono_tz::TZ_VARIANTS[..]),
            first in 350_640_i64..2_000_000,
            length in 1_i64..4_000,
            offsets in proptest::collection::vec(-200_i64..4_200, 0..60),
            interval in proptest::sample::select(Interval::ALL),
        ) {
            let at = |quarter: i64| DateTime::from_timestamp(quarter * 900, 0).unwrap();
            let range = Range { zone, from: at(first), to: at(first + length) };
            let starts = range.starts(interval, usize::MAX).unwrap();
            let instants: Vec<_> = offsets.iter().map(|offset| at(first + offset)).collect();
            prop_assume!(!dates_come_back(reporting, &instants));
            let (days, quarters) = book(&instants, reporting);

            let plan = Plan::new(&period(range, interval), reporting).unwrap();
            let runs = plan.utc_days();
            let read = quarters
                .iter()
                .filter(|(at, _)| runs.iter().any(|run| run.contains(&at.date_naive())));
            let days = days.iter().filter(|(day, _)| plan.days().contains(day));
            let sums = plan
                .add_up(days.map(|(day, sales)| (*day, sales)), read.map(|(at, sales)| (*at, sales)))
                .unwrap();

            let ends = starts.iter().skip(1).copied().chain([range.to]);
            for ((start, end), sum) in starts.iter().zip(ends).zip(sums) {
                let expected = instants.iter().filter(|at| (*start..end).contains(*at)).count();
                prop_assert_eq!(sum.orders, i64::try_from(expected).unwrap());
                prop_assert_eq!(sum.totals.gross_sales, sum.orders * 7);
            }
        }

        #[test]
        fn the_hours_of_a_day_add_up_to_the_day(
            zone in proptest::sample::select(&chrono_tz::TZ_VARIANTS[..]),
            day in 4_000_u64..20_000,
            offsets in proptest::collection::vec(-100_i64..200, 0..40),
        ) {
            let date = NaiveDate::default().checked_add_days(Days::new(day)).unwrap();
            let at = |date: NaiveDate| start_of(zone, date).unwrap();
            let range = Range { zone, from: at(date), to: at(date.succ_opt().unwrap()) };
            prop_assume!(range.from < range.to);
            let instants: Vec<_> = offsets
                .iter()
                .map(|offset| range.from + TimeDelta::minutes(offset * 15))
                .collect();
            let (days, quarters) = book(&instants, Tz::UTC);
            let sums = |interval| {
                let plan = Plan::new(&period(range, interval), Tz::UTC).unwrap();
                plan.add_up(
                    days.iter().map(|(day, sales)| (*day, sales)),
                    quarters.iter().map(|(at, sales)| (*at, sales)),
                )
                .unwrap()
            };
            let hours: i64 = sums(Interval::Hour).iter().map(|sum| sum.orders).sum();
            prop_assert_eq!(sums(Interval::Day)[0].orders, hours);
        }
    }
}
