//! Every event type with what it says.

use orderfold_events::{credit, customer, order};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{orders, parties};

/// The dialect of the schemas.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// One type of event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventType {
    /// Such as `orderfold.order.placed.v1`.
    pub r#type: &'static str,
    /// The aggregate whose streams have such events: `customer`, `credit` or `order`.
    pub aggregate: &'static str,
    pub description: &'static str,
    /// JSON Schema (2020-12) of the event's data. Members that it does not name have to be ignored.
    #[schema(value_type = Object)]
    pub schema: Map<String, Value>,
}

/// All types, aggregate by aggregate.
#[must_use]
pub fn catalogue() -> Vec<EventType> {
    let customers = customer::EVENT_TYPES.iter().map(|it| ("customer", *it));
    let credits = credit::EVENT_TYPES.iter().map(|it| ("credit", *it));
    let orders = order::EVENT_TYPES.iter().map(|it| ("order", *it));
    customers
        .chain(credits)
        .chain(orders)
        .filter_map(|(aggregate, event_type)| described(aggregate, event_type))
        .collect()
}

fn described(aggregate: &'static str, event_type: &'static str) -> Option<EventType> {
    let described = orders::described(event_type).or_else(|| parties::described(event_type));
    let (description, schema) = described?;
    let Value::Object(mut schema) = schema else {
        return None;
    };
    schema.insert("$schema".to_owned(), DIALECT.into());
    Some(EventType {
        r#type: event_type,
        aggregate,
        description,
        schema,
    })
}
