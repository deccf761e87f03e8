//! What makes a command recognisable when it comes again: its key, and a fingerprint of what it asked for.

use orderfold_http::clock;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Call;
use crate::event_sourcing::IdempotencyKey;

/// A command under its key.
#[derive(Debug, Clone)]
pub struct KeyedRequest {
    pub idempotency: IdempotencyKey,
}

impl KeyedRequest {
    /// The key is the caller's own, per principal and operation, or a new one; the fingerprint covers operation,
    /// target and body. Bodies that differ in white space or in the order of members are the same.
    #[must_use]
    pub fn new(call: &Call, operation: &str, target: &str, body: &Value) -> Self {
        let key = match &call.idempotency_key {
            Some(key) => {
                let principal = &call.principal;
                digest(&[principal.kind.as_str(), &principal.subject, operation, key])
            }
            None => digest(&["internal", &clock::new_id().to_string()]),
        };
        let fingerprint = digest(&[operation, target, &body.to_string()]);
        let internal = call.idempotency_key.is_none();
        Self {
            idempotency: IdempotencyKey {
                key,
                fingerprint,
                internal,
            },
        }
    }
}

fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
