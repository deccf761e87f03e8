//! Merge patches of an order: of a draft as a whole, or of the details of what was placed. Lines, adjustments, tags,
//! addresses and the contact are values of their own and replaced as a whole.

use std::collections::BTreeMap;

use orderfold_events::{Currency, order::Terms};
use orderfold_http::{Fields, Node, Problem, auth::Access, fields};
use serde_json::Value;

use super::{
    Read, adjustments,
    place::{destination, due_on, line},
};
use crate::{
    execution::{Call, Secrets},
    http::values,
    orders::{
        addresses::Destination,
        commands::OrderRequest,
        domain::{ChangeDraft, DetailsPatch, OrderCommand, Patch, limits::LINES_MAX},
    },
};

const DETAILS: [&str; 4] = ["reference", "customer_reference", "tags", "metadata"];

/// Details are written by whoever writes orders; anything else of a draft may set prices.
pub(in crate::orders) fn patch_access(body: &Value) -> Access {
    if names_details_alone(body) {
        Access::scope("orders:write")
    } else {
        Access::scope("orders:place")
    }
}

fn names_details_alone(body: &Value) -> bool {
    body.as_object()
        .is_none_or(|members| members.keys().all(|name| DETAILS.contains(&name.as_str())))
}

/// A patch of details where it names nothing else, else one of a draft.
pub(in crate::orders) fn patch(call: &Call, secrets: &Secrets, body: &Value) -> Read {
    if !names_details_alone(body) {
        return change_draft(call, secrets, body);
    }
    let details = fields::read_object(body, |fields| details(fields, body))?;
    refuse_empty(body)?;
    Ok(OrderCommand::UpdateDetails(details).into())
}

pub(in crate::orders) fn change_draft(_call: &Call, _secrets: &Secrets, body: &Value) -> Read {
    let patch = fields::read_object(body, |fields| {
        let change = draft(fields, body);
        let ship_to = patched_destination(fields, body, "ship_to");
        let bill_to = patched_destination(fields, body, "bill_to");
        Some(OrderRequest {
            command: OrderCommand::ChangeDraft(Box::new(change?)),
            ship_to: ship_to?,
            bill_to: bill_to?,
        })
    })?;
    refuse_empty(body)?;
    Ok(patch)
}

fn refuse_empty(body: &Value) -> Result<(), Problem> {
    match body.as_object() {
        Some(members) if members.is_empty() => Err(Problem::invalid_field(
            "",
            "required",
            "a patch must name at least one member",
        )),
        Some(_) | None => Ok(()),
    }
}

/// The members of a draft; null stands for the default where there is one.
fn draft(fields: &mut Fields<'_, '_>, body: &Value) -> Option<ChangeDraft> {
    let channel = kept_or_given(fields, body, "channel", values::code);
    let currency = kept_or_given(fields, body, "currency", |node| {
        node.parsed::<Currency>("a currency of ISO 4217")
    });
    let terms = defaulted(fields, body, "terms", Terms::Prepaid, |node| {
        node.word(Terms::ALL)
    });
    let includes_tax = defaulted(fields, body, "prices_include_tax", false, Node::boolean);
    let digital = defaulted(fields, body, "digital", false, Node::boolean);
    let prices_include_tax = includes_tax.flatten().unwrap_or(false);
    let lines = defaulted(fields, body, "lines", Vec::new(), |node| {
        node.list(0..=LINES_MAX, |node| line(node, prices_include_tax))
    });
    let adjustments = defaulted(fields, body, "adjustments", Vec::new(), adjustments);
    let details = details(fields, body);
    let contact = patched(fields, body, "contact", values::contact);
    let given = due_on(fields, terms.flatten());
    Some(ChangeDraft {
        channel: channel?,
        currency: currency?,
        terms: terms?,
        prices_include_tax: includes_tax?,
        digital: digital?,
        due_on: patch_of(body, "due_on", given?),
        details: details?,
        lines: lines?,
        adjustments: adjustments?,
        ship_to: Patch::Keep,
        bill_to: Patch::Keep,
        contact: contact?,
    })
}

fn details(fields: &mut Fields<'_, '_>, body: &Value) -> Option<DetailsPatch> {
    let reference = patched(fields, body, "reference", values::code);
    let customer_reference = patched(fields, body, "customer_reference", values::code);
    let tags = defaulted(fields, body, "tags", Vec::new(), values::tags);
    let metadata: Option<Patch<BTreeMap<_, _>>> =
        patched(fields, body, "metadata", values::metadata_patch);
    Some(DetailsPatch {
        reference: reference?,
        customer_reference: customer_reference?,
        tags: tags?,
        metadata: metadata?,
    })
}

fn patched_destination(
    fields: &mut Fields<'_, '_>,
    body: &Value,
    name: &'static str,
) -> Option<Destination> {
    let given = fields.optional(name, destination)?;
    Some(match patch_of(body, name, given) {
        Patch::Keep => Destination::Unsaid,
        Patch::Clear => Destination::Default,
        Patch::Set(destination) => destination,
    })
}

/// A member that may be missing in the whole.
fn patched<'v, 'e, T>(
    fields: &mut Fields<'v, 'e>,
    body: &Value,
    name: &'static str,
    read: impl FnOnce(&Node<'v, 'e>) -> Option<T>,
) -> Option<Patch<T>> {
    let given = fields.optional(name, read)?;
    Some(patch_of(body, name, given))
}

fn patch_of<T>(body: &Value, name: &str, given: Option<T>) -> Patch<T> {
    match given {
        Some(value) => Patch::Set(value),
        None if is_null(body, name) => Patch::Clear,
        None => Patch::Keep,
    }
}

/// A member that the whole cannot be without.
fn kept_or_given<'v, 'e, T>(
    fields: &mut Fields<'v, 'e>,
    body: &Value,
    name: &'static str,
    read: impl FnOnce(&Node<'v, 'e>) -> Option<T>,
) -> Option<Option<T>> {
    let given = fields.optional(name, read)?;
    if is_null(body, name) {
        return fields.fault(name, "required", "cannot be removed");
    }
    Some(given)
}

/// A member that has a default when it is removed.
fn defaulted<'v, 'e, T>(
    fields: &mut Fields<'v, 'e>,
    body: &Value,
    name: &'static str,
    default: T,
    read: impl FnOnce(&Node<'v, 'e>) -> Option<T>,
) -> Option<Option<T>> {
    let given = fields.optional(name, read)?;
    Some(given.or_else(|| is_null(body, name).then_some(default)))
}

fn is_null(body: &Value, name: &str) -> bool {
    body.get(name).is_some_and(Value::is_null)
}
