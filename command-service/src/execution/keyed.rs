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
        let idempotency = match &call.idempotency_key {
            Some(key) => {
                let (kind, subject) = (call.principal.kind.as_str(), &*call.principal.subject);
                IdempotencyKey {
                    key: digest(&[kind, subject, operation, key].map(str::as_bytes)),
                    fingerprint: fingerprint(operation, target, body),
                    internal: false,
                }
            }
            None => IdempotencyKey {
                key: digest(&[b"internal", clock::new_id().as_bytes()]),
                // Only the store's own retries come under it again, and they are the same request.
                fingerprint: [0; 32],
                internal: true,
            },
        };
        Self { idempotency }
    }
}

fn fingerprint(operation: &str, target: &str, body: &Value) -> [u8; 32] {
    // Written in one piece: its length goes before it, and a hash is slow at the many small parts of a writer.
    // A value can always be written; the slower way is there for the compiler.
    let body = serde_json::to_vec(body).unwrap_or_else(|_never| body.to_string().into_bytes());
    digest(&[operation.as_bytes(), target.as_bytes(), &body])
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use orderfold_events::{Actor, Timestamp};
    use orderfold_http::{Principal, PrincipalKind, RequestContext};
    use serde_json::json;

    use super::*;
    use crate::execution::Precondition;

    const TARGET: &str = "01990000-0000-7000-8000-000000000002";

    fn body() -> Value {
        json!({
            "rate": 0.5, "note": null, "gift": true, "empty": {}, "none": [],
            "lines": [{"unit_price": 1999, "sku": "Ü-1 \"x\"\n", "quantity": 2}],
            "customer_id": "01990000-0000-7000-8000-000000000001",
        })
    }

    fn keyed(key: Option<&str>, body: &Value) -> IdempotencyKey {
        let call = Call {
            principal: Principal::new(PrincipalKind::Staff, "till-7", None, ""),
            actor: Actor("staff:7".to_owned()),
            context: RequestContext::new(None, None),
            idempotency_key: key.map(str::to_owned),
            precondition: Precondition::Any,
            dry_run: false,
            likely_repeated: false,
            now: Timestamp::from(clock::now()),
            deadline: Call::deadline(),
        };
        KeyedRequest::new(&call, "place_order", TARGET, body).idempotency
    }

    /// Both stand in databases: a release that makes others takes every retry for another request.
    #[test]
    fn key_and_fingerprint_are_what_they_always_were() {
        let IdempotencyKey {
            key,
            fingerprint,
            internal,
        } = keyed(Some("key-1"), &body());
        assert_eq!(
            hex::encode(key),
            "feae3f71c63abafaf0b85eb3853dc123244d3d4a0438d51738a738229d01b3e5"
        );
        assert_eq!(
            hex::encode(fingerprint),
            "be01eb1e35d8146c6ec9d75a72af97c24399d21d5c66da59e02fbd5a81c55e21"
        );
        assert!(!internal);
    }

    #[test]
    fn a_fingerprint_tells_bodies_apart_but_not_their_spelling() {
        let spelled = serde_json::from_str(r#"{ "b" : 1, "a" : "\u0078" }"#).unwrap();
        let of = |body: &Value| keyed(Some("key-1"), body).fingerprint;
        assert_eq!(of(&json!({"a": "x", "b": 1})), of(&spelled));
        assert_ne!(
            of(&json!({"a": "x", "b": 1})),
            of(&json!({"a": "x", "b": "1"}))
        );
    }

    #[test]
    fn without_a_key_every_request_has_one_of_its_own() {
        let (one, other) = (keyed(None, &body()), keyed(None, &body()));
        assert!(one.internal && other.internal);
        assert_ne!(one.key, other.key);
    }
}
