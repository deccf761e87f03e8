//! Everything that is stored of a personal value without storing the value: HMACs under the store's own key.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use orderfold_events::{Actor, CustomerId, order::ContentHash};
use orderfold_http::Principal;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::Sha256;

use crate::event_sourcing::ClaimKey;

const KEY_BYTES_MIN: usize = 32;

/// Why a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretsError {
    #[error("CLAIM_KEY is not base64")]
    NotBase64,
    #[error("CLAIM_KEY has fewer than {KEY_BYTES_MIN} bytes")]
    TooShort,
}

/// The store's HMAC key. Cheap to clone.
#[derive(Clone)]
pub struct Secrets {
    key: SecretSlice<u8>,
}

impl Secrets {
    /// # Errors
    /// [`SecretsError`].
    pub fn parse(text: &SecretString) -> Result<Self, SecretsError> {
        let key = STANDARD
            .decode(text.expose_secret())
            .map_err(|_malformed| SecretsError::NotBase64)?;
        if key.len() < KEY_BYTES_MIN {
            return Err(SecretsError::TooShort);
        }
        Ok(Self { key: key.into() })
    }

    #[must_use]
    pub fn key(&self) -> &[u8] {
        self.key.expose_secret()
    }

    /// The HMAC of some parts; lengths go in as well, so that no two lists of parts look alike.
    fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC takes keys of any length, so this cannot fail; an empty result would still not be a valid claim.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key()) else {
            return [0; 32];
        };
        for part in parts {
            mac.update(&part.len().to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// One e-mail address, however it is capitalised.
    #[must_use]
    pub fn email(&self, email: &str) -> ClaimKey {
        self.mac(&[b"email", email.to_lowercase().as_bytes()])
    }

    /// A reference of a customer or an order, in its channel.
    #[must_use]
    pub fn reference(&self, channel: &str, value: &str) -> ClaimKey {
        self.mac(&[b"reference", channel.as_bytes(), value.as_bytes()])
    }

    /// The order that comes at this place in a payment over several orders of a customer.
    #[must_use]
    pub fn account_payment(&self, customer: CustomerId, reference: &str, place: usize) -> ClaimKey {
        let customer = customer.to_string();
        self.mac(&[
            b"account payment",
            customer.as_bytes(),
            reference.as_bytes(),
            &place.to_be_bytes(),
        ])
    }

    /// A fact as it was sent.
    #[must_use]
    pub fn content(&self, body: &[u8]) -> ContentHash {
        ContentHash(hex::encode(self.mac(&[b"content", body])))
    }

    /// Who acts, in a form that says nothing about the person.
    #[must_use]
    pub fn actor(&self, principal: &Principal) -> Actor {
        let kind = principal.kind.as_str();
        let subject = match uuid::Uuid::try_parse(&principal.subject) {
            Ok(id) => id.to_string(),
            Err(_other_text) => hex::encode(self.mac(&[b"subject", principal.subject.as_bytes()])),
        };
        Actor(format!("{kind}:{subject}"))
    }
}
