//! Parameters of the query string, read as strictly as bodies: each at most once, and none that nobody asked for.

use std::collections::BTreeMap;

use crate::{fields::Errors, problem::Problem};

/// The parameters of one request; those that are not taken are faults.
#[derive(Debug)]
pub struct Parameters {
    given: BTreeMap<String, String>,
    errors: Errors,
}

/// No parameter is longer than this.
const VALUE_CHARS_MAX: usize = 4_000;

impl Parameters {
    /// Reads a query string, percent-encoded or with `+` for a space.
    #[must_use]
    pub fn read(query: Option<&str>) -> Self {
        let errors = Errors::default();
        let mut given = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if value.chars().count() > VALUE_CHARS_MAX {
                errors.add(
                    pointer(&name),
                    "out_of_range",
                    format!("must have at most {VALUE_CHARS_MAX} characters"),
                );
            } else if value.chars().any(char::is_control) {
                errors.add(
                    pointer(&name),
                    "invalid_characters",
                    "must have no control characters",
                );
            }
            if given
                .insert(name.clone().into_owned(), value.into_owned())
                .is_some()
            {
                errors.add(pointer(&name), "duplicate", "must be given once");
            }
        }
        Self { given, errors }
    }

    /// Whether a parameter is there that was not taken yet.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// Takes a parameter as it is.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.given.remove(name)
    }

    /// Takes a parameter and parses it; a value that `parse` refuses is a fault that says what was expected.
    pub fn parsed<T>(
        &mut self,
        name: &str,
        expected: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(name)?;
        let parsed = parse(&value);
        if parsed.is_none() {
            self.fault(name, "invalid_format", format!("must be {expected}"));
        }
        parsed
    }

    /// Notes a fault of a parameter.
    pub fn fault(&self, name: &str, code: &'static str, detail: impl Into<String>) {
        self.errors.add(pointer(name), code, detail);
    }

    /// What was read, when nothing was at fault and nothing is left.
    ///
    /// # Errors
    /// 422 `invalid_fields` with every fault.
    pub fn finish<T>(self, read: T) -> Result<T, Problem> {
        for name in self.given.keys() {
            self.errors.add(
                pointer(name),
                "unknown_parameter",
                "is not a parameter of this operation",
            );
        }
        self.errors.finish(Some(read))
    }
}

fn pointer(name: &str) -> String {
    format!("/query/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_repeated_and_wrong_parameters_are_all_told() {
        let mut parameters = Parameters::read(Some("limit=x&a=1&a=2&b%5B%24ne%5D=1"));
        let limit = parameters.parsed("limit", "a whole number", |text| text.parse::<u8>().ok());
        parameters.take("a");
        let problem = parameters.finish(limit).unwrap_err();
        let document = problem.document("/v1/orders", &crate::RequestContext::new(None, None));
        let found: Vec<_> = document["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| {
                (
                    error["pointer"].as_str().unwrap(),
                    error["code"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                ("/query/a", "duplicate"),
                ("/query/limit", "invalid_format"),
                ("/query/b[$ne]", "unknown_parameter")
            ]
        );
    }
}
