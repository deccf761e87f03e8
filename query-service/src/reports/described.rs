//! What the OpenAPI document says of the parameters of reports.

use utoipa::{
    IntoParams,
    openapi::{
        Object, ObjectBuilder,
        path::{Parameter, ParameterIn},
        schema::{KnownFormat, SchemaFormat, Type},
    },
};

use super::{question::Compare, ranking::RankedBy};
use crate::http::{
    described::{needed, one, several, text},
    schemas,
};

const CURRENCY: &str = "Money never adds up across currencies.";

/// The parameters of the sales report.
pub struct SalesParameters;

impl IntoParams for SalesParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let bound = "an instant (RFC 3339) on a quarter of an hour, or a date that means its start in `tz`.";
        let compare = Compare::ALL.iter().map(|compare| compare.as_str());
        vec![
            needed(
                "from",
                &format!("First instant in, not before 1972: {bound}"),
                text(),
            ),
            needed("to", &format!("First instant out: {bound}"), text()),
            needed(
                "interval",
                "At most 400 of them; weeks start on Monday.",
                schemas::interval(),
            ),
            needed("currency", CURRENCY, schemas::currency()),
            one(
                "tz",
                "The time zone of the report (IANA); UTC unless given.",
                text(),
            ),
            several(
                "channel",
                "Any of these, joined by commas; all unless given.",
                text(),
            ),
            one(
                "compare",
                "The same number of intervals before, or the same range a year before.",
                schemas::words(compare),
            ),
        ]
    }
}

/// The parameters of rankings.
pub struct RankingParameters;

impl IntoParams for RankingParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let by = RankedBy::ALL.iter().map(|by| by.as_str());
        vec![
            needed(
                "from",
                "First day in, of the store's reporting zone.",
                day(),
            ),
            needed("to", "First day out; at most 3700 days after.", day()),
            needed("currency", CURRENCY, schemas::currency()),
            one(
                "by",
                "What the first have most of; `net_sales` unless given.",
                schemas::words(by),
            ),
            rows("Rows, 50 unless given."),
        ]
    }
}

/// The parameters of the receivables.
pub struct CurrencyParameters;

impl IntoParams for CurrencyParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            needed("currency", CURRENCY, schemas::currency()),
            rows("Customers, 50 unless given."),
        ]
    }
}

/// The parameters of the work queue.
pub struct WorkQueueParameters;

impl IntoParams for WorkQueueParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let stages = "Any of these, joined by commas; all unless given.";
        vec![
            several("stage", stages, schemas::stage()),
            rows("Orders of each stage, 10 unless given."),
        ]
    }
}

fn day() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
        .build()
}

fn rows(description: &str) -> Parameter {
    let count = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(200))
        .build();
    one("limit", description, count)
}
