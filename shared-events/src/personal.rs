//! The part of an event that can identify a person. Everything personal and all free text stand in it and nowhere
//! else, so that it can be sealed and erased without touching the rest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    CustomerId, EventId,
    sealing::{Keys, SealingKey, Unopened, base64_text, id_text},
};

/// Personal data in one of its two forms: `{"plain": {…}}`, or `{"key", "nonce", "sealed"}` as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Personal<T> {
    Sealed(Sealed),
    Plain { plain: T },
}

/// Personal data that only the key of its customer opens. It says itself what opening it takes, so that whoever keeps
/// it needs to keep nothing beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The customer whose key it is.
    #[serde(with = "id_text")]
    pub key: CustomerId,
    /// The event that it was sealed for: never twice with one key.
    #[serde(with = "id_text")]
    pub nonce: EventId,
    #[serde(rename = "sealed", with = "base64_text")]
    bytes: Vec<u8>,
}

/// Why an event's data could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("the event's data is no JSON object")]
    Malformed(#[source] serde_json::Error),
    #[error("the cipher failed")]
    Cipher,
}

impl<T> Personal<T> {
    pub fn plain(plain: T) -> Self {
        Self::Plain { plain }
    }

    /// What it says, where it is in plain.
    pub fn as_plain(&self) -> Option<&T> {
        match self {
            Self::Plain { plain } => Some(plain),
            Self::Sealed(_) => None,
        }
    }

    /// The event that it was sealed for; none where it is in plain.
    pub fn sealed_for(&self) -> Option<EventId> {
        match self {
            Self::Plain { .. } => None,
            Self::Sealed(sealed) => Some(sealed.nonce),
        }
    }

    /// The customer whose key opens it; none where it is in plain.
    pub fn key(&self) -> Option<CustomerId> {
        match self {
            Self::Plain { .. } => None,
            Self::Sealed(sealed) => Some(sealed.key),
        }
    }
}

impl<T: DeserializeOwned + Clone> Personal<T> {
    /// What it says; nothing where the key is not among `keys` because it was destroyed.
    ///
    /// # Errors
    /// [`Unopened`] when it was not sealed with that key for its event, or holds something else.
    pub fn open(&self, keys: &Keys) -> Result<Option<T>, Unopened> {
        match self {
            Self::Plain { plain } => Ok(Some(plain.clone())),
            Self::Sealed(sealed) => keys
                .get(sealed.key)
                .map(|key| {
                    let plain = key.open(sealed.nonce, sealed.bytes.clone())?;
                    serde_json::from_slice(&plain).map_err(|_other_shape| Unopened)
                })
                .transpose(),
        }
    }
}

impl<T: DeserializeOwned + Clone + Default> Personal<T> {
    /// The same in plain, and empty where the key was destroyed.
    ///
    /// # Errors
    /// As [`Personal::open`].
    pub fn opened(&self, keys: &Keys) -> Result<Self, Unopened> {
        Ok(Self::plain(self.open(keys)?.unwrap_or_default()))
    }
}

/// The data of an event whose personal part is in plain, on its way to being sealed.
#[derive(Debug)]
pub struct PlainData<'a> {
    members: BTreeMap<&'a str, &'a RawValue>,
    plain: &'a RawValue,
}

#[derive(Deserialize)]
struct InPlain<'a> {
    #[serde(borrow)]
    plain: Option<&'a RawValue>,
}

impl<'a> PlainData<'a> {
    /// Reads an event's data; none where nothing personal in it is in plain.
    ///
    /// # Errors
    /// [`SealError::Malformed`] when it is not the JSON of an event.
    pub fn read(data: &'a [u8]) -> Result<Option<Self>, SealError> {
        let members: BTreeMap<&str, &RawValue> =
            serde_json::from_slice(data).map_err(SealError::Malformed)?;
        let Some(part) = members.get("personal") else {
            return Ok(None);
        };
        let InPlain { plain } = serde_json::from_str(part.get()).map_err(SealError::Malformed)?;
        Ok(plain.map(|plain| Self { members, plain }))
    }

    /// The event's data with its personal part sealed.
    ///
    /// # Errors
    /// [`SealError`], which would be a bug.
    pub fn seal(
        self,
        event: EventId,
        customer: CustomerId,
        key: &SealingKey,
    ) -> Result<Vec<u8>, SealError> {
        let sealed = Sealed {
            key: customer,
            nonce: event,
            bytes: key.seal(event, self.plain.get().as_bytes().to_vec())?,
        };
        let sealed = serde_json::value::to_raw_value(&sealed).map_err(SealError::Malformed)?;
        let mut members = self.members;
        members.insert("personal", &sealed);
        serde_json::to_vec(&members).map_err(SealError::Malformed)
    }
}

/// A postal address as the caller gave it; `country` is ISO 3166-1 alpha-2, and one of `line1`, `city` is present.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Address {
    pub name: Option<String>,
    pub company: Option<String>,
    pub line1: Option<String>,
    pub line2: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub postal_code: Option<String>,
    pub country: String,
    pub phone: Option<String>,
    /// `phone` in E.164, where it can be told from the country.
    pub phone_e164: Option<String>,
    pub tax_id: Option<String>,
}

/// Whom to ask about an order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Contact {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    /// `phone` in E.164, where it can be told.
    pub phone_e164: Option<String>,
}

/// Free text that came with a command.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Note {
    pub note: Option<String>,
}
