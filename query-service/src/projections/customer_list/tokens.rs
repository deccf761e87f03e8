//! What a customer can be found by without being named: HMACs of the words of name, e-mail and phone number, and of
//! the words' beginnings. Whoever reads them learns nothing without the key, and they go when the customer is erased.

use std::collections::BTreeSet;

use orderfold_events::{SealingKey, customer::CustomerPersonal};

/// Beginnings of a word that it is found by, in characters; the whole word always counts.
const PREFIX_CHARS: std::ops::RangeInclusive<usize> = 2..=16;
/// Words of one customer, or of one question.
const WORDS_MAX: usize = 32;

/// Everything that the customer is found by, sorted.
#[must_use]
pub fn tokens(search: &SealingKey, personal: &CustomerPersonal) -> Vec<i64> {
    let email = personal.email.iter().map(String::as_str);
    let phones = [&personal.phone, &personal.phone_e164];
    let texts = std::iter::once(personal.name.as_str())
        .chain(email)
        .chain(phones.into_iter().flatten().map(String::as_str));
    let words: BTreeSet<String> = texts.flat_map(words).collect();
    let tokens: BTreeSet<i64> = words
        .iter()
        .take(WORDS_MAX)
        .flat_map(|word| beginnings(word))
        .map(|word| token(search, word))
        .collect();
    tokens.into_iter().collect()
}

/// What a customer must have every one of to be meant by a text. A text without words means nobody.
#[must_use]
pub fn wanted(search: &SealingKey, text: &str) -> Vec<i64> {
    let words: BTreeSet<String> = words(text).collect();
    words
        .iter()
        .take(WORDS_MAX)
        .map(|word| token(search, word))
        .collect()
}

/// In small letters, without what stands between words. A phone number is one word, however it is written.
fn words(text: &str) -> impl Iterator<Item = String> + use<> {
    let is_number = text.chars().any(|c| c.is_ascii_digit())
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || "+-()/. ".contains(c));
    let words: Vec<String> = if is_number {
        vec![text.chars().filter(char::is_ascii_digit).collect()]
    } else {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    words.into_iter()
}

fn beginnings(word: &str) -> impl Iterator<Item = &str> {
    let ends = word.char_indices().skip(*PREFIX_CHARS.start());
    let longer = PREFIX_CHARS.end() - PREFIX_CHARS.start() + 1;
    ends.take(longer).map(|(end, _)| &word[..end]).chain([word])
}

fn token(search: &SealingKey, word: &str) -> i64 {
    let mac = search.mac(word.as_bytes());
    let (first, _) = mac.split_first_chunk().unwrap_or((&[0; 8], &[]));
    i64::from_be_bytes(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claire() -> CustomerPersonal {
        CustomerPersonal {
            name: "Claire Gute-Müller".to_owned(),
            email: Some("C.Gute@Example.com".to_owned()),
            phone: Some("(202) 555-0143".to_owned()),
            phone_e164: Some("+12025550143".to_owned()),
            addresses: Vec::new(),
        }
    }

    fn finds(text: &str) -> bool {
        let key = SealingKey::new([1; 32]);
        let known = tokens(&key, &claire());
        let wanted = wanted(&key, text);
        !wanted.is_empty() && wanted.iter().all(|token| known.contains(token))
    }

    #[test]
    fn a_customer_is_found_by_the_beginnings_of_words_in_any_order() {
        for text in [
            "claire",
            "CLAI",
            "cl gu",
            "gute claire",
            "mül",
            "c.gute@example.com",
            "exam",
            "2025550143",
            "202-555-0143",
            "+1 202 555",
            "20255",
        ] {
            assert!(finds(text), "{text}");
        }
        for text in [
            "",
            " - ",
            "laire",
            "claire smith",
            "clairee",
            "143",
            "example.org",
        ] {
            assert!(!finds(text), "{text}");
        }
    }

    #[test]
    fn another_key_gives_other_tokens_and_nothing_shows_in_them() {
        let one = tokens(&SealingKey::new([1; 32]), &claire());
        let other = tokens(&SealingKey::new([2; 32]), &claire());
        assert!(one.iter().all(|token| !other.contains(token)));
        assert!(one.is_sorted());
    }

    #[test]
    fn the_longest_name_has_a_bounded_number_of_tokens() {
        let name = "abcdefghij klmnopqrstuvwxyzabcdefghijkl ".repeat(5);
        let personal = CustomerPersonal { name, ..claire() };
        let most = WORDS_MAX * (PREFIX_CHARS.end() - PREFIX_CHARS.start() + 2);
        assert!(tokens(&SealingKey::new([1; 32]), &personal).len() <= most);
    }
}
