//! Keys, and what they seal: the personal parts of one customer's events, or other keys. Pure: keys, ids and random
//! bytes come in as values.

use std::collections::HashMap;

use aws_lc_rs::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use secrecy::{ExposeSecret, SecretSlice};

use crate::{CustomerId, EventId, personal::SealError};

/// It was not sealed with this key for this purpose, or was changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it was sealed otherwise")]
pub struct Unopened;

/// A key of 256 bits for `ChaCha20-Poly1305`: a customer's own, or one that wraps those. Its bytes are never shown.
#[derive(Debug, Clone)]
pub struct SealingKey(SecretSlice<u8>);

impl SealingKey {
    pub const BYTES: usize = 32;
    /// The purpose for which both services derive the key that wraps what one gives the other.
    pub const SHARED_WRAPPING: &str = "orderfold keys for views";
    /// The purpose of the key under which words are searched for.
    pub const SEARCHING: &str = "orderfold search tokens";
    /// Random bytes that wrapping a key takes.
    pub const WRAPPING_NONCE_BYTES: usize = NONCE_LEN;

    /// A key of these random bytes.
    #[must_use]
    pub fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes.to_vec().into())
    }

    /// The key that a configured secret yields for one purpose, so that no two purposes share one.
    #[must_use]
    pub fn derive(secret: &[u8], purpose: &str) -> Self {
        Self(mac(secret, purpose.as_bytes()).to_vec().into())
    }

    /// HMAC-SHA-256 under this key.
    #[must_use]
    pub fn mac(&self, data: &[u8]) -> [u8; 32] {
        mac(self.0.expose_secret(), data)
    }

    /// Seals the personal part of one event. The event's id is nonce and associated data at once: it is new for every
    /// event, so it is never used twice with one key, and what was sealed for one event opens as no other's.
    pub(crate) fn seal(&self, event: EventId, mut plain: Vec<u8>) -> Result<Vec<u8>, SealError> {
        let (nonce, id) = (event_nonce(event), Aad::from(event.0.as_bytes()));
        self.cipher()
            .and_then(|cipher| {
                cipher
                    .seal_in_place_append_tag(nonce, id, &mut plain)
                    .map_err(|_failed| Unopened)
            })
            .map_err(|Unopened| SealError::Cipher)?;
        Ok(plain)
    }

    pub(crate) fn open(&self, event: EventId, sealed: Vec<u8>) -> Result<Vec<u8>, Unopened> {
        self.open_in_place(event_nonce(event), event.0.as_bytes(), sealed)
    }

    /// Wraps the key of a customer; the bytes have to be random.
    ///
    /// # Errors
    /// [`SealError::Cipher`], which would be a bug.
    pub fn wrap(
        &self,
        customer: CustomerId,
        key: &Self,
        random: [u8; Self::WRAPPING_NONCE_BYTES],
    ) -> Result<Vec<u8>, SealError> {
        let nonce = Nonce::assume_unique_for_key(random);
        let mut sealed = key.0.expose_secret().to_vec();
        self.cipher()
            .and_then(|cipher| {
                cipher
                    .seal_in_place_append_tag(nonce, Aad::from(customer.0.as_bytes()), &mut sealed)
                    .map_err(|_failed| Unopened)
            })
            .map_err(|Unopened| SealError::Cipher)?;
        Ok([random.as_slice(), &sealed].concat())
    }

    /// The key of a customer that was wrapped with this one.
    ///
    /// # Errors
    /// [`Unopened`] when it was wrapped with another, or for another customer.
    pub fn unwrap(&self, customer: CustomerId, wrapped: &[u8]) -> Result<Self, Unopened> {
        let (nonce, sealed) = wrapped
            .split_at_checked(Self::WRAPPING_NONCE_BYTES)
            .ok_or(Unopened)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_length| Unopened)?;
        let key = self.open_in_place(nonce, customer.0.as_bytes(), sealed.to_vec())?;
        if key.len() == Self::BYTES {
            Ok(Self(key.into()))
        } else {
            Err(Unopened)
        }
    }

    fn open_in_place(
        &self,
        nonce: Nonce,
        associated: &[u8],
        mut sealed: Vec<u8>,
    ) -> Result<Vec<u8>, Unopened> {
        let plain = self
            .cipher()?
            .open_in_place(nonce, Aad::from(associated), &mut sealed)
            .map_err(|_forged| Unopened)?
            .len();
        sealed.truncate(plain);
        Ok(sealed)
    }

    fn cipher(&self) -> Result<LessSafeKey, Unopened> {
        UnboundKey::new(&CHACHA20_POLY1305, self.0.expose_secret())
            .map(LessSafeKey::new)
            .map_err(|_length| Unopened)
    }
}

/// The keys of some customers, for opening what was sealed with them.
#[derive(Debug, Clone, Default)]
pub struct Keys(HashMap<CustomerId, SealingKey>);

