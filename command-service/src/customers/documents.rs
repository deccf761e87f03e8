//! How the bodies and answers of customer commands are documented; they are read member by member elsewhere.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A customer to register. E-mail and references are unique; the e-mail whatever its capitals, a reference in its
/// channel.
#[derive(ToSchema)]
#[schema(as = RegisterCustomer)]
#[expect(dead_code, reason = "documents a body")]
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
    /// `active`, `blocked` or `erased`.
    #[schema(example = "active")]
    pub status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// A merge patch: what is missing stays, null removes. At least one member has to be there.
#[derive(ToSchema)]
#[schema(as = UpdateCustomerProfile)]
#[expect(dead_code, reason = "documents a body")]
pub struct ProfileBody {
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    #[schema(max_length = 40)]
    phone: Option<String>,
    /// BCP 47.
    language: Option<String>,
    /// All tags.
    #[schema(max_items = 20)]
    tags: Option<Vec<String>>,
    /// Members to set, and with null to remove; others stay.
    metadata: Option<BTreeMap<String, Option<String>>>,
}

#[derive(ToSchema)]
#[schema(as = ChangeCustomerEmail)]
#[expect(dead_code, reason = "documents a body")]
pub struct EmailBody {
    /// Null removes it; the member has to be there.
    #[schema(required)]
    email: Option<String>,
}

/// An address under the label in the path. One of `line1` and `city` is needed.
#[derive(ToSchema)]
#[schema(as = SaveCustomerAddress)]
#[expect(dead_code, reason = "documents a body")]
pub struct AddressBody {
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

#[derive(ToSchema)]
#[schema(as = BlockCustomer)]
#[expect(dead_code, reason = "documents a body")]
pub struct BlockBody {
    /// `fraud`, `unpaid`, `request` or `other`.
    reason: String,
}

#[derive(ToSchema)]
#[schema(as = EraseCustomer)]
#[expect(dead_code, reason = "documents a body")]
pub struct EraseBody {
    /// `request`, `retention` or `other`.
    reason: String,
}
