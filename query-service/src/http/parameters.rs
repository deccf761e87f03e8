//! The query parameters that several lists and reports have, read alike everywhere.

use std::str::FromStr;

use chrono::NaiveDate;
use chrono_tz::Tz;
use orderfold_events::Timestamp;
use orderfold_http::{Problem, parameters::Parameters};

use super::cursor::Binding;
use crate::{
    calendar::Bound, database::reading::Slice, projections::order_list::search::normalised,
};

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;
/// Most values of one filter.
const VALUES_MAX: usize = 100;
/// References, channels, tags and SKUs are no longer.
const TEXT_CHARS_MAX: usize = 64;

/// Most words of a search, and characters of all of them together.
const WORDS_MAX: usize = 5;
const SEARCH_CHARS_MAX: usize = 100;

/// Checks that there are no parameters.
///
/// # Errors
/// 422 with every parameter that is there.
pub fn none(query: Option<&str>) -> Result<(), Problem> {
    Parameters::read(query).finish(())
}

/// Several values joined by commas; none when the parameter is missing.
pub fn values<T: FromStr>(parameters: &mut Parameters, name: &str, expected: &str) -> Vec<T> {
    let expected = format!("one to {VALUES_MAX} of: {expected}; joined by commas");
    let values = parameters.parsed(name, &expected, |text| {
        let values: Option<Vec<T>> = text.split(',').map(|value| value.parse().ok()).collect();
        values.filter(|values| values.len() <= VALUES_MAX)
    });
    values.unwrap_or_default()
}

/// Several words of a closed list.
pub fn words<T: FromStr + ToString>(parameters: &mut Parameters, name: &str, all: &[T]) -> Vec<T> {
    values(parameters, name, &joined(all))
}

/// One word of a closed list.
pub fn word<T: FromStr + ToString>(
    parameters: &mut Parameters,
    name: &str,
    all: &[T],
) -> Option<T> {
    parameters.parsed(name, &format!("one of {}", joined(all)), |text| {
        text.parse().ok()
    })
}

fn joined<T: ToString>(all: &[T]) -> String {
    let words: Vec<String> = all.iter().map(ToString::to_string).collect();
    words.join(", ")
}

/// A short text that stands for itself.
struct Literal(String);

impl FromStr for Literal {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=TEXT_CHARS_MAX).contains(&text.chars().count());
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(())
        }
    }
}

/// Several short texts, each meant literally.
pub fn texts(parameters: &mut Parameters, name: &str) -> Vec<String> {
    let expected = format!("texts of 1 to {TEXT_CHARS_MAX} characters");
    let texts = values::<Literal>(parameters, name, &expected);
    texts.into_iter().map(|Literal(text)| text).collect()
}

/// `true` or `false`.
pub fn flag(parameters: &mut Parameters, name: &str) -> Option<bool> {
    parameters.parsed(name, "true or false", |text| text.parse().ok())
}

/// An amount in minor units.
pub fn amount(parameters: &mut Parameters, name: &str) -> Option<i64> {
    let expected = "a whole number of minor units";
    parameters.parsed(name, expected, |text| {
        let amount: i64 = text.parse().ok()?;
        (amount.to_string() == text).then_some(amount)
    })
}

/// A date alone.
pub fn date(parameters: &mut Parameters, name: &str) -> Option<NaiveDate> {
    parameters.parsed(name, "a date such as 2017-03-01", |text| {
        match text.parse().ok()? {
            Bound::Date(date) => Some(date),
            Bound::Instant(_) => None,
        }
    })
}

/// `q`: words that all have to be found, as they are kept; none when the parameter is missing.
pub fn search(parameters: &mut Parameters) -> Vec<String> {
    let expected = format!("1 to {WORDS_MAX} words of {SEARCH_CHARS_MAX} characters together");
    let words = parameters.parsed("q", &expected, |text| {
        let words: Vec<String> = text.split_whitespace().map(normalised).collect();
        let fits =
            (1..=WORDS_MAX).contains(&words.len()) && text.chars().count() <= SEARCH_CHARS_MAX;
        fits.then_some(words)
    });
    words.unwrap_or_default()
}

/// `tz`: the zone that dates mean; UTC when it is missing.
pub fn zone(parameters: &mut Parameters) -> Tz {
    let expected = "a time zone of the IANA database, such as Europe/Berlin";
    let zone = parameters.parsed("tz", expected, |text| text.parse().ok());
    zone.unwrap_or(Tz::UTC)
}

/// An end of a range: an instant, or a date that means its first instant in `zone`.
pub fn bound(parameters: &mut Parameters, name: &str, zone: Tz) -> Option<Timestamp> {
    let expected = "an RFC 3339 instant or a date such as 2017-03-01";
    parameters.parsed(name, expected, |text| {
        let bound: Bound = text.parse().ok()?;
        bound.resolve(zone).map(Timestamp::from)
    })
}

