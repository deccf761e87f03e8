//! The two forms of an answer: one resource with an `ETag`, and a page of a list with a link to the next.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use axum_extra::headers::{ETag, HeaderMapExt, IfNoneMatch};
use orderfold_events::Version;
use orderfold_http::{Problem, catalogue};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{cursor::Binding, freshness::FreshnessBody, standing::Standing};
use crate::database::reading::Rows;

/// Bytes of the hash that an `ETag` shows.
const HASH_BYTES: usize = 12;

/// JSON that caches must ask again about.
const JSON_HEADERS: [(HeaderName, &str); 2] = [
    (header::CONTENT_TYPE, "application/json"),
    (header::CACHE_CONTROL, "private, no-cache"),
];

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T: ToSchema> {
    pub data: Vec<T>,
    /// What `cursor` takes for the next page; null on the last.
    pub next_cursor: Option<String>,
    pub has_more: bool,
    pub freshness: FreshnessBody,
}

/// What answers share: JSON, how fresh they are, and that caches must ask again.
fn answer(status: StatusCode, standing: &Standing, body: Vec<u8>) -> Response {
    (status, JSON_HEADERS, standing.headers(), body).into_response()
}

fn json(body: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(body).map_err(|error| {
        tracing::error!(%error, "an answer has no JSON form");
        catalogue::INTERNAL.into()
    })
}

/// Any answer that is neither one resource nor a list.
///
/// # Errors
/// `internal` when the body has no JSON form.
pub fn report(standing: &Standing, body: &impl Serialize) -> Result<Response, Problem> {
    Ok(answer(StatusCode::OK, standing, json(body)?))
}

/// A file of some type and name, streamed.
pub fn file(standing: &Standing, (media_type, name): (&str, &str), body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    (StatusCode::OK, headers, standing.headers(), body).into_response()
}

/// An answer about the service itself, which is as fresh as it says.
///
/// # Errors
/// `internal` when the body has no JSON form.
pub fn operation(status: StatusCode, body: &impl Serialize) -> Result<Response, Problem> {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((status, headers, json(body)?).into_response())
}

/// One resource: with a strong `ETag` of its version and of what is shown, and 304 to those who have that.
///
/// # Errors
/// `internal` when the body has no JSON form.
pub fn resource(
    request: &HeaderMap,
    standing: &Standing,
    version: Version,
    body: &impl Serialize,
) -> Result<Response, Problem> {
    let body = json(body)?;
    let tag = entity_tag(version, &body);
    Ok(tagged(
        request,
        &tag,
        |status, body| answer(status, standing, body),
        body,
    ))
}

/// What changes with releases alone: with a strong `ETag` of what is shown, and nothing about freshness.
///
/// # Errors
/// `internal` when the body has no JSON form.
pub fn constant(request: &HeaderMap, body: &impl Serialize) -> Result<Response, Problem> {
    let body = json(body)?;
    let tag = format!("\"{}\"", short_hash(&body));
    let answer = |status, body: Vec<u8>| (status, JSON_HEADERS, body).into_response();
    Ok(tagged(request, &tag, answer, body))
}

/// The body with its tag, or 304 to those who have it.
fn tagged(
    request: &HeaderMap,
    tag: &str,
    answer: impl FnOnce(StatusCode, Vec<u8>) -> Response,
    body: Vec<u8>,
) -> Response {
    let known = request
        .typed_get::<IfNoneMatch>()
        .zip(tag.parse::<ETag>().ok())
        .is_some_and(|(condition, tag)| !condition.precondition_passes(&tag));
    let mut response = if known {
        let mut response = answer(StatusCode::NOT_MODIFIED, Vec::new());
        response.headers_mut().remove(header::CONTENT_TYPE);
        response
    } else {
        answer(StatusCode::OK, body)
    };
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn entity_tag(version: Version, body: &[u8]) -> String {
    format!("\"v{version}-{}\"", short_hash(body))
}

fn short_hash(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    hex::encode(&hash[..HASH_BYTES])
}

/// A page of a list.
///
/// # Errors
/// `internal` when a row has no JSON form.
pub fn page<T: Serialize + ToSchema>(
    uri: &Uri,
    standing: &Standing,
    binding: Binding,
    rows: Rows<T>,
) -> Result<Response, Problem> {
    let next_cursor = rows.next.map(|place| binding.encode(place));
    let link = next_cursor.as_deref().map(|cursor| next_link(uri, cursor));
    let body = json(&Page {
        data: rows.data,
        has_more: next_cursor.is_some(),
        next_cursor,
        freshness: standing.freshness(),
    })?;
    let mut response = answer(StatusCode::OK, standing, body);
    if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// The same request with another cursor (RFC 8288).
fn next_link(uri: &Uri, cursor: &str) -> String {
    let kept = uri.query().unwrap_or_default().split('&');
    let kept = kept.filter(|part| !part.is_empty() && !part.starts_with("cursor="));
    let mut query: Vec<&str> = kept.collect();
    let cursor = format!("cursor={cursor}");
    query.push(&cursor);
    format!("<{}?{}>; rel=\"next\"", uri.path(), query.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_to_the_next_page_keeps_the_question() {
        let link = |uri: &str| next_link(&uri.parse().unwrap(), "abc");
        assert_eq!(link("/v1/orders"), "</v1/orders?cursor=abc>; rel=\"next\"");
        assert_eq!(
            link("/v1/orders?limit=2&cursor=old&channel=a%20b"),
            "</v1/orders?limit=2&channel=a%20b&cursor=abc>; rel=\"next\""
        );
    }

    #[test]
    fn another_body_or_version_is_another_tag() {
        let tag = entity_tag(Version(7), b"a");
        assert!(tag.starts_with("\"v7-") && tag.parse::<ETag>().is_ok());
        assert_ne!(tag, entity_tag(Version(7), b"b"));
        assert_ne!(tag, entity_tag(Version(8), b"a"));
    }
}
