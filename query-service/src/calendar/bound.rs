//! One end of a range as a caller writes it: an instant, or a date that stands for its first instant in some zone.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;

use super::first_instant;

/// An instant or a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    Instant(DateTime<Utc>),
    Date(NaiveDate),
}

/// The text is neither an RFC 3339 instant nor a date of the form `2017-03-01`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither an instant nor a date")]
pub struct InvalidBound;

impl Bound {
    /// The instant meant; `None` beyond the range of the calendar.
    #[must_use]
    pub fn resolve(self, zone: Tz) -> Option<DateTime<Utc>> {
        match self {
            Self::Instant(instant) => Some(instant),
            Self::Date(date) => first_instant(zone, date.and_time(NaiveTime::MIN)),
        }
    }
}

impl FromStr for Bound {
    type Err = InvalidBound;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The parsers of chrono are more generous than the formats: one spelling only.
        let years = text.as_bytes().get(..4).ok_or(InvalidBound)?;
        if !years.iter().all(u8::is_ascii_digit) || !text.is_ascii() {
            return Err(InvalidBound);
        }
        if text.len() == 10 {
            let date: NaiveDate = text.parse().map_err(|_malformed| InvalidBound)?;
            return if date.to_string() == text {
                Ok(Self::Date(date))
            } else {
                Err(InvalidBound)
            };
        }
        if text.as_bytes().get(10) != Some(&b'T') {
            return Err(InvalidBound);
        }
        DateTime::parse_from_rfc3339(text)
            .map(|instant| Self::Instant(instant.to_utc()))
            .map_err(|_malformed| InvalidBound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_means_its_first_instant_in_the_zone() {
        let bound: Bound = "2017-03-01".parse().unwrap();
        let at = |zone| bound.resolve(zone).unwrap().to_rfc3339();
        assert_eq!(at(Tz::UTC), "2017-03-01T00:00:00+00:00");
        assert_eq!(at(Tz::America__New_York), "2017-03-01T05:00:00+00:00");
        assert_eq!(at(Tz::Asia__Kathmandu), "2017-02-28T18:15:00+00:00");
    }

    #[test]
    fn an_instant_means_itself_in_every_zone() {
        let bound: Bound = "2017-03-01T12:00:00.000+02:00".parse().unwrap();
        assert_eq!(bound.resolve(Tz::UTC), bound.resolve(Tz::Asia__Tokyo));
    }

    #[test]
    fn another_spelling_is_no_bound() {
        for bad in [
            "",
            "now",
            "2017",
            "2017-3-1",
            "2017-3-01 ",
            "2017-02-30",
            "+2017-03-1",
            "20170301",
            "2017-03-01 00:00:00Z",
            "2017-03-01T00:00:00",
            "2017-03-01T25:00:00Z",
            "２０１７",
            "99999-01-01",
        ] {
            assert_eq!(
                bad.parse::<Bound>(),
                Err(InvalidBound),
                "{bad} was accepted"
            );
        }
    }
}
