//! Secrets of the configuration: base64 of random bytes, and enough of them.

use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretSlice, SecretString};

const BYTES_MIN: usize = 32;

/// Why a configured secret cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("{0} is not base64")]
    NotBase64(&'static str),
    #[error("{0} has fewer than {BYTES_MIN} bytes")]
    TooShort(&'static str),
}

/// The bytes of a secret of this name.
///
/// # Errors
/// [`SecretError`].
pub fn secret(name: &'static str, text: &SecretString) -> Result<SecretSlice<u8>, SecretError> {
    let bytes = STANDARD
        .decode(text.expose_secret())
        .map_err(|_malformed| SecretError::NotBase64(name))?;
    if bytes.len() < BYTES_MIN {
        return Err(SecretError::TooShort(name));
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_or_garbled_secret_is_refused_by_its_name() {
        let read = |text: &str| secret("MASTER_KEY", &text.into()).map(|_| ());
        assert_eq!(
            read("no base64!"),
            Err(SecretError::NotBase64("MASTER_KEY"))
        );
        let short = STANDARD.encode([1; 31]);
        assert_eq!(read(&short), Err(SecretError::TooShort("MASTER_KEY")));
        assert_eq!(read(&STANDARD.encode([1; 32])), Ok(()));
    }
}
