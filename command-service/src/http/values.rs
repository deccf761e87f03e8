//! Readers of values that several bodies hold, each with its limits.

use std::collections::{BTreeMap, BTreeSet};

use email_address::EmailAddress;
use orderfold_events::{
    Timestamp,
    order::LineQuantity,
    personal::{Address, Contact},
};
use orderfold_http::{Fields, Node};

pub const CODE_CHARS_MAX: usize = 64;
pub const NAME_CHARS_MAX: usize = 200;
pub const NOTE_CHARS_MAX: usize = 2_000;
const EMAIL_CHARS_MAX: usize = 254;
const PHONE_CHARS_MAX: usize = 40;
const TAGS_MAX: usize = 20;
const METADATA_MAX: usize = 50;
const METADATA_KEY_CHARS_MAX: usize = 40;
const METADATA_VALUE_CHARS_MAX: usize = 500;

/// A SKU, reference, channel, tag or label.
pub fn code(node: &Node<'_, '_>) -> Option<String> {
    node.text(1..=CODE_CHARS_MAX)
}

/// A name of a person, a thing or a street.
pub fn name(node: &Node<'_, '_>) -> Option<String> {
    node.text(1..=NAME_CHARS_MAX)
}

pub fn note(node: &Node<'_, '_>) -> Option<String> {
    node.text(1..=NOTE_CHARS_MAX)
}

/// A time that is not in the future.
pub fn past(node: &Node<'_, '_>, now: Timestamp) -> Option<Timestamp> {
    let time: Timestamp = node
        .clone()
        .parsed("a time such as 2017-11-08T00:00:00.000Z")?;
    if time > now {
        return node.fault("in_the_future", "must not be in the future");
    }
    Some(time)
}

pub fn tags(node: &Node<'_, '_>) -> Option<Vec<String>> {
    let tags = node.list(0..=TAGS_MAX, code)?;
    let distinct: BTreeSet<_> = tags.iter().collect();
    if distinct.len() < tags.len() {
        return node.fault("duplicate", "must not name a tag twice");
    }
    Some(tags)
}

pub fn metadata(node: &Node<'_, '_>) -> Option<BTreeMap<String, String>> {
    node.dictionary(METADATA_MAX, metadata_key, METADATA_VALUE_CHARS_MAX)
}

/// A merge patch of metadata: null removes a member.
pub fn metadata_patch(node: &Node<'_, '_>) -> Option<BTreeMap<String, Option<String>>> {
    node.dictionary_patch(METADATA_MAX, metadata_key, METADATA_VALUE_CHARS_MAX)
}

fn metadata_key(name: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    (1..=METADATA_KEY_CHARS_MAX).contains(&name.len()) && name.bytes().all(allowed)
}

pub fn email(node: &Node<'_, '_>) -> Option<String> {
    let text = node.text(3..=EMAIL_CHARS_MAX)?;
    if EmailAddress::is_valid(&text) && !text.contains(['<', ' ', '"']) {
        return Some(text);
    }
    node.fault("invalid_format", "must be an e-mail address")
}

/// A phone number is kept as it was given.
pub fn phone(node: &Node<'_, '_>) -> Option<String> {
    node.text(1..=PHONE_CHARS_MAX)
}

/// The number in E.164, where the number itself or the country tells.
#[must_use]
pub fn e164(phone: &str, country: Option<&str>) -> Option<String> {
    let country = country.and_then(|code| code.parse().ok());
    let number = phonenumber::parse(country, phone)
        .ok()
        .filter(phonenumber::is_valid)?;
    Some(number.format().mode(phonenumber::Mode::E164).to_string())
}

fn country(node: &Node<'_, '_>) -> Option<String> {
    let code = node.text(2..=2)?;
    match rust_iso3166::from_alpha2(&code) {
        Some(known) if known.alpha2 == code => Some(code),
        Some(_) | None => node.fault("unknown_value", "must be a country of ISO 3166-1 alpha-2"),
    }
}

/// The members of an address, in whatever object they stand.
pub fn address(fields: &mut Fields<'_, '_>) -> Option<Address> {
    let addressee = fields.optional("name", name);
    let company = fields.optional("company", name);
    let line1 = fields.optional("line1", name);
    let line2 = fields.optional("line2", name);
    let city = fields.optional("city", name);
    let region = fields.optional("region", name);
    let postal_code = fields.optional("postal_code", code);
    let country = fields.required("country", country);
    let phone = fields.optional("phone", phone);
    let tax_id = fields.optional("tax_id", code);
    if !fields.has("line1") && !fields.has("city") {
        return fields.fault("line1", "required", "one of line1 and city must be given");
    }
    let country = country?;
    let phone = phone?;
    Some(Address {
        name: addressee?,
        company: company?,
        line1: line1?,
        line2: line2?,
        city: city?,
        region: region?,
        postal_code: postal_code?,
        phone_e164: phone
            .as_deref()
            .and_then(|phone| e164(phone, Some(&country))),
        country,
        phone,
        tax_id: tax_id?,
    })
}

pub fn contact(node: &Node<'_, '_>) -> Option<Contact> {
    node.object(|fields| {
        let person = fields.optional("name", name);
        let email = fields.optional("email", email);
        let phone = fields.optional("phone", phone);
        let phone = phone?;
        Some(Contact {
            name: person?,
            email: email?,
            phone_e164: phone.as_deref().and_then(|phone| e164(phone, None)),
            phone,
        })
    })
}

/// A line of an order and how many of its units.
pub fn line_quantity(node: &Node<'_, '_>) -> Option<LineQuantity> {
    node.object(|fields| {
        let line = fields.required("line", |node| node.integer(1..=i64::from(u32::MAX)));
        let quantity = fields.required("quantity", |node| node.integer(1..=1_000_000));
        let line = line.and_then(|line| u32::try_from(line).ok());
        Some(LineQuantity {
            line: line?,
            quantity: quantity?,
        })
    })
}

/// A language tag such as `en-US`.
pub fn language(node: &Node<'_, '_>) -> Option<String> {
    const CHARS_MAX: usize = 35;
    let tag = node.text(2..=CHARS_MAX)?;
    let mut parts = tag.split('-');
    let primary = parts.next().unwrap_or_default();
    let sane = (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
    if sane {
        Some(tag)
    } else {
        node.fault("invalid_format", "must be a language tag of BCP 47")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_is_told_by_its_country_or_by_itself() {
        assert_eq!(
            e164("030-0074321", Some("DE")),
            Some("+49300074321".to_owned())
        );
        assert_eq!(e164("+12025550143", None), Some("+12025550143".to_owned()));
        assert_eq!(e164("030-0074321", None), None);
        assert_eq!(e164("call me", Some("DE")), None);
    }
}
