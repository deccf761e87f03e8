//! The shapes that the data of several event types share, as JSON Schema. A reader has to ignore members that it does
//! not know: later releases may add some.

use serde_json::{Map, Value, json};

/// An object with all of these members.
pub fn object(members: Vec<(&str, Value)>) -> Value {
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    let required = json!(required);
    let properties: Map<String, Value> = members
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect();
    json!({"type": "object", "properties": properties, "required": required})
}

pub fn text() -> Value {
    json!({"type": "string"})
}

pub fn boolean() -> Value {
    json!({"type": "boolean"})
}

/// A count, or an amount in minor units of the event's currency.
pub fn integer() -> Value {
    json!({"type": "integer"})
}

pub fn id() -> Value {
    json!({"type": "string", "format": "uuid"})
}

pub fn instant() -> Value {
    json!({"type": "string", "format": "date-time"})
}

pub fn day() -> Value {
    json!({"type": "string", "format": "date"})
}

pub fn currency() -> Value {
    json!({"type": "string", "pattern": "^[A-Z]{3}$"})
}

/// A decimal of at most six places.
pub fn tax_rate() -> Value {
    json!({"type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,6})?$"})
}

/// The words of a closed list.
pub fn words<T: ToString>(all: &[T]) -> Value {
    let words: Vec<String> = all.iter().map(ToString::to_string).collect();
    json!({"type": "string", "enum": words})
}

/// Or null.
pub fn or_null(schema: Value) -> Value {
    json!({"anyOf": Value::Array(vec![schema, json!({"type": "null"})])})
}

pub fn list(items: Value) -> Value {
    let mut list = json!({"type": "array"});
    list["items"] = items;
    list
}

/// An object whose members are all texts.
pub fn texts_by_name() -> Value {
    json!({"type": "object", "additionalProperties": {"type": "string"}})
}

/// What can identify a person, readable or sealed with the customer's own key.
pub fn personal(plain: Value) -> Value {
    let plain = object(vec![("plain", plain)]);
    let sealed = object(vec![("key", text()), ("nonce", text()), ("sealed", text())]);
    json!({"anyOf": [plain, sealed]})
}

pub fn note() -> Value {
    personal(object(vec![("note", or_null(text()))]))
}

/// The members of a postal address.
pub fn address_members() -> Vec<(&'static str, Value)> {
    let optional = [
        "name",
        "company",
        "line1",
        "line2",
        "city",
        "region",
        "postal_code",
        "phone",
        "phone_e164",
        "tax_id",
    ];
    let mut members: Vec<(&str, Value)> = optional
        .into_iter()
        .map(|name| (name, or_null(text())))
        .collect();
    members.push(("country", text()));
    members
}