/// `limit`: rows of a page.
pub fn limit(parameters: &mut Parameters) -> u32 {
    let expected = format!("a whole number from 1 to {LIMIT_MAX}");
    let limit = parameters.parsed("limit", &expected, |text| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let limit: u32 = text.parse().ok()?;
        (digits && (1..=LIMIT_MAX).contains(&limit)).then_some(limit)
    });
    limit.unwrap_or(LIMIT_DEFAULT)
}

/// `limit` and `cursor`, which must belong to this very question.
pub fn slice(parameters: &mut Parameters, binding: Binding) -> Slice {
    let rows_max = limit(parameters);
    let expected = "the next_cursor of this list with the same filters and sort";
    let after = parameters.parsed("cursor", expected, |text| binding.decode(text).ok());
    Slice { after, rows_max }
}

#[cfg(test)]
mod tests {
    use super::*;
    use orderfold_events::order::Lifecycle;

    fn read<T>(query: &str, read: impl Fn(&mut Parameters) -> T) -> Result<T, Problem> {
        let mut parameters = Parameters::read(Some(query));
        let value = read(&mut parameters);
        parameters.finish(value)
    }

    #[test]
    fn several_words_are_joined_by_commas_and_each_must_be_known() {
        let lifecycle = |query: &str| read(query, |it| words(it, "lifecycle", Lifecycle::ALL)).ok();
        assert_eq!(
            lifecycle("lifecycle=placed,cancelled"),
            Some(vec![Lifecycle::Placed, Lifecycle::Cancelled])
        );
        assert_eq!(lifecycle(""), Some(Vec::new()));
        for bad in [
            "lifecycle=",
            "lifecycle=placed,",
            "lifecycle=open",
            "lifecycle=Placed",
        ] {
            assert_eq!(lifecycle(bad), None, "{bad}");
        }
        let many = format!("lifecycle={}", vec!["placed"; VALUES_MAX + 1].join(","));
        assert_eq!(lifecycle(&many), None);
    }

    #[test]
    fn a_text_that_looks_like_an_operator_is_a_text() {
        let reference = |query: &str| read(query, |it| texts(it, "reference")).ok();
        assert_eq!(
            reference("reference=%24ne,%7B%22%24gt%22%3A1%7D"),
            Some(vec!["$ne".to_owned(), "{\"$gt\":1}".to_owned()])
        );
        assert_eq!(reference("reference[$ne]=x"), None);
        assert_eq!(reference(&format!("reference={}", "x".repeat(65))), None);
    }

    #[test]
    fn flags_amounts_and_dates_have_one_spelling() {
        assert_eq!(read("f=true", |it| flag(it, "f")).ok(), Some(Some(true)));
        assert_eq!(read("a=-5", |it| amount(it, "a")).ok(), Some(Some(-5)));
        assert!(read("d=2017-03-01", |it| date(it, "d")).is_ok());
        for bad in ["", "1", "True", "yes", "{}"] {
            assert!(
                read(&format!("f={bad}"), |it| flag(it, "f")).is_err(),
                "{bad}"
            );
        }
        for bad in ["", "%2B5", "05", "5.0", "1e3", "9223372036854775808", "{}"] {
            assert!(
                read(&format!("a={bad}"), |it| amount(it, "a")).is_err(),
                "{bad}"
            );
        }
        for bad in ["", "2017-3-1", "2017-03-01T00:00:00Z", "today"] {
            assert!(
                read(&format!("d={bad}"), |it| date(it, "d")).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_search_is_a_few_words_in_lower_case() {
        let words = |query: &str| read(query, search).ok();
        assert_eq!(words(""), Some(Vec::new()));
        assert_eq!(
            words("q=+CA-2017+%24ne++.*"),
            Some(vec![
                "ca-2017".to_owned(),
                "$ne".to_owned(),
                ".*".to_owned()
            ])
        );
        assert_eq!(words("q="), None);
        assert_eq!(words("q=a+b+c+d+e+f"), None);
        assert_eq!(
            words(&format!("q={}", "x".repeat(SEARCH_CHARS_MAX + 1))),
            None
        );
    }

    #[test]
    fn a_limit_is_a_whole_number_in_its_range() {
        let limits = |query: &str| read(query, limit).ok();
        assert_eq!(limits(""), Some(50));
        assert_eq!(limits("limit=200"), Some(200));
        for bad in ["0", "201", "-1", "+5", "1.0", "x", "", "99999999999"] {
            assert_eq!(limits(&format!("limit={bad}")), None, "{bad}");
        }
    }

    #[test]
    fn a_date_is_read_in_the_zone_and_a_wrong_zone_is_refused() {
        let from = |query: &str| {
            read(query, |it| {
                let zone = zone(it);
                bound(it, "placed_from", zone)
            })
        };
        let in_new_york = from("placed_from=2017-03-01&tz=America/New_York").unwrap();
        assert_eq!(in_new_york.unwrap().to_string(), "2017-03-01T05:00:00.000Z");
        for bad in [
            "tz=Mars/Olympus",
            "tz=",
            "tz=utc%20",
            "placed_from=yesterday",
        ] {
            assert!(from(bad).is_err(), "{bad}");
        }
    }
}
