//! Addresses and contacts as callers see them: personal, so only with the scope `customers:personal`.

use orderfold_events::personal::{Address, Contact};
use serde::Serialize;
use utoipa::ToSchema;

/// A postal address as it was given; `phone_e164` where it can be told from the country.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PostalAddress {
    pub name: Option<String>,
    pub company: Option<String>,
    pub line1: Option<String>,
    pub line2: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub phone: Option<String>,
    pub phone_e164: Option<String>,
    pub tax_id: Option<String>,
}

/// Whom to ask about an order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderContact {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub phone_e164: Option<String>,
}

impl From<Address> for PostalAddress {
    fn from(address: Address) -> Self {
        Self {
            name: address.name,
            company: address.company,
            line1: address.line1,
            line2: address.line2,
            city: address.city,
            region: address.region,
            postal_code: address.postal_code,
            country: address.country,
            phone: address.phone,
            phone_e164: address.phone_e164,
            tax_id: address.tax_id,
        }
    }
}

impl From<Contact> for OrderContact {
    fn from(contact: Contact) -> Self {
        Self {
            name: contact.name,
            email: contact.email,
            phone: contact.phone,
            phone_e164: contact.phone_e164,
        }
    }
}
