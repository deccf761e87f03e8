//! A strict reader of JSON: it walks a value once, takes each member by name, collects every fault with its pointer,
//! and refuses what nobody asked for. It works on a value, so on a request's body and on a line of many alike.

use std::{cell::RefCell, collections::BTreeMap, ops::RangeInclusive, str::FromStr};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::problem::Problem;

/// One field at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// JSON pointer into the body; for a parameter `/query/<name>`, for a header `/headers/<name>`.
    pub pointer: String,
    pub code: &'static str,
    pub detail: String,
}

/// No answer lists more faults than this.
const ERRORS_MAX: usize = 100;

/// The faults found so far.
#[derive(Debug, Default)]
pub struct Errors(RefCell<Vec<FieldError>>);

impl Errors {
    pub fn add(&self, pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        let mut errors = self.0.borrow_mut();
        if errors.len() < ERRORS_MAX {
            errors.push(FieldError {
                pointer: pointer.into(),
                code,
                detail: detail.into(),
            });
        }
    }

    /// What was read, when nothing was at fault.
    ///
    /// # Errors
    /// 422 `invalid_fields` with every fault.
    pub fn finish<T>(self, read: Option<T>) -> Result<T, Problem> {
        let errors = self.0.into_inner();
        match read {
            Some(read) if errors.is_empty() => Ok(read),
            Some(_) | None => Err(Problem::invalid_fields(errors)),
        }
    }
}

/// Reads a whole body: an object, by `read`, with nothing left over.
///
/// # Errors
/// 422 `invalid_fields` with every fault.
pub fn read_object<'v, T>(
    value: &'v Value,
    read: impl FnOnce(&mut Fields<'v, '_>) -> Option<T>,
) -> Result<T, Problem> {
    let errors = Errors::default();
    let read = Node {
        value,
        pointer: String::new(),
        errors: &errors,
    }
    .object(read);
    errors.finish(read)
}

/// One value and where it stands.
#[derive(Clone)]
pub struct Node<'v, 'e> {
    value: &'v Value,
    pointer: String,
    errors: &'e Errors,
}

