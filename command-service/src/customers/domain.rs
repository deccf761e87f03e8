//! The customer aggregate: who it is, and the address book that orders take their defaults from. Pure: commands in,
//! events or a refusal out.

use std::collections::BTreeMap;

use orderfold_events::{
    CustomerId, Personal,
    customer::{
        CustomerAddress, CustomerEvent, CustomerPersonal, CustomerStatus, ExternalReference,
        Registered,
    },
    personal::Address,
};

/// The state of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Customer {
    /// No event yet.
    #[default]
    Unregistered,
    Active(AddressBook),
}

/// The customer's addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressBook {
    addresses: Vec<CustomerAddress>,
}

impl AddressBook {
    #[must_use]
    pub fn default_shipping(&self) -> Option<&Address> {
        self.addresses
            .iter()
            .find(|entry| entry.default_shipping)
            .map(|entry| &entry.address)
    }

    #[must_use]
    pub fn default_billing(&self) -> Option<&Address> {
        self.addresses
            .iter()
            .find(|entry| entry.default_billing)
            .map(|entry| &entry.address)
    }

    #[must_use]
    pub fn labelled(&self, label: &str) -> Option<&Address> {
        self.addresses
            .iter()
            .find(|entry| entry.label == label)
            .map(|entry| &entry.address)
    }
}

/// One command to one customer; every member is within its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerCommand {
    Register(Box<Register>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    pub customer_id: CustomerId,
    pub reference: Option<ExternalReference>,
    pub language: Option<String>,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    pub personal: CustomerPersonal,
}

/// A refusal by a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CustomerError {
    #[error("the customer is registered already")]
    AlreadyRegistered,
}

impl Customer {
    /// Decides a command: the events that it causes, or a refusal.
    ///
    /// # Errors
    /// [`CustomerError`] says why the customer refuses.
    pub fn decide(&self, command: &CustomerCommand) -> Result<Vec<CustomerEvent>, CustomerError> {
        match (self, command) {
            (Self::Unregistered, CustomerCommand::Register(register)) => {
                Ok(vec![CustomerEvent::Registered(Box::new(registered(
                    register,
                )))])
            }
            (Self::Active(_), CustomerCommand::Register(_)) => {
                Err(CustomerError::AlreadyRegistered)
            }
        }
    }

    #[must_use]
    pub fn evolve(self, event: &CustomerEvent) -> Self {
        match event {
            CustomerEvent::Registered(registered) => {
                let addresses = registered.personal.plain.addresses.clone();
                Self::Active(AddressBook { addresses })
            }
            // CONTRACT: the commands that record these come with the slice.
            CustomerEvent::ProfileUpdated(_)
            | CustomerEvent::EmailChanged(_)
            | CustomerEvent::AddressSaved(_)
            | CustomerEvent::AddressRemoved(_)
            | CustomerEvent::Blocked(_)
            | CustomerEvent::Unblocked(_)
            | CustomerEvent::Erased(_)
            | CustomerEvent::KeyDestroyed(_) => self,
        }
    }
}

fn registered(register: &Register) -> Registered {
    Registered {
        customer_id: register.customer_id,
        status: CustomerStatus::Active,
        reference: register.reference.clone(),
        language: register.language.clone(),
        tags: register.tags.clone(),
        metadata: register.metadata.clone(),
        personal: Personal::plain(register.personal.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(label: &str, shipping: bool, billing: bool) -> CustomerAddress {
        let address = Address {
            city: Some(label.to_owned()),
            country: "US".to_owned(),
            ..Address::default()
        };
        CustomerAddress {
            label: label.to_owned(),
            default_shipping: shipping,
            default_billing: billing,
            address,
        }
    }

    fn register() -> CustomerCommand {
        CustomerCommand::Register(Box::new(Register {
            customer_id: CustomerId(uuid::Uuid::from_u128(1)),
            reference: None,
            language: None,
            tags: Vec::new(),
            metadata: BTreeMap::new(),
            personal: CustomerPersonal {
                name: "Claire Gute".to_owned(),
                email: None,
                phone: None,
                phone_e164: None,
                addresses: vec![address("home", true, false), address("office", false, true)],
            },
        }))
    }

    #[test]
    fn a_registered_customer_offers_its_addresses_as_defaults() {
        let events = Customer::default().decide(&register()).unwrap();
        let Customer::Active(book) = events.iter().fold(Customer::default(), Customer::evolve)
        else {
            panic!("registered customers are active");
        };
        let city = |address: Option<&Address>| address.and_then(|address| address.city.clone());
        assert_eq!(city(book.default_shipping()).as_deref(), Some("home"));
        assert_eq!(city(book.default_billing()).as_deref(), Some("office"));
        assert_eq!(city(book.labelled("office")).as_deref(), Some("office"));
        assert_eq!(city(book.labelled("attic")), None);
    }

    #[test]
    fn nobody_is_registered_twice() {
        let events = Customer::default().decide(&register()).unwrap();
        let customer = events.iter().fold(Customer::default(), Customer::evolve);
        assert_eq!(
            customer.decide(&register()),
            Err(CustomerError::AlreadyRegistered)
        );
    }
}
