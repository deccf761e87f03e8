//! Order numbers as people read them out: `26-0048213-3`, the UTC year of placing, a sequence and a check digit.

use std::{fmt, str::FromStr};

use chrono::Datelike;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A number of an order: two digits of the year, at least seven of the sequence, a Luhn digit over both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderNumber {
    year: u8,
    sequence: u64,
}

/// The text is no order number, or its check digit is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an order number")]
pub struct InvalidOrderNumber;

impl OrderNumber {
    /// The number of an order placed at `placed_at` with a number drawn from the sequence.
    #[must_use]
    pub fn new(placed_at: Timestamp, sequence: u64) -> Self {
        let year = placed_at.datetime().year().rem_euclid(100);
        Self {
            year: u8::try_from(year).unwrap_or(0),
            sequence,
        }
    }

    /// What was drawn from the sequence.
    #[must_use]
    pub fn sequence(self) -> u64 {
        self.sequence
    }

    /// A whole number that sorts as order numbers do: by year, then by sequence.
    #[must_use]
    pub fn rank(self) -> i64 {
        const SEQUENCES_MAX: i64 = 10_000_000_000_000_000;
        let sequence = i64::try_from(self.sequence).unwrap_or(SEQUENCES_MAX - 1);
        i64::from(self.year) * SEQUENCES_MAX + sequence.min(SEQUENCES_MAX - 1)
    }

    fn payload(self) -> String {
        format!("{:02}{:07}", self.year, self.sequence)
    }
}

/// The Luhn check digit of a row of decimal digits.
fn luhn(digits: &str) -> u32 {
    let sum: u32 = digits
        .bytes()
        .rev()
        .zip([true, false].into_iter().cycle())
        .map(|(byte, doubled)| {
            let digit = u32::from(byte - b'0');
            if !doubled {
                digit
            } else if digit > 4 {
                digit * 2 - 9
            } else {
                digit * 2
            }
        })
        .sum();
    (10 - sum % 10) % 10
}

impl fmt::Display for OrderNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:02}-{:07}-{}",
            self.year,
            self.sequence,
            luhn(&self.payload())
        )
    }
}

impl FromStr for OrderNumber {
    type Err = InvalidOrderNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('-');
        let (year, sequence) = (parts.next(), parts.next());
        let number = year
            .zip(sequence)
            .and_then(|(year, sequence)| {
                Some(Self {
                    year: year.parse().ok().filter(|year| *year < 100)?,
                    sequence: sequence.parse().ok()?,
                })
            })
            .ok_or(InvalidOrderNumber)?;
        // Comparing the canonical spelling checks lengths, the check digit and stray signs at once.
        if number.to_string() == text {
            Ok(number)
        } else {
            Err(InvalidOrderNumber)
        }
    }
}

impl Serialize for OrderNumber {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OrderNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_contract_are_read_and_written() {
        for text in ["26-0048213-3", "17-0000001-9"] {
            assert_eq!(text.parse::<OrderNumber>().unwrap().to_string(), text);
        }
        let placed_at = "2017-11-08T00:00:00.000Z".parse().unwrap();
        assert_eq!(OrderNumber::new(placed_at, 1).to_string(), "17-0000001-9");
        let long = OrderNumber::new(placed_at, 123_456_789).to_string();
        assert_eq!(long.parse::<OrderNumber>().unwrap().to_string(), long);
    }

    #[test]
    fn numbers_are_ranked_by_year_and_then_by_sequence_also_beyond_seven_digits() {
        let year = |year: &str| format!("{year}-11-08T00:00:00.000Z").parse().unwrap();
        let ranked = [
            OrderNumber::new(year("2017"), 9_999_999),
            OrderNumber::new(year("2017"), 10_000_000),
            OrderNumber::new(year("2017"), u64::MAX),
            OrderNumber::new(year("2018"), 1),
        ];
        assert!(ranked.is_sorted_by_key(|number| number.rank()));
    }

    #[test]
    fn a_wrong_digit_is_noticed() {
        for bad in [
            "26-0048213-4",
            "26-0048231-3",
            "26-48213-3",
            "26-0048213",
            "",
            "-1-0048213-3",
            "26-+048213-3",
            "26-0048213-3-1",
        ] {
            assert!(bad.parse::<OrderNumber>().is_err(), "{bad} was accepted");
        }
    }
}
