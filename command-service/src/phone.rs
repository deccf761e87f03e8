//! Phone numbers in E.164, where a number itself or its country tells.

/// The number in E.164, where the number itself or the country tells.
#[must_use]
pub fn e164(phone: &str, country: Option<&str>) -> Option<String> {
    let country = country.and_then(|code| code.parse().ok());
    let number = phonenumber::parse(country, phone)
        .ok()
        .filter(phonenumber::is_valid)?;
    Some(number.format().mode(phonenumber::Mode::E164).to_string())
}

#[cfg(test)]
mod tests {
    use super::e164;

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
