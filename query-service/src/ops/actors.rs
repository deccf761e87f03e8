//! Who operates, as audit records may know it: an id as it is, anything else only as a code that the same caller
//! always has.

use hmac::{Hmac, KeyInit, Mac};
use orderfold_http::Principal;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use uuid::Uuid;

/// Names callers without naming them.
#[derive(Debug, Clone)]
pub struct Actors(SecretString);

impl Actors {
    /// `key` makes the codes; nobody without it can tell whose they are.
    #[must_use]
    pub fn new(key: SecretString) -> Self {
        Self(key)
    }

    /// The caller.
    #[must_use]
    pub fn name(&self, principal: &Principal) -> String {
        let kind = principal.kind.as_str();
        match Uuid::try_parse(&principal.subject) {
            Ok(id) => format!("{kind}:{id}"),
            Err(_other_text) => format!("{kind}:{}", self.code(&principal.subject)),
        }
    }

    fn code(&self, subject: &str) -> String {
        // A key of any length will do.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.expose_secret().as_bytes()) else {
            return String::new();
        };
        mac.update(b"operator\0");
        mac.update(subject.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use orderfold_http::PrincipalKind;

    use super::*;

    #[test]
    fn an_id_stays_and_a_name_is_not_told() {
        let actors = Actors::new(SecretString::from("key"));
        let name = |subject| actors.name(&Principal::new(PrincipalKind::Staff, subject, None, ""));
        let id = "0199d3c4-7f00-7abc-8def-0123456789ab";
        assert_eq!(name(id), format!("staff:{id}"));
        let code = name("claire@example.com");
        assert!(!code.contains("claire"), "{code}");
        assert_eq!(code, name("claire@example.com"));
        assert_ne!(code, name("eve@example.com"));
    }
}