impl Keys {
    #[must_use]
    pub fn get(&self, customer: CustomerId) -> Option<&SealingKey> {
        self.0.get(&customer)
    }
}

impl FromIterator<(CustomerId, SealingKey)> for Keys {
    fn from_iter<I: IntoIterator<Item = (CustomerId, SealingKey)>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

fn mac(key: &[u8], data: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

/// The last twelve bytes of the id, which hold all that is random in it.
fn event_nonce(event: EventId) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    nonce.copy_from_slice(&event.0.as_bytes()[16 - NONCE_LEN..]);
    Nonce::assume_unique_for_key(nonce)
}

/// `#[serde(with = "id_text")]`: an id as text in every format, also in those that have a binary form for it.
pub(crate) mod id_text {
    use std::{fmt::Display, str::FromStr};

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<T: Display, S: Serializer>(id: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// `#[serde(with = "base64_text")]`: bytes as base64.
pub(crate) mod base64_text {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD
            .decode(String::deserialize(deserializer)?)
            .map_err(|_malformed| D::Error::custom("not base64"))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::personal::{Note, Personal, PlainData};

    const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(7));
    const EVENT: EventId = EventId(Uuid::from_u128(0x0199_d3c4_7f00_73c6_869a_45b1_4da4_f9fc));

    fn key(byte: u8) -> SealingKey {
        SealingKey::new([byte; 32])
    }

    fn keys(byte: u8) -> Keys {
        [(CUSTOMER, key(byte))].into_iter().collect()
    }

    fn sealed_note() -> (Vec<u8>, Personal<Note>) {
        #[derive(serde::Deserialize)]
        struct Data {
            personal: Personal<Note>,
        }
        let data = br#"{"reason":"stock","personal":{"plain":{"note":"call Claire"}},"lines":[1]}"#;
        let plain = PlainData::read(data).unwrap().unwrap();
        let sealed = plain.seal(EVENT, CUSTOMER, &key(1)).unwrap();
        let Data { personal } = serde_json::from_slice(&sealed).unwrap();
        (sealed, personal)
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_alone() {
        let (data, personal) = sealed_note();
        let text = String::from_utf8(data).unwrap();
        assert!(
            !text.contains("Claire") && !text.contains("plain"),
            "{text}"
        );
        assert!(text.contains(r#""lines":[1]"#) && text.contains(r#""reason":"stock""#));
        let note = Note {
            note: Some("call Claire".to_owned()),
        };
        assert_eq!(personal.open(&keys(1)), Ok(Some(note)));
        assert_eq!(personal.open(&keys(2)), Err(Unopened));
        assert_eq!(personal.open(&Keys::default()), Ok(None), "destroyed");
    }

    #[test]
    fn a_part_that_was_moved_to_another_event_or_changed_does_not_open() {
        let (_, personal) = sealed_note();
        let text = serde_json::to_string(&personal).unwrap();
        let moved = text.replace(&EVENT.to_string(), &EVENT.to_string().replace('9', "8"));
        let moved: Personal<Note> = serde_json::from_str(&moved).unwrap();
        assert_ne!(moved, personal);
        assert_eq!(moved.open(&keys(1)), Err(Unopened));
        let last = text.rfind('"').unwrap() - 3;
        let mut forged = text.into_bytes();
        forged[last] = if forged[last] == b'A' { b'B' } else { b'A' };
        let forged: Personal<Note> = serde_json::from_slice(&forged).unwrap();
        assert_eq!(forged.open(&keys(1)), Err(Unopened));
    }

    #[test]
    fn sealing_again_and_sealing_nothing_changes_nothing() {
        let (data, _) = sealed_note();
        for data in [&data[..], br#"{"customer_id":"x"}"#] {
            assert!(PlainData::read(data).unwrap().is_none());
        }
        assert!(PlainData::read(b"[]").is_err());
    }

    #[test]
    fn a_wrapped_key_is_unwrapped_for_its_customer_alone() {
        let master = SealingKey::derive(b"a configured secret", "wrapping");
        let wrapped = master.wrap(CUSTOMER, &key(1), [3; 12]).unwrap();
        let (_, personal) = sealed_note();
        let unwrapped = master.unwrap(CUSTOMER, &wrapped).unwrap();
        let keys: Keys = [(CUSTOMER, unwrapped)].into_iter().collect();
        assert!(personal.open(&keys).unwrap().is_some());
        let other = CustomerId(Uuid::from_u128(8));
        assert!(master.unwrap(other, &wrapped).is_err());
        let another = SealingKey::derive(b"a configured secret", "another purpose");
        assert!(another.unwrap(CUSTOMER, &wrapped).is_err());
        for short in [0, 11, 12, wrapped.len() - 1] {
            assert!(master.unwrap(CUSTOMER, &wrapped[..short]).is_err());
        }
    }

    #[test]
    fn keys_do_not_show_themselves() {
        let shown = format!("{:?} {:?}", key(65), keys(65));
        assert!(!shown.contains("65") && !shown.contains("AAAA"), "{shown}");
    }
}
