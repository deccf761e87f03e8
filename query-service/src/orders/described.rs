//! What the OpenAPI document says of the order list's filters.

use utoipa::{
    IntoParams,
    openapi::{
        ObjectBuilder,
        path::{Parameter, ParameterIn},
        schema::{KnownFormat, SchemaFormat, Type},
    },
};

use super::filter::OrderSort;
use crate::http::{
    described::{one, several, text},
    schemas,
};

const ANY: &str = "Any of these, joined by commas.";

/// The filters of the order list, of its facets and of its export.
pub struct OrderFilterParameters;

/// The sorts of the order list and of its export.
pub struct OrderSortParameter;

/// Which past state of an order is asked for.
pub struct MomentParameters;

impl IntoParams for OrderFilterParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let drafts =
            "Any of these, joined by commas; without it all but drafts and discarded ones.";
        let ids = "Ids or numbers; any of these, joined by commas.";
        let q = "Whole words, in any case, that all have to be found: of the number, the references, the tracking \
                 numbers and the SKUs of the order, or of its customer.";
        let mut all = vec![
            one("q", q, text()),
            several("ids", ids, text()),
            several("lifecycle", drafts, schemas::lifecycle()),
            several("payment_status", ANY, schemas::payment_status()),
            several("fulfilment_status", ANY, schemas::fulfilment_status()),
            flag("on_hold", "Whether a hold is open."),
            flag(
                "to_ship",
                "Whether units are open and nothing stands in their way.",
            ),
            flag("refund_due", "Whether more was paid than is owed."),
            several("channel", ANY, text()),
            several("currency", ANY, schemas::currency()),
            several("terms", ANY, schemas::terms()),
            several("customer_id", ANY, schemas::uuid()),
        ];
        all.extend(ranges());
        all.extend(texts());
        all
    }
}

fn ranges() -> [Parameter; 8] {
    let bound = "an instant (RFC 3339), or a date that means its start in `tz`.";
    let first = |what: &str| format!("{what}: {bound}");
    let amount = "Minor units of `currency`, which must then be one.";
    [
        one("placed_from", &first("First instant in"), text()),
        one("placed_to", &first("First instant out"), text()),
        one(
            "updated_from",
            &first("First instant of recording in"),
            text(),
        ),
        one(
            "updated_to",
            &first("First instant of recording out"),
            text(),
        ),
        one("due_before", "First due date out.", date()),
        one("total_min", amount, integer()),
        one("total_max", amount, integer()),
        one(
            "tz",
            "The time zone that dates mean; UTC unless given.",
            text(),
        ),
    ]
}

fn texts() -> [Parameter; 6] {
    [
        several("sku", ANY, text()),
        several("tag", ANY, text()),
        several(
            "reference",
            "The orders' own references, any of these.",
            text(),
        ),
        several("customer_reference", ANY, text()),
        several("payment_reference", ANY, text()),
        several("tracking_number", ANY, text()),
    ]
}

impl IntoParams for OrderSortParameter {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let sorts = OrderSort::ALL.iter().map(|sort| sort.as_str());
        let description = "Newest first unless given. `total_sales` needs one `currency`.";
        vec![one("sort", description, schemas::words(sorts))]
    }
}

impl IntoParams for MomentParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let at = "The order as at this instant (RFC 3339): the longest run of versions from the first whose events \
                  all occurred by then.";
        vec![
            one(
                "version",
                "The order after the event of this version.",
                schemas::version(),
            ),
            one("at", at, schemas::instant()),
        ]
    }
}

fn flag(name: &str, description: &str) -> Parameter {
    one(
        name,
        description,
        ObjectBuilder::new().schema_type(Type::Boolean).build(),
    )
}

fn integer() -> utoipa::openapi::Object {
    ObjectBuilder::new().schema_type(Type::Integer).build()
}

fn date() -> utoipa::openapi::Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
        .build()
}
