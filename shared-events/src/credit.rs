//! The events of a customer's credit account: its terms, and what the customer's open orders on account bind of it.

use serde::{Deserialize, Serialize};

use crate::{Currency, CustomerId, DecodeError, OrderId};

/// One event of a credit account, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreditEvent {
    TermsSet(TermsSet),
    ExposureChanged(ExposureChanged),
}

/// `orderfold.credit.terms_set.v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsSet {
    pub customer_id: CustomerId,
    pub currency: Currency,
    /// Minor units, zero or above.
    pub limit: i64,
    /// Days from placing to the due date.
    pub payment_days: u32,
}

/// `orderfold.credit.exposure_changed.v1`: an order on account binds more or less than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposureChanged {
    pub customer_id: CustomerId,
    pub currency: Currency,
    pub order_id: OrderId,
    /// What the order bound before and binds now, minor units, zero or above.
    pub from: i64,
    pub to: i64,
    /// What all orders bind together after it, minor units.
    pub total: i64,
    /// The limit at that time, minor units.
    pub limit: i64,
    /// The wire type of the order's event that caused it.
    pub cause: String,
}

const TERMS_SET: &str = "orderfold.credit.terms_set.v1";
const EXPOSURE_CHANGED: &str = "orderfold.credit.exposure_changed.v1";

/// Every wire type of this aggregate.
pub const EVENT_TYPES: &[&str] = &[TERMS_SET, EXPOSURE_CHANGED];

impl CreditEvent {
    /// The wire type, such as `orderfold.credit.terms_set.v1`.
    #[must_use]
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::TermsSet(_) => TERMS_SET,
            Self::ExposureChanged(_) => EXPOSURE_CHANGED,
        }
    }

    /// The customer it happened to.
    #[must_use]
    pub fn customer_id(&self) -> CustomerId {
        match self {
            Self::TermsSet(event) => event.customer_id,
            Self::ExposureChanged(event) => event.customer_id,
        }
    }

    /// The JSON of the event's data: the very bytes that are stored and sent.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] when the event has no JSON form, which would be a bug of its types.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        match self {
            Self::TermsSet(event) => serde_json::to_vec(event),
            Self::ExposureChanged(event) => serde_json::to_vec(event),
        }
        .map_err(DecodeError::Malformed)
    }

    /// Reads the data of an event of the given wire type; members it does not know are ignored.
    ///
    /// # Errors
    /// [`DecodeError`] for a type that is not a credit account's, or data that is not what the type promises.
    pub fn decode(event_type: &str, data: &[u8]) -> Result<Self, DecodeError> {
        use crate::event::parse;
        let lifted = crate::upcast::lifted(event_type, data)?;
        let data = lifted.data.as_ref();
        Ok(match lifted.event_type {
            TERMS_SET => Self::TermsSet(parse(data)?),
            EXPOSURE_CHANGED => Self::ExposureChanged(parse(data)?),
            _ => return Err(DecodeError::UnknownType(event_type.to_owned())),
        })
    }
}
