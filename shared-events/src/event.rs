//! Any event of the log, decoded by its wire type.

use serde::de::DeserializeOwned;

use crate::{
    CustomerId, StreamId, credit::CreditEvent, customer::CustomerEvent, order::OrderEvent,
};

/// Why stored bytes are no event.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("no such event type: {0}")]
    UnknownType(String),
    /// The parser's own message is kept as the source: it can quote what it read.
    #[error("the data is not what its type promises")]
    Malformed(#[source] serde_json::Error),
}

/// One event of any aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Customer(CustomerEvent),
    Credit(CreditEvent),
    Order(Box<OrderEvent>),
}

impl Event {
    /// Reads the data of an event of the given wire type.
    ///
    /// # Errors
    /// [`DecodeError`] for an unknown type, or data that is not what the type promises.
    pub fn decode(event_type: &str, data: &[u8]) -> Result<Self, DecodeError> {
        if event_type.starts_with("orderfold.customer.") {
            CustomerEvent::decode(event_type, data).map(Self::Customer)
        } else if event_type.starts_with("orderfold.credit.") {
            CreditEvent::decode(event_type, data).map(Self::Credit)
        } else {
            OrderEvent::decode(event_type, data).map(|event| Self::Order(Box::new(event)))
        }
    }

    /// The wire type.
    #[must_use]
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::Customer(event) => event.event_type(),
            Self::Credit(event) => event.event_type(),
            Self::Order(event) => event.event_type(),
        }
    }

    /// The customer whose shard the event lives in.
    #[must_use]
    pub fn customer_id(&self) -> CustomerId {
        match self {
            Self::Customer(event) => event.customer_id(),
            Self::Credit(event) => event.customer_id(),
            Self::Order(event) => event.summary.customer_id,
        }
    }

    /// The stream that the event's data says it belongs to.
    #[must_use]
    pub fn stream(&self) -> StreamId {
        match self {
            Self::Customer(event) => StreamId::Customer(event.customer_id()),
            Self::Credit(event) => StreamId::Credit(event.customer_id()),
            Self::Order(event) => StreamId::Order(event.summary.order_id),
        }
    }
}

pub(crate) fn parse<T: DeserializeOwned>(data: &[u8]) -> Result<T, DecodeError> {
    serde_json::from_slice(data).map_err(DecodeError::Malformed)
}
