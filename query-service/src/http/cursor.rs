//! Where the next page of a list starts, as an opaque text: versioned, and bound to the list, its sort and its
//! filters, so that it cannot be carried over to another question. It grants nothing: a list narrows by principal anew.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::database::reading::Place;

const FORMAT_VERSION: u8 = 1;
const BINDING_BYTES: usize = 8;
const ENCODED_BYTES: usize = 1 + BINDING_BYTES + 8 + 16;

/// The question that a cursor belongs to, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding([u8; BINDING_BYTES]);

/// The text is no cursor of this list, sort and filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list with these filters and this sort")]
pub struct InvalidCursor;

impl Binding {
    /// The binding to a list by name and everything that decides what is in it and in which order.
    #[must_use]
    pub fn new(list: &str, question: &impl Serialize) -> Self {
        // A question is plain data; one that had no JSON form would bind to the name alone.
        let question = serde_json::to_vec(question).unwrap_or_default();
        let digest = Sha256::new()
            .chain_update(list)
            .chain_update([0])
            .chain_update(question)
            .finalize();
        let mut short = [0; BINDING_BYTES];
        short.copy_from_slice(&digest[..BINDING_BYTES]);
        Self(short)
    }

    /// The text of a place in this list.
    #[must_use]
    pub fn encode(self, place: Place) -> String {
        let mut bytes = Vec::with_capacity(ENCODED_BYTES);
        bytes.push(FORMAT_VERSION);
        bytes.extend(self.0);
        bytes.extend(place.sorted_by.to_be_bytes());
        bytes.extend(place.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a text that [`Self::encode`] made for the same question.
    ///
    /// # Errors
    /// [`InvalidCursor`] for everything else.
    pub fn decode(self, text: &str) -> Result<Place, InvalidCursor> {
        self.read(text).ok_or(InvalidCursor)
    }

    fn read(self, text: &str) -> Option<Place> {
        let bytes: [u8; ENCODED_BYTES] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let rest = bytes
            .strip_prefix(&[FORMAT_VERSION])?
            .strip_prefix(&self.0)?;
        let (sorted_by, id) = rest.split_first_chunk()?;
        Some(Place {
            sorted_by: i64::from_be_bytes(*sorted_by),
            id: Uuid::from_slice(id).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place() -> Place {
        Place {
            sorted_by: -5,
            id: Uuid::from_u128(7),
        }
    }

    #[test]
    fn a_cursor_is_refused_by_another_list_filter_or_sort() {
        let orders = Binding::new("orders", &("placed", "-placed_at"));
        let text = orders.encode(place());
        assert_eq!(orders.decode(&text), Ok(place()));
        for other in [
            Binding::new("customers", &("placed", "-placed_at")),
            Binding::new("orders", &("cancelled", "-placed_at")),
            Binding::new("orders", &("placed", "placed_at")),
        ] {
            assert_eq!(other.decode(&text), Err(InvalidCursor));
        }
    }

    #[test]
    fn a_cursor_of_another_version_is_refused() {
        let binding = Binding::new("orders", &());
        let mut bytes = URL_SAFE_NO_PAD.decode(binding.encode(place())).unwrap();
        bytes[0] = 2;
        assert_eq!(
            binding.decode(&URL_SAFE_NO_PAD.encode(bytes)),
            Err(InvalidCursor)
        );
    }

    proptest! {
        #[test]
        fn every_place_survives_its_text(sorted_by: i64, id: u128) {
            let place = Place { sorted_by, id: Uuid::from_u128(id) };
            let binding = Binding::new("orders", &());
            prop_assert_eq!(binding.decode(&binding.encode(place)), Ok(place));
        }

        #[test]
        fn rubbish_is_no_cursor(text in ".{0,60}") {
            prop_assert_eq!(Binding::new("orders", &()).decode(&text), Err(InvalidCursor));
        }
    }
}
