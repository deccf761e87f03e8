//! Money without floats: amounts are `i64` in the minor unit of an ISO 4217 currency, products are 128 bits wide,
//! and rounding is half away from zero.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The bound of any order total, in minor units: sums of many orders then stay far below 2⁵³.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000;

/// Why a figure of money cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("not a currency of ISO 4217")]
    UnknownCurrency,
    #[error("not a decimal of at most six places between 0 and 1000")]
    InvalidTaxRate,
    #[error("the figure is beyond its range")]
    OutOfRange,
}

/// A currency of ISO 4217 that money is counted in (`XXX`, metals and the like are refused).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// The three letters, such as `USD`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Decimal places of the minor unit: JPY 0, USD 2, KWD 3.
    #[must_use]
    pub fn exponent(self) -> u16 {
        self.0.exponent().unwrap_or(0)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        iso_currency::Currency::from_code(code)
            .filter(|currency| currency.exponent().is_some())
            .map(Self)
            .ok_or(MoneyError::UnknownCurrency)
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Currency {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<str>::deserialize(deserializer)?;
        code.parse().map_err(serde::de::Error::custom)
    }
}

/// A tax rate as a fraction of the taxed value, exact to six decimals: `"0.08875"` is 8.875 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TaxRate {
    millionths: u32,
}

impl TaxRate {
    /// A rate of one: the tax equals the value.
    pub const ONE: u32 = 1_000_000;
    /// Rates above a thousandfold are mistakes, in millionths.
    const MILLIONTHS_MAX: u32 = 1_000 * Self::ONE;

    pub const ZERO: Self = Self { millionths: 0 };

    #[must_use]
    pub fn millionths(self) -> u32 {
        self.millionths
    }

    /// Tax on a value that excludes it: round(value × rate).
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] when the result does not fit.
    pub fn on_top_of(self, value: i64) -> Result<i64, MoneyError> {
        div_round(
            i128::from(value) * i128::from(self.millionths),
            i128::from(Self::ONE),
        )
    }

    /// Tax within a value that includes it: value − round(value ÷ (1 + rate)).
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] when the result does not fit.
    pub fn within(self, value: i64) -> Result<i64, MoneyError> {
        let one = i128::from(Self::ONE);
        let net = div_round(i128::from(value) * one, one + i128::from(self.millionths))?;
        value.checked_sub(net).ok_or(MoneyError::OutOfRange)
    }
}

impl fmt::Display for TaxRate {
    /// The shortest text: `0`, `0.19`, `0.08875`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.millionths / Self::ONE, self.millionths % Self::ONE);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        write!(f, "{whole}.{}", format!("{rest:06}").trim_end_matches('0'))
    }
}

impl FromStr for TaxRate {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole, fraction) = match text.split_once('.') {
            Some((_, "")) => return Err(MoneyError::InvalidTaxRate),
            Some((whole, fraction)) => (whole, fraction),
            None => (text, ""),
        };
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let canonical = whole == "0" || !whole.starts_with('0');
        if whole.is_empty()
            || whole.len() > 4
            || fraction.len() > 6
            || !canonical
            || !digits(whole)
            || !digits(fraction)
        {
            return Err(MoneyError::InvalidTaxRate);
        }
        format!("{whole}{fraction:0<6}")
            .parse()
            .ok()
            .filter(|millionths| *millionths <= Self::MILLIONTHS_MAX)
            .map(|millionths| Self { millionths })
            .ok_or(MoneyError::InvalidTaxRate)
    }
}

impl Serialize for TaxRate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TaxRate {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// round(amount × part ÷ whole), half away from zero; `whole` must be above zero.
///
/// # Errors
/// [`MoneyError::OutOfRange`] when `whole` is not positive or the result does not fit.
pub fn share(amount: i64, part: i64, whole: i64) -> Result<i64, MoneyError> {
    div_round(i128::from(amount) * i128::from(part), i128::from(whole))
}

fn div_round(numerator: i128, denominator: i128) -> Result<i64, MoneyError> {
    if denominator <= 0 {
        return Err(MoneyError::OutOfRange);
    }
    let magnitude = (numerator.abs() * 2 + denominator) / (denominator * 2);
    i64::try_from(magnitude * numerator.signum()).map_err(|_too_wide| MoneyError::OutOfRange)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn currencies_come_from_the_table_with_their_exponent() {
        for (code, exponent) in [("USD", 2), ("JPY", 0), ("KWD", 3)] {
            assert_eq!(code.parse::<Currency>().unwrap().exponent(), exponent);
        }
        for bad in ["usd", "US", "ABC", "", "XXX", "XAU"] {
            assert_eq!(
                bad.parse::<Currency>(),
                Err(MoneyError::UnknownCurrency),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_tax_rate_is_an_exact_decimal_string() {
        for text in ["0", "0.19", "0.08875", "1", "0.000001", "1000"] {
            assert_eq!(text.parse::<TaxRate>().unwrap().to_string(), text);
        }
        assert_eq!("0.0".parse::<TaxRate>().unwrap(), TaxRate::ZERO);
        for bad in [
            "",
            ".5",
            "5.",
            "-0.1",
            "+1",
            "0.0000001",
            "1e3",
            "01",
            "1000.000001",
            "99999999999",
            "0,19",
            "٣",
        ] {
            assert_eq!(
                bad.parse::<TaxRate>(),
                Err(MoneyError::InvalidTaxRate),
                "{bad}"
            );
        }
    }

    #[test]
    fn rounding_is_half_away_from_zero() {
        for (amount, part, whole, expected) in [
            (1, 1, 2, 1),
            (-1, 1, 2, -1),
            (1, 1, 3, 0),
            (5, 1, 2, 3),
            (-5, 1, 2, -3),
        ] {
            assert_eq!(
                share(amount, part, whole),
                Ok(expected),
                "{amount} × {part} ÷ {whole}"
            );
        }
        assert_eq!(share(1, 1, 0), Err(MoneyError::OutOfRange));
    }

    #[test]
    fn tax_is_added_or_found_within() {
        let rate: TaxRate = "0.19".parse().unwrap();
        assert_eq!(rate.within(3500), Ok(559));
        assert_eq!(rate.on_top_of(2941), Ok(559));
    }

    proptest! {
        #[test]
        fn tax_within_never_exceeds_the_value(value in 0..=AMOUNT_MAX, millionths in 0..=TaxRate::MILLIONTHS_MAX) {
            let rate = TaxRate { millionths };
            let tax = rate.within(value).unwrap();
            prop_assert!((0..=value).contains(&tax));
        }

        #[test]
        fn all_of_a_value_is_the_value(value in -AMOUNT_MAX..=AMOUNT_MAX, whole in 1..=1_000_000_i64) {
            prop_assert_eq!(share(value, whole, whole), Ok(value));
        }
    }
}
