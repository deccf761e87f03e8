//! What the OpenAPI document says of the parameters of reports.

use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterIn},
};

use super::question::Compare;
use crate::http::{
    described::{needed, one, several, text},
    schemas,
};

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
            needed(
                "currency",
                "Money never adds up across currencies.",
                schemas::currency(),
            ),
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
