//! The events of a customer. Whatever can identify the person stands in `personal`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{CustomerId, DecodeError, EventId, Personal, closed_list, personal::Address};

closed_list! {
    /// Whether a customer may place orders.
    CustomerStatus { Active = "active", Blocked = "blocked", Erased = "erased" }
}
closed_list! {
    /// Why a customer may not place orders.
    BlockReason { Fraud = "fraud", Unpaid = "unpaid", Request = "request", Other = "other" }
}
closed_list! {
    /// Why a customer's personal data is erased.
    EraseReason { Request = "request", Retention = "retention", Other = "other" }
}

/// One event of a customer, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerEvent {
    Registered(Box<Registered>),
    ProfileUpdated(Box<ProfileUpdated>),
    EmailChanged(Box<PersonalChanged>),
    AddressSaved(Box<PersonalChanged>),
    AddressRemoved(Box<PersonalChanged>),
    Blocked(Blocked),
    Unblocked(Unblocked),
    Erased(Erased),
    KeyDestroyed(KeyDestroyed),
}

/// `orderfold.customer.registered.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    pub customer_id: CustomerId,
    pub status: CustomerStatus,
    /// The caller's own key of the customer, unique in its channel.
    pub reference: Option<ExternalReference>,
    /// BCP 47, such as `en-US`.
    pub language: Option<String>,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    pub personal: Personal<CustomerPersonal>,
}

/// `orderfold.customer.profile_updated.v1`: the whole profile as it is from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileUpdated {
    pub customer_id: CustomerId,
    pub status: CustomerStatus,
    pub language: Option<String>,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    pub personal: Personal<CustomerPersonal>,
}

/// `orderfold.customer.email_changed.v1`, `orderfold.customer.address_saved.v1` and
/// `orderfold.customer.address_removed.v1`: the whole personal part as it is from now on, so that the newest event
/// alone tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonalChanged {
    pub customer_id: CustomerId,
    pub status: CustomerStatus,
    pub personal: Personal<CustomerPersonal>,
}

/// `orderfold.customer.blocked.v1`: the customer places no more orders; existing ones go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    pub customer_id: CustomerId,
    pub status: CustomerStatus,
    pub reason: BlockReason,
}

/// `orderfold.customer.unblocked.v1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unblocked {
    pub customer_id: CustomerId,
    pub status: CustomerStatus,
}

/// `orderfold.customer.erased.v1`: from here on nothing personal of the customer is shown or recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    pub customer_id: CustomerId,
    pub status: CustomerStatus,
    pub reason: EraseReason,
}

/// `orderfold.customer.key_destroyed.v1`: nobody can read the customer's personal data any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyDestroyed {
    pub customer_id: CustomerId,
    pub status: CustomerStatus,
}

/// A key that another system gave, unique within its channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalReference {
    pub channel: String,
    pub value: String,
}

/// The personal part of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerPersonal {
    pub name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// `phone` in E.164, where it can be told.
    pub phone_e164: Option<String>,
    pub addresses: Vec<CustomerAddress>,
}

/// An address of the customer's book; at most one is the default of each kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerAddress {
    pub label: String,
    pub default_shipping: bool,
    pub default_billing: bool,
    #[serde(flatten)]
    pub address: Address,
}

const REGISTERED: &str = "orderfold.customer.registered.v1";
const PROFILE_UPDATED: &str = "orderfold.customer.profile_updated.v1";
const EMAIL_CHANGED: &str = "orderfold.customer.email_changed.v1";
const ADDRESS_SAVED: &str = "orderfold.customer.address_saved.v1";
const ADDRESS_REMOVED: &str = "orderfold.customer.address_removed.v1";
const BLOCKED: &str = "orderfold.customer.blocked.v1";
const UNBLOCKED: &str = "orderfold.customer.unblocked.v1";
const ERASED: &str = "orderfold.customer.erased.v1";
const KEY_DESTROYED: &str = "orderfold.customer.key_destroyed.v1";

