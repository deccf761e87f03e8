//! Tokens that were verified a moment ago, so that the next request of the same caller does not pay for the signature
//! again. It holds digests and never a token, and nothing of a token that was refused.

use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::future::Cache;
use sha2::{Digest, Sha256};

use crate::auth::Principal;

/// Tokens remembered at once; a further one takes the place of one that is seldom used. Only tokens that the issuer
/// signed get in, each with less than the 8 KiB that a token may have.
const TOKENS_MAX: u64 = 10_000;
/// How long a token is believed before it is checked again.
const LIFE: Duration = Duration::from_mins(1);

/// A token as far as it is kept: two tokens that differ in one byte have nothing in common here.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenDigest([u8; 32]);

impl TokenDigest {
    pub(crate) fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

#[derive(Clone)]
struct Verified {
    principal: Principal,
    /// Seconds since 1970, as the token has it, without any leeway.
    expires_at: i64,
}

pub(crate) struct VerifiedTokens(Cache<TokenDigest, Verified>);

impl VerifiedTokens {
    pub(crate) fn new() -> Self {
        let cache = Cache::builder()
            .max_capacity(TOKENS_MAX)
            .time_to_live(LIFE)
            .build();
        Self(cache)
    }

    /// Whom a token speaks of that was verified less than a minute ago and has not expired since.
    pub(crate) async fn find(&self, token: &TokenDigest, now: DateTime<Utc>) -> Option<Principal> {
        let verified = self.0.get(token).await?;
        (now.timestamp() < verified.expires_at).then_some(verified.principal)
    }

    pub(crate) async fn remember(&self, token: TokenDigest, principal: Principal, expires_at: i64) {
        let verified = Verified {
            principal,
            expires_at,
        };
        self.0.insert(token, verified).await;
    }

    /// The most that is kept, and for how long.
    #[cfg(test)]
    pub(crate) fn bounds(&self) -> (Option<u64>, Option<Duration>) {
        let policy = self.0.policy();
        (policy.max_capacity(), policy.time_to_live())
    }
}
