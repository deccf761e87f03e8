//! The data of the events of orders: the order after the event, what the event changed, and the fact itself.

use orderfold_events::order::{
    AdjustmentKind, AmendReason, CancelReason, FulfilmentStatus, HoldReason, Lifecycle,
    PaymentMethod, PaymentStatus, RefundReason, ReturnCondition, ReturnReason, Terms,
};
use serde_json::{Value, json};

use super::shapes::{
    address_members, boolean, currency, day, id, instant, integer, list, note, object, or_null,
    personal, tax_rate, text, texts_by_name, words,
};

type Members = Vec<(&'static str, Value)>;

/// What happened, and the schema of its data; `None` for a type of another aggregate.
pub fn described(event_type: &str) -> Option<(&'static str, Value)> {
    let name = event_type.strip_prefix("orderfold.order.")?;
    let (description, own) = agreed(name).or_else(|| happened(name))?;
    let mut members = summary();
    members.extend(own);
    Some((description, object(members)))
}

/// What was agreed: drafts, placing, amendments, holds and details.
fn agreed(name: &str) -> Option<(&'static str, Members)> {
    Some(match name {
        "drafted.v1" => ("A draft was started.", draft()),
        "draft_changed.v1" => ("The whole draft as it is from now on.", draft()),
        "discarded.v1" => ("A draft was given up.", Vec::new()),
        "placed.v1" => ("The whole order as it was accepted.", content()),
        "confirmed.v1" => ("The order is taken on.", Vec::new()),
        "held.v1" => (
            "Nothing is shipped while a hold is open.",
            vec![
                ("hold", integer()),
                ("reason", words(HoldReason::ALL)),
                ("personal", note()),
            ],
        ),
        "released.v1" => (
            "Holds were closed.",
            vec![("holds", list(integer())), ("personal", note())],
        ),
        "amended.v1" => (
            "What was agreed after placing: lines as they are ordered from now on, units that were cancelled.",
            vec![
                ("reason", words(AmendReason::ALL)),
                ("lines", list(line())),
                ("cancelled", list(units())),
                ("adjustments", list(adjustment())),
                ("personal", personal(object(addresses()))),
            ],
        ),
        "details_updated.v1" => (
            "All details as they are from now on.",
            vec![
                ("reference", or_null(text())),
                ("customer_reference", or_null(text())),
                ("tags", list(text())),
                ("metadata", texts_by_name()),
            ],
        ),
        "note_added.v1" => ("A note.", vec![("personal", note())]),
        _ => return None,
    })
}

/// What happened to units and money.
fn happened(name: &str) -> Option<(&'static str, Members)> {
    Some(match name {
        "items_cancelled.v1" => (
            "Some units will not be shipped; others stay.",
            vec![
                ("reason", words(CancelReason::ALL)),
                ("lines", list(units())),
                ("adjustments", list(adjustment())),
                ("personal", note()),
            ],
        ),
        "cancelled.v1" => (
            "The last unit of the order was cancelled; all adjustments are void.",
            vec![
                ("reason", words(CancelReason::ALL)),
                ("lines", list(units())),
                ("personal", note()),
            ],
        ),
        "payment_recorded.v1" => (
            "Money was received.",
            fact(vec![
                ("amount", integer()),
                ("method", words(PaymentMethod::ALL)),
            ]),
        ),
        "refund_recorded.v1" => (
            "Money was given back.",
            fact(vec![
                ("amount", integer()),
                ("reason", words(RefundReason::ALL)),
                ("payment", or_null(text())),
                ("return", or_null(text())),
                ("adjustments", list(adjustment())),
            ]),
        ),
        "shipment_recorded.v1" => (
            "Units were sent off.",
            fact(vec![
                ("carrier", or_null(text())),
                ("tracking_number", or_null(text())),
                ("lines", list(units())),
            ]),
        ),
        "delivery_recorded.v1" => (
            "Units arrived.",
            fact(vec![
                ("shipment", or_null(text())),
                ("lines", list(units())),
            ]),
        ),
        "return_recorded.v1" => ("Units came back.", fact(returned())),
        "completed.v1" => (
            "All has arrived or come back, and nothing is owed.",
            Vec::new(),
        ),
        _ => return None,
    })
}

/// The order after the event, and what the event changed of it.
fn summary() -> Members {
    let line = object(vec![
        ("line", integer()),
        ("sku", text()),
        ("units", integer()),
        ("net", integer()),
        ("tax", integer()),
    ]);
    let mut change = figures();
    change.push(("lines", list(line)));
    vec![
        ("order_id", id()),
        ("customer_id", id()),
        ("channel", text()),
        ("currency", currency()),
        ("terms", words(Terms::ALL)),
        ("number", or_null(text())),
        ("placed_at", or_null(instant())),
        ("lifecycle", words(Lifecycle::ALL)),
        ("payment_status", words(PaymentStatus::ALL)),
        ("fulfilment_status", words(FulfilmentStatus::ALL)),
        ("on_hold", boolean()),
        ("totals", object(figures())),
        ("change", object(change)),
    ]
}

fn figures() -> Members {
    [
        "units",
        "gross_sales",
        "discounts",
        "cancellations",
        "returns",
        "net_sales",
        "adjustments",
        "taxes",
        "total_sales",
        "payments",
        "refunds",
        "balance",
    ]
    .map(|figure| (figure, integer()))
    .into()
}

fn content() -> Members {
    let contact = ["name", "email", "phone", "phone_e164"].map(|name| (name, or_null(text())));
    let mut parties = addresses();
    parties.push(("contact", or_null(object(contact.into()))));
    vec![
        ("prices_include_tax", boolean()),
        ("digital", boolean()),
        ("due_on", or_null(day())),
        ("reference", or_null(text())),
        ("customer_reference", or_null(text())),
        ("tags", list(text())),
        ("metadata", texts_by_name()),
        ("lines", list(line())),
        ("adjustments", list(adjustment())),
        ("personal", personal(object(parties))),
    ]
}

fn draft() -> Members {
    let mut members = content();
    members.push(("preview", object(figures())));
    members
}

fn addresses() -> Members {
    let address = || or_null(object(address_members()));
    vec![("ship_to", address()), ("bill_to", address())]
}

/// A line: its tax is known by rate, or as an amount for the whole line.
fn line() -> Value {
    let mut line = object(vec![
        ("line", integer()),
        ("sku", text()),
        ("name", text()),
        ("category", or_null(text())),
        ("reference", or_null(text())),
        ("quantity", integer()),
        ("unit_price", integer()),
        ("discount", integer()),
        ("metadata", texts_by_name()),
    ]);
    line["anyOf"] = json!([
        object(vec![("tax_rate", tax_rate())]),
        object(vec![("tax", integer())]),
    ]);
    line
}

fn adjustment() -> Value {
    object(vec![
        ("number", integer()),
        ("kind", words(AdjustmentKind::ALL)),
        ("label", or_null(text())),
        ("amount", integer()),
        ("tax_rate", tax_rate()),
        ("net", integer()),
        ("tax", integer()),
    ])
}

fn units() -> Value {
    object(vec![("line", integer()), ("quantity", integer())])
}

fn returned() -> Members {
    let units = object(vec![
        ("line", integer()),
        ("quantity", integer()),
        ("undelivered", integer()),
    ]);
    vec![
        ("shipment", or_null(text())),
        ("reason", words(ReturnReason::ALL)),
        ("condition", or_null(words(ReturnCondition::ALL))),
        ("undelivered", boolean()),
        ("lines", list(units)),
        ("adjustments", list(adjustment())),
    ]
}

/// What callers record once under a reference; `content` tells a repetition from another fact.
fn fact(own: Members) -> Members {
    let mut members = vec![("reference", text()), ("content", text())];
    members.extend(own);
    members
}
