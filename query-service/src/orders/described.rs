//! What the OpenAPI document says of the order list's filters.

use utoipa::{
    IntoParams,
    openapi::path::{Parameter, ParameterIn},
};

use super::filter::OrderSort;
use crate::http::{
    described::{one, several, text},
    schemas,
};

/// The filters and sorts of the order list.
pub struct OrderListParameters;

impl IntoParams for OrderListParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let words = "Any of these, joined by commas.";
        let bound = "an instant (RFC 3339), or a date that means its start in `tz`.";
        let sorts = OrderSort::ALL.iter().map(|sort| sort.as_str());
        vec![
            several("lifecycle", words, schemas::lifecycle()),
            several("payment_status", words, schemas::payment_status()),
            several("fulfilment_status", words, schemas::fulfilment_status()),
            several("channel", words, text()),
            several("currency", words, schemas::currency()),
            several("customer_id", words, schemas::uuid()),
            several(
                "reference",
                "The orders' own references, any of these.",
                text(),
            ),
            one("placed_from", &format!("First instant in: {bound}"), text()),
            one("placed_to", &format!("First instant out: {bound}"), text()),
            one(
                "tz",
                "The time zone that dates mean; UTC unless given.",
                text(),
            ),
            one("sort", "Newest first unless given.", schemas::words(sorts)),
        ]
    }
}