impl<'v, 'e> Node<'v, 'e> {
    #[must_use]
    pub fn value(&self) -> &'v Value {
        self.value
    }

    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Notes a fault of this value; always `None`, so that it can end a reader.
    pub fn fault<T>(&self, code: &'static str, detail: impl Into<String>) -> Option<T> {
        self.errors.add(self.pointer.clone(), code, detail);
        None
    }

    fn wrong_type<T>(&self, expected: &str) -> Option<T> {
        self.fault("wrong_type", format!("must be {expected}"))
    }

    /// An object whose members `read` takes; members that it leaves are faults.
    pub fn object<T>(&self, read: impl FnOnce(&mut Fields<'v, 'e>) -> Option<T>) -> Option<T> {
        let Value::Object(members) = self.value else {
            return self.wrong_type("an object");
        };
        let mut fields = Fields {
            members,
            taken: Vec::new(),
            pointer: self.pointer.clone(),
            errors: self.errors,
        };
        let read = read(&mut fields);
        fields.refuse_rest();
        read
    }

    /// A list of so many items.
    pub fn list<T>(
        &self,
        items: RangeInclusive<usize>,
        read: impl Fn(&Node<'v, 'e>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Value::Array(values) = self.value else {
            return self.wrong_type("a list");
        };
        if !items.contains(&values.len()) {
            let (min, max) = items.into_inner();
            return self.fault(
                "out_of_range",
                format!("must have between {min} and {max} items"),
            );
        }
        // Every item is read, also after a fault, so that all faults are told at once.
        let read: Vec<Option<T>> = values
            .iter()
            .enumerate()
            .map(|(index, value)| {
                let pointer = format!("{}/{index}", self.pointer);
                read(&Node {
                    value,
                    pointer,
                    errors: self.errors,
                })
            })
            .collect();
        read.into_iter().collect()
    }

    /// A text of so many characters, without control characters and not blank.
    pub fn text(&self, chars: RangeInclusive<usize>) -> Option<String> {
        let Value::String(text) = self.value else {
            return self.wrong_type("a string");
        };
        let count = text.chars().count();
        if !chars.contains(&count) {
            let (min, max) = chars.into_inner();
            return self.fault(
                "out_of_range",
                format!("must have between {min} and {max} characters"),
            );
        }
        if text
            .chars()
            .any(|char| char.is_control() && char != '\n' && char != '\t')
        {
            return self.fault("invalid_characters", "must have no control characters");
        }
        if *chars.start() > 0 && text.trim().is_empty() {
            return self.fault("blank", "must not be blank");
        }
        Some(text.clone())
    }

    /// A whole number within a range; `1.0` and `1e3` are none.
    pub fn integer(&self, range: RangeInclusive<i64>) -> Option<i64> {
        let Value::Number(number) = self.value else {
            return self.wrong_type("a whole number");
        };
        match number.as_i64() {
            Some(value) if range.contains(&value) => Some(value),
            None if !number.is_u64() && !beyond_integers(number) => {
                self.wrong_type("a whole number")
            }
            Some(_) | None => {
                let (min, max) = range.into_inner();
                self.fault("out_of_range", format!("must be between {min} and {max}"))
            }
        }
    }

    pub fn boolean(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(*value),
            _ => self.wrong_type("true or false"),
        }
    }

    /// One word of a closed list.
    pub fn word<T: Copy + FromStr + ToString>(&self, all: &[T]) -> Option<T> {
        let Value::String(text) = self.value else {
            return self.wrong_type("a string");
        };
        let known = all.iter().find(|word| word.to_string() == *text).copied();
        known.or_else(|| {
            let words: Vec<String> = all.iter().map(ToString::to_string).collect();
            self.fault(
                "unknown_value",
                format!("must be one of {}", words.join(", ")),
            )
        })
    }

    /// A string in a form of its own, such as an id, a time or a currency.
    pub fn parsed<T: FromStr>(&self, expected: &str) -> Option<T> {
        let Value::String(text) = self.value else {
            return self.wrong_type("a string");
        };
        match text.parse() {
            Ok(value) => Some(value),
            Err(_) => self.fault("invalid_format", format!("must be {expected}")),
        }
    }

    /// An object of string members under free names that `key` accepts.
    pub fn dictionary(
        &self,
        members_max: usize,
        key: impl Fn(&str) -> bool,
        value_chars_max: usize,
    ) -> Option<BTreeMap<String, String>> {
        self.members(members_max, key, |node| node.text(0..=value_chars_max))
    }

    /// A merge patch of such an object: null removes a member.
    pub fn dictionary_patch(
        &self,
        members_max: usize,
        key: impl Fn(&str) -> bool,
        value_chars_max: usize,
    ) -> Option<BTreeMap<String, Option<String>>> {
        self.members(members_max, key, |node| match node.value {
            Value::Null => Some(None),
            _ => node.text(0..=value_chars_max).map(Some),
        })
    }

    fn members<T>(
        &self,
        members_max: usize,
        key: impl Fn(&str) -> bool,
        read: impl Fn(&Self) -> Option<T>,
    ) -> Option<BTreeMap<String, T>> {
        let Value::Object(members) = self.value else {
            return self.wrong_type("an object");
        };
        if members.len() > members_max {
            return self.fault(
                "out_of_range",
                format!("must have at most {members_max} members"),
            );
        }
        let read: Vec<Option<(String, T)>> = members
            .iter()
            .map(|(name, value)| {
                let pointer = format!("{}/{}", self.pointer, escaped(name));
                let node = Node {
                    value,
                    pointer,
                    errors: self.errors,
                };
                if !key(name) {
                    return node.fault(
                        "invalid_key",
                        "the name of a member must match [a-z0-9_-]{1,40}",
                    );
                }
                Some((name.clone(), read(&node)?))
            })
            .collect();
        read.into_iter().collect()
    }
}

