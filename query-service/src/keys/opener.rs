//! Opening personal data for one reader: with the customers' keys at hand, or not at all.

use orderfold_events::{Keys, Personal};
use serde::de::DeserializeOwned;

/// Opens personal data, for a reader who may see it.
#[derive(Debug, Clone)]
pub struct Opener(Option<Keys>);

impl Opener {
    #[must_use]
    pub fn new(keys: Keys) -> Self {
        Self(Some(keys))
    }

    /// For a reader who may see nothing personal.
    #[must_use]
    pub fn blind() -> Self {
        Self(None)
    }

    /// What a personal part says; nothing for a blind reader, and nothing once its key is destroyed.
    #[must_use]
    pub fn open<T: DeserializeOwned + Clone>(&self, personal: &Personal<T>) -> Option<T> {
        let opened = personal.open(self.0.as_ref()?);
        opened.unwrap_or_else(|error| {
            let customer = personal.key().map(|customer| customer.to_string());
            tracing::error!(%error, customer, "personal data cannot be opened");
            None
        })
    }
}
