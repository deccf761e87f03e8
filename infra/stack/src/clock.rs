//! The one place that reads the clock and the random source, and makes ids.

use base64::{Engine, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::error::{Result, StackError};

#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is where ids are made")]
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// # Errors
/// When the system's random source fails.
pub fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_unspecified| {
        StackError::failed("draw random bytes", "the system's random source failed")
    })?;
    Ok(bytes)
}

/// 32 random bytes in base64, for keys.
///
/// # Errors
/// When the system's random source fails.
pub fn random_key() -> Result<String> {
    Ok(BASE64_STANDARD.encode(random_bytes::<32>()?))
}

/// 24 random bytes in hexadecimal, for what has to stand in URLs unescaped.
///
/// # Errors
/// When the system's random source fails.
pub fn random_word() -> Result<String> {
    Ok(hex::encode(random_bytes::<24>()?))
}
