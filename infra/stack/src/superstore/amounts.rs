//! Amounts of the data set, exactly: whole cents, no floating point.

/// Cents from a decimal number with up to four places, rounded half up.
#[must_use]
pub fn cents(decimal: &str) -> Option<i64> {
    const PLACES: usize = 4;
    let (units, places) = decimal
        .trim()
        .split_once('.')
        .unwrap_or((decimal.trim(), ""));
    if places.len() > PLACES
        || units.is_empty()
        || !units
            .bytes()
            .chain(places.bytes())
            .all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let ten_thousandths: i64 = format!("{places:0<PLACES$}").parse().ok()?;
    let cents = (ten_thousandths + 50) / 100;
    units
        .parse::<i64>()
        .ok()?
        .checked_mul(100)?
        .checked_add(cents)
}

/// The unit price in whole cents that is not below a total, and the discount that makes it exact.
#[must_use]
pub fn price_and_discount(total: i64, quantity: i64) -> (i64, i64) {
    let unit_price = (total + quantity - 1) / quantity;
    (unit_price, unit_price * quantity - total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cents_round_half_up_in_the_third_and_fourth_place() {
        assert_eq!(cents("261.96"), Some(26_196));
        assert_eq!(cents("14"), Some(1_400));
        assert_eq!(cents("957.5775"), Some(95_758));
        assert_eq!(cents("22.368"), Some(2_237));
        assert_eq!(cents("0.9949"), Some(99));
        assert_eq!(cents("0.995"), Some(100));
    }

    #[test]
    fn what_is_not_a_plain_decimal_number_is_no_amount() {
        for text in ["", ".5", "-1", "1,5", "1.23456", "1e3", "1.2.3"] {
            assert_eq!(cents(text), None, "{text}");
        }
    }

    #[test]
    fn price_times_quantity_less_the_discount_is_the_total_again() {
        for (total, quantity) in [(26_196, 2), (95_758, 5), (1, 3), (100, 100)] {
            let (price, discount) = price_and_discount(total, quantity);
            assert_eq!(price * quantity - discount, total);
            assert!((0..quantity).contains(&discount));
        }
    }
}
