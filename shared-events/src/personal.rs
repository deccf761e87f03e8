//! The part of an event that can identify a person. Everything personal and all free text stand in it and nowhere
//! else, so that it can be sealed and erased without touching the rest.

use serde::{Deserialize, Serialize};

/// Personal data in its plain form: `{"plain": {…}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Personal<T> {
    pub plain: T,
}

impl<T> Personal<T> {
    pub fn plain(plain: T) -> Self {
        Self { plain }
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
