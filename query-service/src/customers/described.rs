//! What the OpenAPI document says of the customer list's filters.

use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterIn},
};

use crate::http::{
    described::{one, several, text},
    schemas,
};

/// The filters of the customer list.
pub struct CustomerListParameters;

impl IntoParams for CustomerListParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let words = "Any of these, joined by commas.";
        vec![
            one(
                "q",
                "Whole words, in any case, that all have to be found: of the key in another system.",
                text(),
            ),
            several("status", words, schemas::customer_status()),
            several("tag", words, text()),
            several(
                "reference",
                "Keys in other systems, in any channel; any of these.",
                text(),
            ),
        ]
    }
}
