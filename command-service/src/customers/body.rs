//! The bodies of customer commands: what is read of them, and how they are documented.

use std::collections::{BTreeMap, HashSet};

use orderfold_events::{
    CustomerId,
    customer::{CustomerAddress, CustomerPersonal, ExternalReference},
};
use orderfold_http::{Fields, Node, Problem, fields};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::domain::Register;
use crate::http::values;

/// Addresses in one body.
const ADDRESSES_MAX: usize = 50;

/// A customer to register. E-mail and references are unique; the e-mail whatever its capitals, a reference in its
/// channel.
#[derive(ToSchema)]
#[schema(as = RegisterCustomer)]
#[expect(
    dead_code,
    reason = "documents the body that `register` reads member by member"
)]
pub struct RegisterBody {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    email: Option<String>,
    /// Kept as given; in E.164 beside it where it can be told.
    #[schema(max_length = 40)]
    phone: Option<String>,
    /// BCP 47.
    language: Option<String>,
    reference: Option<ReferenceBody>,
    #[schema(max_items = 20)]
    tags: Option<Vec<String>>,
    /// At most 50 members, names `[a-z0-9_-]{1,40}`, values of at most 500 characters.
    metadata: Option<BTreeMap<String, String>>,
    #[schema(max_items = 50)]
    addresses: Option<Vec<AddressEntryBody>>,
}

/// The caller's own key, unique in its channel.
#[derive(ToSchema)]
#[schema(as = ExternalReference)]
#[expect(dead_code, reason = "documents a body")]
pub struct ReferenceBody {
    #[schema(min_length = 1, max_length = 64)]
    channel: String,
    #[schema(min_length = 1, max_length = 64)]
    value: String,
}

/// An address of the customer's book. One of `line1` and `city` is needed.
#[derive(ToSchema)]
#[schema(as = AddressEntry)]
#[expect(dead_code, reason = "documents a body")]
pub struct AddressEntryBody {
    #[schema(min_length = 1, max_length = 64)]
    label: String,
    #[schema(default = false)]
    default_shipping: Option<bool>,
    #[schema(default = false)]
    default_billing: Option<bool>,
    name: Option<String>,
    company: Option<String>,
    line1: Option<String>,
    line2: Option<String>,
    city: Option<String>,
    region: Option<String>,
    postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    country: String,
    phone: Option<String>,
    tax_id: Option<String>,
}

/// A customer as a command leaves it.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomerAnswer)]
pub struct StandingBody {
    /// Null in a dry run that would make it.
    pub customer_id: Option<Uuid>,
    pub version: u32,
    #[schema(example = "active")]
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

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
    let (phone, addresses) = (phone?, addresses?);
    let country = addresses
        .iter()
        .find(|entry| entry.default_billing)
        .or(addresses.first())
        .map(|entry| entry.address.country.as_str());
    let phone_e164 = phone
        .as_deref()
        .and_then(|phone| values::e164(phone, country));
    Some(CustomerPersonal {
        name: name?,
        email: email?,
        phone,
        phone_e164,
        addresses,
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
    node.object(|fields| {
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
    })
}
