//! The bodies of customer commands, member by member, with every limit.

use std::collections::{BTreeMap, HashSet};

use orderfold_events::{
    CustomerId,
    customer::{BlockReason, CustomerAddress, CustomerPersonal, EraseReason, ExternalReference},
};
use orderfold_http::{Fields, Node, Problem, fields};
use serde_json::Value;

use super::domain::{CustomerCommand, MetadataPatch, ProfilePatch, Register};
use crate::http::values;

/// Addresses in one body.
const ADDRESSES_MAX: usize = 50;

/// Reads the body of `register_customer`.
///
/// # Errors
/// 422 `invalid_fields`.
pub fn register(body: &Value, customer_id: CustomerId) -> Result<Register, Problem> {
    fields::read_object(body, |fields| {
        let reference = fields.optional("reference", reference);
        let language = fields.optional("language", values::language);
        let tags = fields.or_default("tags", Vec::new(), values::tags);
        let metadata = fields.or_default("metadata", BTreeMap::new(), values::metadata);
        let personal = personal(fields);
        Some(Register {
            customer_id,
            reference: reference?,
            language: language?,
            tags: tags?,
            metadata: metadata?,
            personal: personal?,
        })
    })
}

fn reference(node: &Node<'_, '_>) -> Option<ExternalReference> {
    node.object(|fields| {
        let channel = fields.required("channel", values::code);
        let value = fields.required("value", values::code);
        Some(ExternalReference {
            channel: channel?,
            value: value?,
        })
    })
}

fn personal(fields: &mut Fields<'_, '_>) -> Option<CustomerPersonal> {
    let name = fields.required("name", values::name);
    let email = fields.optional("email", values::email);
    let phone = fields.optional("phone", values::phone);
    let addresses = fields.or_default("addresses", Vec::new(), addresses);
    Some(CustomerPersonal {
        name: name?,
        email: email?,
        phone: phone?,
        phone_e164: None,
        addresses: addresses?,
    })
}

/// No label twice, and at most one default of each kind.
fn addresses(node: &Node<'_, '_>) -> Option<Vec<CustomerAddress>> {
    let entries = node.list(0..=ADDRESSES_MAX, address)?;
    let mut labels = HashSet::new();
    if let Some(index) = entries
        .iter()
        .position(|entry| !labels.insert(&entry.label))
    {
        return node.fault(
            "duplicate",
            format!("the label of item {index} stands before"),
        );
    }
    let shipping = entries
        .iter()
        .filter(|entry| entry.default_shipping)
        .count();
    let billing = entries.iter().filter(|entry| entry.default_billing).count();
    if shipping > 1 || billing > 1 {
        return node.fault("duplicate", "must have at most one default of each kind");
    }
    Some(entries)
}

fn address(node: &Node<'_, '_>) -> Option<CustomerAddress> {
    node.object(book_entry)
}

fn book_entry(fields: &mut Fields<'_, '_>) -> Option<CustomerAddress> {
    let label = fields.required("label", values::code);
    let default_shipping = fields.or_default("default_shipping", false, Node::boolean);
    let default_billing = fields.or_default("default_billing", false, Node::boolean);
    let address = values::address(fields);
    Some(CustomerAddress {
        label: label?,
        default_shipping: default_shipping?,
        default_billing: default_billing?,
        address: address?,
    })
}

type Read = Result<CustomerCommand, Problem>;

pub fn profile(body: &Value) -> Read {
    let patch = fields::read_object(body, |fields| {
        let name = fields.contains("name");
        let name = name.then(|| fields.required("name", values::name));
        let phone = removable(fields, "phone", values::phone);
        let language = removable(fields, "language", values::language);
        let tags = removable(fields, "tags", values::tags);
        let metadata = removable(fields, "metadata", values::metadata_patch);
        Some(ProfilePatch {
            name: match name {
                Some(name) => Some(name?),
                None => None,
            },
            phone: phone?,
            language: language?,
            tags: tags?.map(Option::unwrap_or_default),
            metadata: metadata?.map(|members| MetadataPatch {
                clear: members.is_none(),
                members: members.unwrap_or_default(),
            }),
        })
    })?;
    if patch == ProfilePatch::default() {
        return Err(Problem::invalid_field("", "empty", "must change something"));
    }
    Ok(CustomerCommand::UpdateProfile(Box::new(patch)))
}

/// A member of a merge patch: missing, null, or a value. The outermost `None` is a fault.
fn removable<'v, 'e, T>(
    fields: &mut Fields<'v, 'e>,
    name: &'static str,
    read: impl FnOnce(&Node<'v, 'e>) -> Option<T>,
) -> Option<Option<Option<T>>> {
    let given = fields.contains(name);
    let value = fields.optional(name, read)?;
    Some(given.then_some(value))
}

pub fn email(body: &Value) -> Read {
    fields::read_object(body, |fields| {
        match removable(fields, "email", values::email)? {
            Some(email) => Some(CustomerCommand::ChangeEmail(email)),
            None => fields.fault("email", "required", "must be given; null removes it"),
        }
    })
}

pub fn address_to_save(body: &Value) -> Read {
    fields::read_object(body, |fields| {
        book_entry(fields).map(|entry| CustomerCommand::SaveAddress(Box::new(entry)))
    })
}

pub fn address_to_remove(body: &Value) -> Read {
    fields::read_object(body, |fields| {
        fields
            .required("label", values::code)
            .map(CustomerCommand::RemoveAddress)
    })
}

pub fn block(body: &Value) -> Read {
    fields::read_object(body, |fields| {
        fields
            .required("reason", |node| node.word(BlockReason::ALL))
            .map(CustomerCommand::Block)
    })
}

pub fn unblock(body: &Value) -> Read {
    fields::read_object(body, |_nothing| Some(CustomerCommand::Unblock))
}

pub fn erase(body: &Value) -> Read {
    fields::read_object(body, |fields| {
        fields
            .required("reason", |node| node.word(EraseReason::ALL))
            .map(CustomerCommand::Erase)
    })
}
