//! Tokens of a key that exists only here, checked for the first time and again.

use std::time::Duration;

use axum::http::HeaderMap;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

use super::*;

const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIBngOwxE0jhMkLeiWxDKLTkIkj8ElANx/lo92JbDEUGI
-----END PRIVATE KEY-----";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEADFju6jTK7obSnHWkcmInDJkOPW15b2FGpCUny/Qsg6U=
-----END PUBLIC KEY-----";

fn key() -> TokenKey {
    TokenKey::new(
        DecodingKey::from_ed_pem(PUBLIC.as_bytes()).unwrap(),
        "issuer",
    )
}

fn signed(claims: &Value) -> String {
    let key = EncodingKey::from_ed_pem(PRIVATE.as_bytes()).unwrap();
    encode(&Header::new(Algorithm::EdDSA), claims, &key).unwrap()
}

fn token(audience: &str, exp: &Value) -> String {
    signed(&json!({
        "sub": "till-7", "iss": "issuer", "aud": audience, "exp": exp, "kind": "staff",
        "scope": "orders:read  orders:write",
    }))
}

fn headers(token: &str) -> HeaderMap {
    let value = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    HeaderMap::from_iter([(header::AUTHORIZATION, value)])
}

async fn remembered(key: &TokenKey, token: &str, at: DateTime<Utc>) -> Option<Principal> {
    key.0.verified.find(&TokenDigest::of(token), at).await
}

#[tokio::test]
async fn a_verified_token_is_remembered_as_what_it_was_verified_to_be() {
    let (key, now) = (key(), clock::now());
    let token = token(AUDIENCE, &json!(now.timestamp() + 3_600));
    assert_eq!(remembered(&key, &token, now).await, None);
    let first = key.principal(&headers(&token)).await.unwrap();
    assert_eq!(
        first,
        Principal::new(
            PrincipalKind::Staff,
            "till-7",
            None,
            "orders:read  orders:write"
        )
    );
    assert_eq!(remembered(&key, &token, now).await.as_ref(), Some(&first));
    let again = key.principal(&headers(&token)).await.unwrap();
    assert_eq!(again, first);
    assert!(again.has("orders:write") && !again.has("orders") && !again.has(""));
}

#[tokio::test]
async fn a_token_is_not_remembered_beyond_its_expiry_nor_for_longer_than_a_minute() {
    let (key, now) = (key(), clock::now());
    let exp = now.timestamp() + 30;
    let token = token(AUDIENCE, &json!(exp));
    key.principal(&headers(&token)).await.unwrap();
    let expiry = DateTime::from_timestamp(exp, 0).unwrap();
    let before = expiry - TimeDelta::milliseconds(1);
    assert!(remembered(&key, &token, before).await.is_some());
    assert_eq!(remembered(&key, &token, expiry).await, None);
    assert_eq!(
        key.0.verified.bounds(),
        (Some(10_000), Some(Duration::from_mins(1)))
    );
}

#[tokio::test]
async fn a_token_with_a_broken_expiry_is_not_remembered() {
    let (key, now) = (key(), clock::now());
    for exp in [json!("soon"), json!(null), json!({})] {
        let token = token(AUDIENCE, &exp);
        assert!(key.principal(&headers(&token)).await.is_err(), "{exp}");
        assert_eq!(remembered(&key, &token, now).await, None, "{exp}");
    }
    let fraction = json!(
        format!("{}.5", now.timestamp() + 60)
            .parse::<serde_json::Number>()
            .unwrap()
    );
    let token = token(AUDIENCE, &fraction);
    assert!(key.principal(&headers(&token)).await.is_ok());
    assert_eq!(remembered(&key, &token, now).await, None);
}

#[tokio::test]
async fn a_token_that_differs_in_one_byte_from_a_remembered_one_is_refused() {
    let (key, now) = (key(), clock::now());
    let token = token(AUDIENCE, &json!(now.timestamp() + 3_600));
    key.principal(&headers(&token)).await.unwrap();
    for place in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let other = String::from_utf8(bytes).unwrap();
        let refused = key.principal(&headers(&other)).await.unwrap_err();
        assert_eq!(refused.code(), catalogue::UNAUTHENTICATED, "byte {place}");
        assert_eq!(remembered(&key, &other, now).await, None, "byte {place}");
    }
}

#[tokio::test]
async fn a_refused_token_is_not_remembered() {
    let (key, now) = (key(), clock::now());
    let hour = now.timestamp() + 3_600;
    for token in [
        token(AUDIENCE, &json!(now.timestamp() - 3_600)),
        token("another service", &json!(hour)),
        signed(&json!({"sub": "", "iss": "issuer", "aud": AUDIENCE, "exp": hour})),
        signed(
            &json!({"sub": "x", "iss": "issuer", "aud": AUDIENCE, "exp": hour, "kind": "customer"}),
        ),
        signed(
            &json!({"sub": "x", "iss": "issuer", "aud": AUDIENCE, "exp": hour, "nbf": hour - 60}),
        ),
    ] {
        for _ in 0..2 {
            assert!(key.principal(&headers(&token)).await.is_err());
            assert_eq!(remembered(&key, &token, now).await, None);
        }
    }
}
