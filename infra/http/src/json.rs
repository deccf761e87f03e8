//! JSON as it comes from outside: parsed once into a value, and refused when a member stands in an object twice, at
//! any depth, because two readers of such a body may disagree on what it says.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::{catalogue, problem::Problem};

/// Parses a body.
///
/// # Errors
/// 400 `invalid_body`.
pub fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    Checked
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        // The parser's message names the place, and of the content no more than a member's name.
        .map_err(|error| Problem::from(catalogue::INVALID_BODY).detail(error.to_string()))
}

struct Checked;

impl<'de> DeserializeSeed<'de> for Checked {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom("a member stands in an object twice"));
            }
            object.insert(name, members.next_value_seed(Self)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_one_json_value_without_duplicate_members() {
        assert!(parse(br#"{"a": [1, {"b": null}], "c": "x"}"#).is_ok());
        for bad in [
            "",
            "{",
            "{} {}",
            r#"{"a": 1, "a": 1}"#,
            r#"[{"x": {"deep": 1, "deep": 2}}]"#,
            r#"{"a": "\ud800"}"#,
            r#"{"a": 1e999}"#,
            "nul",
        ] {
            assert_eq!(
                parse(bad.as_bytes()).unwrap_err().code().code,
                "invalid_body",
                "{bad}"
            );
        }
        assert!(parse(b"\"\xff\"").is_err());
        assert!(
            parse("[".repeat(100_000).as_bytes()).is_err(),
            "nesting has a bound"
        );
    }
}
