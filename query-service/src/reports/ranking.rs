//! What a ranking is asked for: a range of whole days, cut into whole months and the days around them, so that a
//! report of years reads few sums. It knows no HTTP and no database.

use std::ops::Range;

use chrono::{Months, NaiveDate};
use orderfold_events::{Currency, closed_list};

use crate::projections::ranking::{Span, first_of_month};

/// Most days of a ranking.
pub const DAYS_MAX: i64 = 3_700;

closed_list! {
    /// What the first are first by; the most always come first.
    RankedBy { NetSales = "net_sales", Units = "units", ReturnRate = "return_rate" }
}

/// A ranking to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankingQuestion {
    pub currency: Currency,
    /// Days of the store's reporting zone.
    pub days: Range<NaiveDate>,
    pub by: RankedBy,
    pub rows_max: u32,
}

/// The range is empty, or too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be after from, by at most {DAYS_MAX} days")]
pub struct InvalidRange;

impl RankingQuestion {
    /// Checks a range of days.
    ///
    /// # Errors
    /// [`InvalidRange`].
    pub fn days(from: NaiveDate, to: NaiveDate) -> Result<Range<NaiveDate>, InvalidRange> {
        let days = to.signed_duration_since(from).num_days();
        if (1..=DAYS_MAX).contains(&days) {
            Ok(from..to)
        } else {
            Err(InvalidRange)
        }
    }

    /// Which sums together make the range, each half-open.
    #[must_use]
    pub fn spans(&self) -> Vec<(Span, Range<NaiveDate>)> {
        let Range { start, end } = self.days.clone();
        let last = first_of_month(end);
        let spans = match first_month_from(start) {
            Some(first) if first < last => vec![
                (Span::Day, start..first),
                (Span::Month, first..last),
                (Span::Day, last..end),
            ],
            _ => vec![(Span::Day, start..end)],
        };
        let filled = spans.into_iter().filter(|(_, range)| !range.is_empty());
        filled.collect()
    }
}

/// The first day of the first month that starts at a day or after it.
fn first_month_from(day: NaiveDate) -> Option<NaiveDate> {
    let first = first_of_month(day);
    if first == day {
        Some(day)
    } else {
        first.checked_add_months(Months::new(1))
    }
}

#[cfg(test)]
mod tests {
    use chrono::Days;
    use proptest::prelude::*;

    use super::*;

    fn question(days: Range<NaiveDate>) -> RankingQuestion {
        RankingQuestion {
            currency: "USD".parse().unwrap(),
            days,
            by: RankedBy::NetSales,
            rows_max: 10,
        }
    }

    #[test]
    fn a_year_is_twelve_months_and_an_empty_range_is_refused() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let year = RankingQuestion::days(day("2017-01-01"), day("2018-01-01")).unwrap();
        assert_eq!(question(year.clone()).spans(), [(Span::Month, year)]);
        assert!(RankingQuestion::days(day("2017-01-01"), day("2017-01-01")).is_err());
        assert!(RankingQuestion::days(day("2017-01-02"), day("2017-01-01")).is_err());
        assert!(RankingQuestion::days(day("2001-01-01"), day("2017-01-01")).is_err());
    }

    proptest! {
        #[test]
        fn every_day_of_the_range_is_read_once(start in 0_u64..5_000, days in 1_u64..900) {
            let epoch: NaiveDate = "2010-01-01".parse().unwrap();
            let start = epoch + Days::new(start);
            let end = start + Days::new(days);
            let mut at = start;
            for (span, range) in question(start..end).spans() {
                prop_assert_eq!(range.start, at);
                if span == Span::Month {
                    prop_assert_eq!(first_of_month(range.start), range.start);
                    prop_assert_eq!(first_of_month(range.end), range.end);
                }
                at = range.end;
            }
            prop_assert_eq!(at, end);
        }
    }
}