/// Every wire type of this aggregate.
pub const EVENT_TYPES: &[&str] = &[
    REGISTERED,
    PROFILE_UPDATED,
    EMAIL_CHANGED,
    ADDRESS_SAVED,
    ADDRESS_REMOVED,
    BLOCKED,
    UNBLOCKED,
    ERASED,
    KEY_DESTROYED,
];

impl CustomerEvent {
    /// The wire type, such as `orderfold.customer.registered.v1`.
    #[must_use]
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::Registered(_) => REGISTERED,
            Self::ProfileUpdated(_) => PROFILE_UPDATED,
            Self::EmailChanged(_) => EMAIL_CHANGED,
            Self::AddressSaved(_) => ADDRESS_SAVED,
            Self::AddressRemoved(_) => ADDRESS_REMOVED,
            Self::Blocked(_) => BLOCKED,
            Self::Unblocked(_) => UNBLOCKED,
            Self::Erased(_) => ERASED,
            Self::KeyDestroyed(_) => KEY_DESTROYED,
        }
    }

    /// The customer it happened to.
    #[must_use]
    pub fn customer_id(&self) -> CustomerId {
        match self {
            Self::Registered(event) => event.customer_id,
            Self::ProfileUpdated(event) => event.customer_id,
            Self::EmailChanged(event) | Self::AddressSaved(event) | Self::AddressRemoved(event) => {
                event.customer_id
            }
            Self::Blocked(event) => event.customer_id,
            Self::Unblocked(event) => event.customer_id,
            Self::Erased(event) => event.customer_id,
            Self::KeyDestroyed(event) => event.customer_id,
        }
    }

    pub(crate) fn sealed_for(&self) -> Option<EventId> {
        match self {
            Self::Registered(event) => event.personal.sealed_for(),
            Self::ProfileUpdated(event) => event.personal.sealed_for(),
            Self::EmailChanged(event) | Self::AddressSaved(event) | Self::AddressRemoved(event) => {
                event.personal.sealed_for()
            }
            Self::Blocked(_) | Self::Unblocked(_) | Self::Erased(_) | Self::KeyDestroyed(_) => None,
        }
    }

    /// The JSON of the event's data: the very bytes that are stored and sent.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] when the event has no JSON form, which would be a bug of its types.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        match self {
            Self::Registered(event) => serde_json::to_vec(event),
            Self::ProfileUpdated(event) => serde_json::to_vec(event),
            Self::EmailChanged(event) | Self::AddressSaved(event) | Self::AddressRemoved(event) => {
                serde_json::to_vec(event)
            }
            Self::Blocked(event) => serde_json::to_vec(event),
            Self::Unblocked(event) => serde_json::to_vec(event),
            Self::Erased(event) => serde_json::to_vec(event),
            Self::KeyDestroyed(event) => serde_json::to_vec(event),
        }
        .map_err(DecodeError::Malformed)
    }

    /// Reads the data of an event of the given wire type; members it does not know are ignored.
    ///
    /// # Errors
    /// [`DecodeError`] for a type that is not a customer's, or data that is not what the type promises.
    pub fn decode(event_type: &str, data: &[u8]) -> Result<Self, DecodeError> {
        use crate::event::parse;
        let lifted = crate::upcast::lifted(event_type, data)?;
        let data = lifted.data.as_ref();
        Ok(match lifted.event_type {
            REGISTERED => Self::Registered(Box::new(parse(data)?)),
            PROFILE_UPDATED => Self::ProfileUpdated(Box::new(parse(data)?)),
            EMAIL_CHANGED => Self::EmailChanged(Box::new(parse(data)?)),
            ADDRESS_SAVED => Self::AddressSaved(Box::new(parse(data)?)),
            ADDRESS_REMOVED => Self::AddressRemoved(Box::new(parse(data)?)),
            BLOCKED => Self::Blocked(parse(data)?),
            UNBLOCKED => Self::Unblocked(parse(data)?),
            ERASED => Self::Erased(parse(data)?),
            KEY_DESTROYED => Self::KeyDestroyed(parse(data)?),
            _ => return Err(DecodeError::UnknownType(event_type.to_owned())),
        })
    }
}
