//! Folds what happened to a customer into its state. Total: the events were decided before.

use orderfold_events::{
    CustomerId, Personal,
    customer::{CustomerEvent, CustomerPersonal, CustomerStatus},
};
use serde::{Deserialize, Serialize};

use super::profile::Profile;

/// The state of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Customer {
    /// No event yet.
    #[default]
    Unregistered,
    Active(Box<Profile>),
    /// Places no orders; those it has go on.
    Blocked(Box<Profile>),
    /// Nothing but the id is left of it.
    Erased(CustomerId),
}

impl Customer {
    /// The state after one more event; one that cannot apply changes nothing.
    #[must_use]
    pub fn evolve(self, event: &CustomerEvent) -> Self {
        match event {
            CustomerEvent::Registered(event) => Self::Active(Box::new(Profile {
                customer_id: event.customer_id,
                language: event.language.clone(),
                tags: event.tags.clone(),
                metadata: event.metadata.clone(),
                personal: event.personal.clone(),
            })),
            CustomerEvent::ProfileUpdated(event) => self.with(|profile| Profile {
                language: event.language.clone(),
                tags: event.tags.clone(),
                metadata: event.metadata.clone(),
                personal: event.personal.clone(),
                ..profile
            }),
            CustomerEvent::EmailChanged(event)
            | CustomerEvent::AddressSaved(event)
            | CustomerEvent::AddressRemoved(event) => self.with(|profile| Profile {
                personal: event.personal.clone(),
                ..profile
            }),
            CustomerEvent::Blocked(_) => match self {
                Self::Active(profile) => Self::Blocked(profile),
                Self::Unregistered | Self::Blocked(_) | Self::Erased(_) => self,
            },
            CustomerEvent::Unblocked(_) => match self {
                Self::Blocked(profile) => Self::Active(profile),
                Self::Unregistered | Self::Active(_) | Self::Erased(_) => self,
            },
            CustomerEvent::Erased(event) => Self::Erased(event.customer_id),
            CustomerEvent::KeyDestroyed(event) => Self::Erased(event.customer_id),
        }
    }

    fn with(self, change: impl FnOnce(Profile) -> Profile) -> Self {
        match self {
            Self::Active(profile) => Self::Active(Box::new(change(*profile))),
            Self::Blocked(profile) => Self::Blocked(Box::new(change(*profile))),
            Self::Unregistered | Self::Erased(_) => self,
        }
    }

    /// `None` before it is registered.
    #[must_use]
    pub fn status(&self) -> Option<CustomerStatus> {
        match self {
            Self::Unregistered => None,
            Self::Active(_) => Some(CustomerStatus::Active),
            Self::Blocked(_) => Some(CustomerStatus::Blocked),
            Self::Erased(_) => Some(CustomerStatus::Erased),
        }
    }

    /// The same customer with what is personal opened, as decisions take it.
    #[must_use]
    pub fn opened(self, personal: CustomerPersonal) -> Self {
        self.with(|profile| Profile {
            personal: Personal::plain(personal),
            ..profile
        })
    }

    /// What is personal about it as it was recorded, where there is anything.
    #[must_use]
    pub fn personal(&self) -> Option<&Personal<CustomerPersonal>> {
        match self {
            Self::Active(profile) | Self::Blocked(profile) => Some(&profile.personal),
            Self::Unregistered | Self::Erased(_) => None,
        }
    }

    /// Whether nothing personal stands in it in plain, so that it may be kept.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.personal()
            .is_none_or(|personal| personal.as_plain().is_none())
    }
}
