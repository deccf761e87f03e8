//! Who calls: bearer tokens (JWT, EdDSA) checked against a key file, and the scopes they carry.

use std::{path::Path, sync::Arc};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    catalogue, clock,
    problem::Problem,
    verified::{TokenDigest, VerifiedTokens},
};

/// What tokens are meant for.
const AUDIENCE: &str = "orderfold";
/// Clocks of two machines may differ by this much.
const LEEWAY_SECONDS: u64 = 5;
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// What kind of caller it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrincipalKind {
    Service,
    Staff,
    Customer,
    /// The system itself; no token says so.
    #[serde(skip_deserializing)]
    System,
}

impl PrincipalKind {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Staff => "staff",
            Self::Customer => "customer",
            Self::System => "system",
        }
    }
}

/// Who calls. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub kind: PrincipalKind,
    /// `sub`: it may be a name or an address, and is never logged or stored as it is.
    pub subject: Arc<str>,
    /// The customer that the caller is; always there for the kind customer, and only there.
    pub customer: Option<Uuid>,
    /// Separated by white space, as the token has them.
    scopes: Arc<str>,
}

impl Principal {
    #[must_use]
    pub fn new(kind: PrincipalKind, subject: &str, customer: Option<Uuid>, scopes: &str) -> Self {
        Self {
            kind,
            subject: subject.into(),
            customer,
            scopes: scopes.into(),
        }
    }

    #[must_use]
    pub fn has(&self, scope: &str) -> bool {
        self.scopes.split_ascii_whitespace().any(|own| own == scope)
    }
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| unauthenticated("no token was sent"))
    }
}

/// Why tokens cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum TokenKeyError {
    #[error("the key file {path} cannot be read")]
    Unreadable {
        path: String,
        source: std::io::Error,
    },
    #[error("the key file {path} holds no Ed25519 public key in PEM")]
    NotAKey {
        path: String,
        source: jsonwebtoken::errors::Error,
    },
}

/// The key that tokens are checked against, and what they have to claim. Cheap to clone.
#[derive(Clone)]
pub struct TokenKey(Arc<Verification>);

struct Verification {
    key: DecodingKey,
    claims: Validation,
    verified: VerifiedTokens,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    scope: String,
    kind: Option<PrincipalKind>,
    customer_id: Option<Uuid>,
    /// Whatever it holds: the library judges it, and here it only bounds how long the token is remembered.
    #[serde(default)]
    exp: Value,
}

impl TokenKey {
    /// Reads a public key in PEM.
    ///
    /// # Errors
    /// [`TokenKeyError`].
    pub fn from_file(path: &Path, issuer: &str) -> Result<Self, TokenKeyError> {
        let shown = || path.display().to_string();
        let pem = std::fs::read(path).map_err(|source| TokenKeyError::Unreadable {
            path: shown(),
            source,
        })?;
        let key = DecodingKey::from_ed_pem(&pem).map_err(|source| TokenKeyError::NotAKey {
            path: shown(),
            source,
        })?;
        Ok(Self::new(key, issuer))
    }

    fn new(key: DecodingKey, issuer: &str) -> Self {
        // One algorithm, fixed here and not by the token (RFC 8725).
        let mut claims = Validation::new(Algorithm::EdDSA);
        claims.set_audience(&[AUDIENCE]);
        claims.set_issuer(&[issuer]);
        claims.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        claims.validate_nbf = true;
        claims.leeway = LEEWAY_SECONDS;
        Self(Arc::new(Verification {
            key,
            claims,
            verified: VerifiedTokens::new(),
        }))
    }

    async fn principal(&self, headers: &HeaderMap) -> Result<Principal, Problem> {
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        let token = match (given.next(), given.next()) {
            (Some(value), None) => bearer(value),
            (None, _) => return Err(unauthenticated("no token was sent")),
            (Some(_), Some(_)) => None,
        };
        let token = token
            .ok_or_else(|| unauthenticated("the header Authorization holds no bearer token"))?;
        let verified = &self.0.verified;
        let digest = TokenDigest::of(token);
        if let Some(principal) = verified.find(&digest, clock::now()).await {
            return Ok(principal);
        }
        let (principal, expires_at) = self.verify(token)?;
        if let Some(expires_at) = expires_at {
            verified
                .remember(digest, principal.clone(), expires_at)
                .await;
        }
        Ok(principal)
    }