/// Integers that no integer type holds arrive as floats without a fraction.
fn beyond_integers(number: &serde_json::Number) -> bool {
    const LARGEST: f64 = 9_007_199_254_740_992.0;
    number.as_f64().is_some_and(|float| float.abs() >= LARGEST)
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The members of an object; those that are not taken are faults.
pub struct Fields<'v, 'e> {
    members: &'v Map<String, Value>,
    taken: Vec<&'static str>,
    pointer: String,
    errors: &'e Errors,
}

impl<'v, 'e> Fields<'v, 'e> {
    fn node(&mut self, name: &'static str) -> Option<Node<'v, 'e>> {
        self.taken.push(name);
        let value = self.members.get(name)?;
        Some(Node {
            value,
            pointer: self.pointer_to(name),
            errors: self.errors,
        })
    }

    /// The pointer of a member, there or not.
    #[must_use]
    pub fn pointer_to(&self, name: &str) -> String {
        format!("{}/{name}", self.pointer)
    }

    /// Notes a fault of a member.
    pub fn fault<T>(&self, name: &str, code: &'static str, detail: impl Into<String>) -> Option<T> {
        self.errors.add(self.pointer_to(name), code, detail);
        None
    }

    /// Whether the member is there and not null.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    /// Whether the member is there, null or not: in a merge patch null says to remove it.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// A member that has to be there.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Node<'v, 'e>) -> Option<T>,
    ) -> Option<T> {
        match self.node(name) {
            Some(node) if !node.value.is_null() => read(&node),
            Some(_) | None => self.fault(name, "required", "must be given"),
        }
    }

    /// A member that may be missing or null. The outer `None` is a fault.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Node<'v, 'e>) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.node(name) {
            Some(node) if !node.value.is_null() => read(&node).map(Some),
            Some(_) | None => Some(None),
        }
    }

    /// A member that has a default when it is missing or null.
    pub fn or_default<T>(
        &mut self,
        name: &'static str,
        default: T,
        read: impl FnOnce(&Node<'v, 'e>) -> Option<T>,
    ) -> Option<T> {
        self.optional(name, read)
            .map(|read| read.unwrap_or(default))
    }

    fn refuse_rest(&self) {
        for name in self
            .members
            .keys()
            .filter(|name| !self.taken.contains(&name.as_str()))
        {
            let pointer = format!("{}/{}", self.pointer, escaped(name));
            self.errors
                .add(pointer, "unknown_member", "is not a member of this object");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(
        value: &Value,
        read: impl FnOnce(&mut Fields<'_, '_>) -> Option<()>,
    ) -> Vec<(String, &'static str)> {
        let errors = Errors::default();
        let _read = Node {
            value,
            pointer: String::new(),
            errors: &errors,
        }
        .object(|fields| read(fields));
        errors
            .0
            .into_inner()
            .into_iter()
            .map(|error| (error.pointer, error.code))
            .collect()
    }

    #[test]
    fn every_fault_is_told_with_its_pointer() {
        let value = json!({"lines": [{"quantity": 0}, {"quantity": "2"}, {"quantity": 3, "a/b": 1}], "x": null});
        let found = faults(&value, |fields| {
            let _lines = fields.required("lines", |node| {
                node.list(1..=5, |node| {
                    node.object(|line| line.required("quantity", |q| q.integer(1..=9)))
                })
            });
            fields.required("name", |node| node.text(1..=5)).map(|_| ())
        });
        let expected = [
            ("/lines/0/quantity", "out_of_range"),
            ("/lines/1/quantity", "wrong_type"),
            ("/lines/2/a~1b", "unknown_member"),
            ("/name", "required"),
            ("/x", "unknown_member"),
        ];
        assert_eq!(
            found,
            expected.map(|(pointer, code)| (pointer.to_owned(), code))
        );
    }

    #[test]
    fn only_whole_numbers_in_range_are_integers() {
        for (number, code) in [
            ("1.0", "wrong_type"),
            ("1e2", "wrong_type"),
            ("-1", "out_of_range"),
            ("11", "out_of_range"),
            ("9223372036854775808", "out_of_range"),
            ("99999999999999999999999999", "out_of_range"),
            ("\"1\"", "wrong_type"),
            ("true", "wrong_type"),
        ] {
            let value: Value = serde_json::from_str(&format!("{{\"n\": {number}}}")).unwrap();
            let found = faults(&value, |fields| {
                fields
                    .required("n", |node| node.integer(0..=10))
                    .map(|_| ())
            });
            assert_eq!(found, [("/n".to_owned(), code)], "{number}");
        }
    }

    #[test]
    fn texts_are_counted_in_characters_and_hold_no_control_characters() {
        for (text, code) in [
            ("", "out_of_range"),
            ("ääääää", "out_of_range"),
            ("a\u{0}b", "invalid_characters"),
            ("  ", "blank"),
        ] {
            let value = json!({"t": text});
            let found = faults(&value, |fields| {
                fields.required("t", |node| node.text(1..=5)).map(|_| ())
            });
            assert_eq!(found, [("/t".to_owned(), code)], "{text:?}");
        }
        let value = json!({"t": "äääää"});
        assert!(
            faults(&value, |fields| fields
                .required("t", |node| node.text(1..=5))
                .map(|_| ()))
            .is_empty()
        );
    }
}
