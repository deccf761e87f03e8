//! What is known of a customer, and how each change leaves it.

use std::collections::BTreeMap;

use orderfold_events::{
    CustomerId, Personal,
    customer::{CustomerAddress, CustomerPersonal},
    personal::Address,
};
use serde::{Deserialize, Serialize};

use super::{CustomerError, MetadataPatch, ProfilePatch};
use crate::phone;

/// Addresses of one customer.
const ADDRESSES_MAX: usize = 200;
/// Members of metadata.
const METADATA_MAX: usize = 50;

/// A customer who is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub(super) customer_id: CustomerId,
    pub(super) language: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) metadata: BTreeMap<String, String>,
    /// As it was recorded, which is sealed, until a command opens it.
    pub(super) personal: Personal<CustomerPersonal>,
}

impl Profile {
    #[must_use]
    pub fn default_shipping(&self) -> Option<&Address> {
        self.address_where(|entry| entry.default_shipping)
    }

    #[must_use]
    pub fn default_billing(&self) -> Option<&Address> {
        self.address_where(|entry| entry.default_billing)
    }

    #[must_use]
    pub fn labelled(&self, label: &str) -> Option<&Address> {
        self.address_where(|entry| entry.label == label)
    }

    fn address_where(&self, wanted: impl Fn(&CustomerAddress) -> bool) -> Option<&Address> {
        let addresses = &self.personal.as_plain()?.addresses;
        let entry = addresses.iter().find(|entry| wanted(entry));
        entry.map(|entry| &entry.address)
    }

    pub(super) fn patched(&self, patch: &ProfilePatch) -> Result<Self, CustomerError> {
        let mut profile = self.clone();
        let mut personal = self.plain()?.clone();
        if let Some(name) = &patch.name {
            personal.name.clone_from(name);
        }
        if let Some(phone) = &patch.phone {
            personal.phone.clone_from(phone);
        }
        if let Some(language) = &patch.language {
            profile.language.clone_from(language);
        }
        if let Some(tags) = &patch.tags {
            profile.tags.clone_from(tags);
        }
        if let Some(metadata) = &patch.metadata {
            apply(metadata, &mut profile.metadata);
        }
        if profile.metadata.len() > METADATA_MAX {
            return Err(CustomerError::TooManyMetadata {
                limit: METADATA_MAX,
            });
        }
        Ok(profile.with(personal))
    }

    fn plain(&self) -> Result<&CustomerPersonal, CustomerError> {
        self.personal.as_plain().ok_or(CustomerError::Sealed)
    }

    fn with(self, mut personal: CustomerPersonal) -> Self {
        tell_phone(&mut personal);
        Self {
            personal: Personal::plain(personal),
            ..self
        }
    }

    pub(super) fn with_email(&self, email: Option<&String>) -> Result<Self, CustomerError> {
        let mut personal = self.plain()?.clone();
        personal.email = email.cloned();
        Ok(self.clone().with(personal))
    }

    /// The address takes the place of the one with its label, or the last one.
    pub(super) fn with_address(&self, address: &CustomerAddress) -> Result<Self, CustomerError> {
        let mut personal = self.plain()?.clone();
        let count = personal.addresses.len();
        let addresses = &mut personal.addresses;
        for other in addresses.iter_mut() {
            other.default_shipping &= !address.default_shipping;
            other.default_billing &= !address.default_billing;
        }
        let known = addresses
            .iter()
            .position(|entry| entry.label == address.label);
        match known.and_then(|index| addresses.get_mut(index)) {
            Some(known) => known.clone_from(address),
            None if count < ADDRESSES_MAX => {
                addresses.push(address.clone());
            }
            None => {
                return Err(CustomerError::TooManyAddresses {
                    limit: ADDRESSES_MAX,
                });
            }
        }
        Ok(self.clone().with(personal))
    }

    pub(super) fn without_address(&self, label: &str) -> Result<Self, CustomerError> {
        let mut personal = self.plain()?.clone();
        let before = personal.addresses.len();
        personal.addresses.retain(|entry| entry.label != label);
        if personal.addresses.len() == before {
            return Err(CustomerError::AddressNotFound);
        }
        Ok(self.clone().with(personal))
    }
}

fn apply(patch: &MetadataPatch, metadata: &mut BTreeMap<String, String>) {
    if patch.clear {
        metadata.clear();
    }
    for (name, value) in &patch.members {
        match value {
            Some(value) => metadata.insert(name.clone(), value.clone()),
            None => metadata.remove(name),
        };
    }
}

/// The customer's own number is told by the country where the customer is billed, else by that of the first address.
pub(super) fn tell_phone(personal: &mut CustomerPersonal) {
    let addresses = &personal.addresses;
    let billed = addresses.iter().find(|entry| entry.default_billing);
    let country = billed
        .or(addresses.first())
        .map(|entry| entry.address.country.as_str());
    let given = personal.phone.as_deref();
    personal.phone_e164 = given.and_then(|given| phone::e164(given, country));
}
