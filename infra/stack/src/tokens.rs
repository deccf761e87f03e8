//! Tokens for callers of a stack: what an identity provider does in production.

use std::{fmt, str::FromStr, time::Duration};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    clock,
    error::{Result, StackError},
};

pub const ISSUER: &str = "orderfold";
pub const AUDIENCE: &str = "orderfold";

/// Every scope there is.
pub const ALL_SCOPES: &str = "customers:read customers:write customers:personal credit:write orders:read \
                              orders:place orders:write orders:backdate payments:write fulfilment:write \
                              reports:read ops:read ops:write";
const STAFF_SCOPES: &str = "customers:read customers:write customers:personal orders:read orders:place orders:write \
                            payments:write fulfilment:write reports:read ops:read";
const CUSTOMER_SCOPES: &str =
    "customers:read customers:write customers:personal orders:read orders:write";

/// The same principal in every token, so that idempotency keys hold from one token to the next.
const SERVICE_ID: Uuid = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001);
const STAFF_ID: Uuid = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0002);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    Service,
    Staff,
    Customer(Uuid),
}

impl Principal {
    /// What such a caller usually may.
    #[must_use]
    pub fn usual_scopes(self) -> &'static str {
        match self {
            Self::Service => ALL_SCOPES,
            Self::Staff => STAFF_SCOPES,
            Self::Customer(_) => CUSTOMER_SCOPES,
        }
    }

    fn id(self) -> Uuid {
        match self {
            Self::Service => SERVICE_ID,
            Self::Staff => STAFF_ID,
            Self::Customer(id) => id,
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Staff => "staff",
            Self::Customer(_) => "customer",
        }
    }
}

impl FromStr for Principal {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text.split_once(':') {
            None if text == "service" => Ok(Self::Service),
            None if text == "staff" => Ok(Self::Staff),
            Some(("customer", id)) => id
                .parse()
                .map(Self::Customer)
                .map_err(|error| format!("not a customer id: {error}")),
            _ => Err("expected `service`, `staff` or `customer:<id>`".to_owned()),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Customer(id) => write!(formatter, "customer:{id}"),
            _ => formatter.write_str(self.kind()),
        }
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: Uuid,
    iat: i64,
    exp: i64,
    scope: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<Uuid>,
}

/// A token that holds from now for `lifetime`.
///
/// # Errors
/// When the key cannot sign.
pub fn mint(
    key: &EncodingKey,
    principal: Principal,
    scopes: &str,
    lifetime: Duration,
) -> Result<String> {
    let issued_at = clock::now().timestamp();
    let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
    let claims = Claims {
        iss: ISSUER,
        aud: AUDIENCE,
        sub: principal.id(),
        iat: issued_at,
        exp: issued_at.saturating_add(seconds),
        scope: scopes,
        kind: principal.kind(),
        customer_id: match principal {
            Principal::Customer(id) => Some(id),
            Principal::Service | Principal::Staff => None,
        },
    };
    encode(&Header::new(Algorithm::EdDSA), &claims, key)
        .map_err(|error| StackError::failed(format!("sign a token for {principal}"), error))
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation, decode};
    use serde_json::Value;

    use super::*;
    use crate::keys::TokenKeys;

    #[test]
    fn a_token_passes_the_check_with_the_public_key_file_of_its_stack_and_of_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let other = tempfile::tempdir().expect("another folder");
        let keys = TokenKeys::in_folder(folder.path());
        let strange = TokenKeys::in_folder(other.path());
        keys.ensure().expect("keys");
        strange.ensure().expect("other keys");

        let customer = Principal::Customer(clock::new_id());
        let key = keys.signing_key().expect("a signing key");
        let token = mint(
            &key,
            customer,
            customer.usual_scopes(),
            Duration::from_mins(1),
        )
        .expect("a token");

        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        let check = |keys: &TokenKeys| {
            let pem = std::fs::read(keys.public_file()).expect("the public key");
            decode::<Value>(
                &token,
                &DecodingKey::from_ed_pem(&pem).expect("a public key"),
                &validation,
            )
        };
        let claims = check(&keys).expect("a valid token").claims;
        assert_eq!(claims["sub"], claims["customer_id"]);
        assert!(check(&strange).is_err(), "another stack's key must not do");
    }

    #[test]
    fn a_principal_reads_back_what_it_displays() {
        for principal in [
            Principal::Service,
            Principal::Staff,
            Principal::Customer(clock::new_id()),
        ] {
            assert_eq!(principal.to_string().parse(), Ok(principal));
        }
        assert!("customer:claire".parse::<Principal>().is_err());
        assert!("root".parse::<Principal>().is_err());
    }
}
