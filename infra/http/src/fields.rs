//! A strict reader of JSON: it walks a value once, takes each member by name, collects every fault with its pointer,
//! and refuses what nobody asked for. It works on a value, so on a request's body and on a line of many alike.

mod members;
mod node;

use std::cell::RefCell;

use serde::Serialize;
use serde_json::Value;

pub use self::{members::Fields, node::Node};
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
