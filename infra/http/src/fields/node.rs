//! One value, read as what it should be.

use std::{collections::BTreeMap, ops::RangeInclusive, str::FromStr};

use serde_json::Value;

use super::{Errors, Fields};

/// One value and where it stands.
#[derive(Clone)]
pub struct Node<'v, 'e> {
    pub(super) value: &'v Value,
    pub(super) pointer: String,
    pub(super) errors: &'e Errors,
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

pub(super) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
