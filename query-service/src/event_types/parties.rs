//! The data of the events of customers and credit accounts.

use orderfold_events::customer::{BlockReason, CustomerStatus, EraseReason};
use serde_json::Value;

use super::shapes::{
    address_members, boolean, currency, id, integer, list, object, or_null, personal, text,
    texts_by_name, words,
};

/// What happened, and the schema of its data; `None` for a type of another aggregate.
pub fn described(event_type: &str) -> Option<(&'static str, Value)> {
    let name = event_type.strip_prefix("orderfold.")?;
    let (description, own) = match name {
        "customer.registered.v1" => (
            "A customer was registered.",
            vec![
                ("reference", or_null(reference())),
                ("language", or_null(text())),
                ("tags", list(text())),
                ("metadata", texts_by_name()),
                ("personal", personal(person())),
            ],
        ),
        "customer.profile_updated.v1" => (
            "The whole profile as it is from now on.",
            vec![
                ("language", or_null(text())),
                ("tags", list(text())),
                ("metadata", texts_by_name()),
                ("personal", personal(person())),
            ],
        ),
        "customer.email_changed.v1" => ("The e-mail address is another one.", whole_person()),
        "customer.address_saved.v1" => ("An address was added or changed.", whole_person()),
        "customer.address_removed.v1" => ("An address was removed.", whole_person()),
        "customer.blocked.v1" => (
            "The customer places no more orders; existing ones go on.",
            vec![("reason", words(BlockReason::ALL))],
        ),
        "customer.unblocked.v1" => ("The customer may place orders again.", Vec::new()),
        "customer.erased.v1" => (
            "From here on nothing personal of the customer is shown or recorded.",
            vec![("reason", words(EraseReason::ALL))],
        ),
        "customer.key_destroyed.v1" => (
            "Nobody can read the customer's personal data any more.",
            Vec::new(),
        ),
        _ => return credit(name),
    };
    let mut members = vec![
        ("customer_id", id()),
        ("status", words(CustomerStatus::ALL)),
    ];
    members.extend(own);
    Some((description, object(members)))
}

fn credit(name: &str) -> Option<(&'static str, Value)> {
    let (description, own) = match name {
        "credit.terms_set.v1" => (
            "The limit and the days until payment is due.",
            vec![("limit", integer()), ("payment_days", integer())],
        ),
        "credit.exposure_changed.v1" => (
            "An order on account binds more or less than before.",
            vec![
                ("order_id", id()),
                ("from", integer()),
                ("to", integer()),
                ("total", integer()),
                ("limit", integer()),
                ("cause", text()),
            ],
        ),
        _ => return None,
    };
    let mut members = vec![("customer_id", id()), ("currency", currency())];
    members.extend(own);
    Some((description, object(members)))
}

fn reference() -> Value {
    object(vec![("channel", text()), ("value", text())])
}

fn whole_person() -> Vec<(&'static str, Value)> {
    vec![("personal", personal(person()))]
}

fn person() -> Value {
    let mut address = address_members();
    address.extend([
        ("label", text()),
        ("default_shipping", boolean()),
        ("default_billing", boolean()),
    ]);
    object(vec![
        ("name", text()),
        ("email", or_null(text())),
        ("phone", or_null(text())),
        ("phone_e164", or_null(text())),
        ("addresses", list(object(address))),
    ])
}
