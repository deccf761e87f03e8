//! The events of a customer. Whatever can identify the person stands in `personal`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{CustomerId, DecodeError, Personal, closed_list, personal::Address};

closed_list! {
    /// Whether a customer may place orders.
    CustomerStatus { Active = "active" }
}

/// One event of a customer, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerEvent {
    Registered(Box<Registered>),
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

/// Every wire type of this aggregate.
pub const EVENT_TYPES: &[&str] = &[REGISTERED];

impl CustomerEvent {
    /// The wire type, such as `orderfold.customer.registered.v1`.
    #[must_use]
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::Registered(_) => REGISTERED,
        }
    }

    /// The customer it happened to.
    #[must_use]
    pub fn customer_id(&self) -> CustomerId {
        match self {
            Self::Registered(registered) => registered.customer_id,
        }
    }

    /// The JSON of the event's data: the very bytes that are stored and sent.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] when the event has no JSON form, which would be a bug of its types.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        match self {
            Self::Registered(registered) => serde_json::to_vec(registered),
        }
        .map_err(DecodeError::Malformed)
    }

    /// Reads the data of an event of the given wire type; members it does not know are ignored.
    ///
    /// # Errors
    /// [`DecodeError`] for a type that is not a customer's, or data that is not what the type promises.
    pub fn decode(event_type: &str, data: &[u8]) -> Result<Self, DecodeError> {
        match event_type {
            REGISTERED => Ok(Self::Registered(Box::new(crate::event::parse(data)?))),
            _ => Err(DecodeError::UnknownType(event_type.to_owned())),
        }
    }
}
