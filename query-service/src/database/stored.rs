//! How ids and instants are stored: BSON binaries of subtype 4 and BSON dates. Document shapes name these adapters in
//! `#[serde(with = …)]`; filters use [`id_value`] and [`time_value`]. It knows no collection.

use bson::Bson;
use orderfold_events::{CustomerId, EventId, OrderId, StreamId, Timestamp};
use uuid::Uuid;

/// An id that is stored as a UUID.
pub trait StoredId: Copy + Ord {
    fn uuid(self) -> Uuid;
    fn from_uuid(uuid: Uuid) -> Self;

    /// The id of what a stream of events is about, if it is one of this kind.
    #[must_use]
    fn of_stream(stream: StreamId) -> Option<Self>;
}

macro_rules! stored_id {
    ($($id:ident: $of_stream:expr),+ $(,)?) => {
        $(impl StoredId for $id {
            fn uuid(self) -> Uuid {
                self.0
            }

            fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            fn of_stream(stream: StreamId) -> Option<Self> {
                ($of_stream)(stream)
            }
        })+
    };
}

stored_id!(
    CustomerId: |stream| match stream {
        StreamId::Customer(id) => Some(id),
        StreamId::Credit(_) | StreamId::Order(_) => None,
    },
    OrderId: |stream| match stream {
        StreamId::Order(id) => Some(id),
        StreamId::Customer(_) | StreamId::Credit(_) => None,
    },
    EventId: |_stream| None,
);

/// The value of an id in a filter.
#[must_use]
pub fn id_value(id: impl StoredId) -> Bson {
    Bson::from(bson::Uuid::from(id.uuid()))
}

/// The value of an instant in a filter.
#[must_use]
pub fn time_value(instant: Timestamp) -> Bson {
    Bson::DateTime(bson::DateTime::from_millis(instant.millis()))
}

/// `#[serde(with = "stored::id")]` for a [`StoredId`].
pub mod id {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::StoredId;

    /// # Errors
    /// Those of the serializer.
    pub fn serialize<T: StoredId, S: Serializer>(id: &T, serializer: S) -> Result<S::Ok, S::Error> {
        bson::Uuid::from(id.uuid()).serialize(serializer)
    }

    /// # Errors
    /// When the value is not a UUID.
    pub fn deserialize<'de, T: StoredId, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        bson::Uuid::deserialize(deserializer).map(|id| T::from_uuid(id.into()))
    }
}

/// `#[serde(with = "stored::time")]` for a `Timestamp`.
pub mod time {
    use orderfold_events::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(instant: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        bson::DateTime::from_millis(instant.millis()).serialize(serializer)
    }

    /// # Errors
    /// When the value is not a date, or one that is out of range.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let millis = bson::DateTime::deserialize(deserializer)?.timestamp_millis();
        Timestamp::from_millis(millis)
            .ok_or_else(|| serde::de::Error::custom("a date out of range"))
    }
}

/// `#[serde(with = "stored::optional_time")]` for an `Option<Timestamp>`.
pub mod optional_time {
    use orderfold_events::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(
        instant: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        instant
            .map(|instant| bson::DateTime::from_millis(instant.millis()))
            .serialize(serializer)
    }

    /// # Errors
    /// When the value is neither null nor a date in range.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Option::<bson::DateTime>::deserialize(deserializer)?
            .map(|date| {
                Timestamp::from_millis(date.timestamp_millis())
                    .ok_or_else(|| serde::de::Error::custom("a date out of range"))
            })
            .transpose()
    }
}
