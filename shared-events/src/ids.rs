//! Identities: UUIDs with a type each, and the names of streams. Ids are made by the callers; nothing here is random.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            /// Accepts only the canonical text: 36 characters, lower case.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse_canonical(text).map(Self)
            }
        }
    };
}

uuid_id!(
    /// A customer; also names its credit account, and its text decides the shard.
    CustomerId
);
uuid_id!(
    /// An order.
    OrderId
);
uuid_id!(
    /// One recorded event.
    EventId
);

impl EventId {
    /// What stands for "the event before the first one" of a shard.
    pub const NIL: Self = Self(Uuid::nil());
}

/// The text is not an id of the expected kind in its canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id")]
pub struct InvalidId;

fn parse_canonical(text: &str) -> Result<Uuid, InvalidId> {
    let id = Uuid::try_parse(text).map_err(|_malformed| InvalidId)?;
    let mut buffer = Uuid::encode_buffer();
    if id.as_hyphenated().encode_lower(&mut buffer) == text {
        Ok(id)
    } else {
        Err(InvalidId)
    }
}

/// The name of a stream of events: `customer-{id}`, `credit-{customer id}` or `order-{id}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamId {
    Customer(CustomerId),
    /// The credit account of a customer.
    Credit(CustomerId),
    Order(OrderId),
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer(id) => write!(f, "customer-{id}"),
            Self::Credit(id) => write!(f, "credit-{id}"),
            Self::Order(id) => write!(f, "order-{id}"),
        }
    }
}

impl FromStr for StreamId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('-') {
            Some(("customer", id)) => id.parse().map(Self::Customer),
            Some(("credit", id)) => id.parse().map(Self::Credit),
            Some(("order", id)) => id.parse().map(Self::Order),
            _ => Err(InvalidId),
        }
    }
}

impl Serialize for StreamId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StreamId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The number of an event within its stream, from 1; 0 is a stream that does not exist.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Version(pub u32);

impl Version {
    pub const NONE: Self = Self(0);

    /// The version that `events` more events lead to.
    #[must_use]
    pub fn plus(self, events: usize) -> Self {
        Self(
            self.0
                .saturating_add(u32::try_from(events).unwrap_or(u32::MAX)),
        )
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling_only() {
        let text = "0199d3c4-7f00-7abc-8def-0123456789ab";
        assert_eq!(text.parse::<OrderId>().unwrap().to_string(), text);
        for other in [
            text.to_uppercase(),
            text.replace('-', ""),
            format!("{{{text}}}"),
            format!("urn:uuid:{text}"),
            String::new(),
        ] {
            assert!(other.parse::<OrderId>().is_err(), "{other} was accepted");
        }
    }

    #[test]
    fn a_stream_name_round_trips_and_garbage_is_refused() {
        let name = "order-0199d3c4-7f00-7abc-8def-0123456789ab";
        assert_eq!(name.parse::<StreamId>().unwrap().to_string(), name);
        for bad in [
            "order",
            "order-",
            "cart-0199d3c4-7f00-7abc-8def-0123456789ab",
        ] {
            assert!(bad.parse::<StreamId>().is_err(), "{bad} was accepted");
        }
    }
}