    /// Checks a token itself: who it speaks of, and its `exp` where that is a whole number of seconds.
    fn verify(&self, token: &str) -> Result<(Principal, Option<i64>), Problem> {
        let claims = decode::<Claims>(token, &self.0.key, &self.0.claims)
            .map_err(|error| unauthenticated(reason(error.kind())))?
            .claims;
        let kind = claims.kind.unwrap_or(match claims.customer_id {
            Some(_) => PrincipalKind::Customer,
            None => PrincipalKind::Service,
        });
        if claims.sub.is_empty()
            || (kind == PrincipalKind::Customer) != claims.customer_id.is_some()
        {
            return Err(unauthenticated("the token's claims contradict each other"));
        }
        let principal = Principal::new(kind, &claims.sub, claims.customer_id, &claims.scope);
        Ok((principal, claims.exp.as_i64()))
    }
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    let sane = scheme.eq_ignore_ascii_case("bearer")
        && !token.is_empty()
        && token.len() <= TOKEN_BYTES_MAX;
    sane.then_some(token)
}

/// What is wrong with a token, without a word of it.
fn reason(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match kind {
        ErrorKind::ExpiredSignature => "the token has expired",
        ErrorKind::ImmatureSignature => "the token is not valid yet",
        ErrorKind::InvalidSignature => "the token's signature is not valid",
        ErrorKind::InvalidIssuer => "the token is from another issuer",
        ErrorKind::InvalidAudience => "the token is meant for another service",
        ErrorKind::MissingRequiredClaim(_) => "the token lacks one of exp, iss, aud and sub",
        _ => "the token cannot be read",
    }
}

fn unauthenticated(detail: &str) -> Problem {
    Problem::from(catalogue::UNAUTHENTICATED)
        .detail(detail)
        .header(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"orderfold\""),
        )
}

/// Lets nobody pass who is not known; whoever passes is an extension of the request.
pub(crate) async fn authenticate(
    State(key): State<TokenKey>,
    mut request: Request,
    next: Next,
) -> Response {
    match key.principal(request.headers()).await {
        Ok(principal) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy)]
pub struct Access {
    scope: Option<&'static str>,
    customers: bool,
}

impl Access {
    /// Whoever works for the business and has the scope.
    #[must_use]
    pub const fn scope(scope: &'static str) -> Self {
        Self {
            scope: Some(scope),
            customers: false,
        }
    }

    /// Anybody who is known: what is asked for inside has scopes of its own.
    #[must_use]
    pub const fn authenticated() -> Self {
        Self {
            scope: None,
            customers: true,
        }
    }

    /// A customer with the scope as well; the operation itself keeps each to what is theirs.
    #[must_use]
    pub const fn or_customer(self) -> Self {
        Self {
            customers: true,
            ..self
        }
    }

    /// Whether the principal may call the operation.
    ///
    /// # Errors
    /// 403 `insufficient_scope`.
    pub fn check(self, principal: &Principal) -> Result<(), Problem> {
        let refused = Problem::from(catalogue::INSUFFICIENT_SCOPE).fact("scope", self.scope);
        if principal.kind == PrincipalKind::Customer && !self.customers {
            return Err(refused.detail("customers cannot do this"));
        }
        match self.scope {
            Some(scope) if !principal.has(scope) => {
                Err(refused.detail(format!("the scope {scope} is needed")))
            }
            Some(_) | None => Ok(()),
        }
    }
}

pub(crate) async fn authorize(
    State(access): State<Access>,
    principal: Principal,
    request: Request,
    next: Next,
) -> Response {
    match access.check(&principal) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

#[cfg(test)]
mod tests;
