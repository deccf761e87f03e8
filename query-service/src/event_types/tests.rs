//! The schemas say of every event what is in it, and nothing else.

use std::{collections::BTreeSet, fs, path::Path};

use orderfold_events::{credit, customer, order};
use serde_json::{Map, Value};

use super::*;

/// Why a value is not what a schema says; members that the schema does not name are a reason too.
fn fault(schema: &Value, value: &Value) -> Option<String> {
    if let Some(either) = schema.get("anyOf").and_then(Value::as_array)
        && schema.get("properties").is_none()
    {
        let faults: Option<Vec<String>> = either.iter().map(|it| fault(it, value)).collect();
        return faults.map(|faults| faults.join(", or "));
    }
    let fits = match schema.get("type").and_then(Value::as_str) {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("array") => {
            let items = value.as_array()?;
            return items.iter().find_map(|item| fault(&schema["items"], item));
        }
        Some("object") => return fault_of_object(schema, value),
        _ => false,
    };
    let words = schema.get("enum").and_then(Value::as_array);
    let known = words.is_none_or(|words| words.contains(value));
    (!fits || !known).then(|| format!("{value} is not {schema}"))
}

fn fault_of_object(schema: &Value, value: &Value) -> Option<String> {
    let Some(members) = value.as_object() else {
        return Some(format!("{value} is no object"));
    };
    // Without named members any will do.
    let mut properties = schema.get("properties")?.as_object()?.clone();
    for alternative in schema
        .get("anyOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let alternative = alternative["properties"].as_object()?;
        let there = alternative.keys().all(|name| members.contains_key(name));
        if there {
            properties.extend(alternative.clone());
        }
    }
    names_differ(&properties, members).or_else(|| {
        members
            .iter()
            .find_map(|(name, member)| fault(&properties[name], member))
    })
}

fn names_differ(properties: &Map<String, Value>, members: &Map<String, Value>) -> Option<String> {
    let said: BTreeSet<_> = properties.keys().collect();
    let there: BTreeSet<_> = members.keys().collect();
    let difference: Vec<_> = said.symmetric_difference(&there).collect();
    (!difference.is_empty()).then(|| format!("members differ: {difference:?}"))
}

#[test]
fn every_event_type_is_in_the_catalogue() {
    let known: Vec<_> = catalogue().into_iter().map(|it| it.r#type).collect();
    let all = [
        customer::EVENT_TYPES,
        credit::EVENT_TYPES,
        order::EVENT_TYPES,
    ]
    .concat();
    assert_eq!(known, all);
}

#[test]
fn every_published_event_is_what_its_schema_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared-events/golden/events");
    let catalogue = catalogue();
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let data: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        // A type may have several files, one for each form that was published.
        let Some(event) = catalogue.iter().find(|it| name.starts_with(it.r#type)) else {
            panic!("{name} is of no known type");
        };
        let schema = Value::Object(event.schema.clone());
        assert_eq!(fault(&schema, &data), None, "{name}");
        seen += 1;
    }
    assert!(seen > 5);
}

#[test]
fn a_schema_notices_what_is_missing_and_what_is_wrong() {
    let catalogue = catalogue();
    let schema = |name: &str| {
        let event = catalogue.iter().find(|it| it.r#type.ends_with(name));
        Value::Object(event.unwrap().schema.clone())
    };
    let blocked = serde_json::json!({
        "customer_id": "0199d3c4-7f00-73c6-869a-45b14da4f9fc", "status": "blocked", "reason": "fraud"
    });
    assert_eq!(fault(&schema("customer.blocked.v1"), &blocked), None);
    for (member, wrong) in [("reason", "bored".into()), ("status", Value::Null)] {
        let mut event = blocked.clone();
        event[member] = wrong;
        assert!(
            fault(&schema("customer.blocked.v1"), &event).is_some(),
            "{member}"
        );
    }
    assert!(fault(&schema("customer.unblocked.v1"), &blocked).is_some());
}
