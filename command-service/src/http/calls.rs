//! The conditions of a call, from the headers and the query string of a request.

use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, Method, header, request::Parts},
};
use orderfold_events::{Timestamp, Version};
use orderfold_http::{
    Principal, Problem, RequestContext,
    api::{read_body, require_media_type},
    clock,
    fields::Errors,
    json,
    parameters::Parameters,
};
use serde_json::{Map, Value};

use crate::{
    app::Commands,
    execution::{Call, Precondition, Secrets},
};

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const IDEMPOTENCY_KEY: &str = "idempotency-key";
const KEY_CHARS_MAX: usize = 255;
/// The body of one command.
pub const COMMAND_BYTES_MAX: usize = 256 * 1024;

/// One command in one request: how it is meant, and its body.
pub struct CommandRequest {
    pub call: Call,
    pub body: Value,
}

impl FromRequest<Commands> for CommandRequest {
    type Rejection = Problem;

    async fn from_request(request: Request, commands: &Commands) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let principal = Principal::from_request_parts(&mut parts, commands).await?;
        let call = read_call(&mut parts, principal, &commands.secrets)?;
        let body = read_json(Request::from_parts(parts, body)).await?;
        Ok(Self { call, body })
    }
}

/// Whoever sends nothing, and does not call it JSON, says as much as `{}`: some commands need no more.
async fn read_json(request: Request) -> Result<Value, Problem> {
    let accepted = match *request.method() {
        Method::PATCH => &[JSON, MERGE_PATCH][..],
        _ => &[JSON],
    };
    let headers = request.headers().clone();
    let bytes = read_body(request, COMMAND_BYTES_MAX).await?;
    if bytes.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
        return Ok(Value::Object(Map::new()));
    }
    require_media_type(&headers, accepted)?;
    json::parse(&bytes)
}

fn read_call(parts: &mut Parts, principal: Principal, secrets: &Secrets) -> Result<Call, Problem> {
    let mut parameters = Parameters::read(parts.uri.query());
    let dry_run = parameters.parsed("dry_run", "true or false", |text| text.parse().ok());
    let dry_run = parameters.finish(dry_run.unwrap_or(false))?;
    let errors = Errors::default();
    let key =
        one(&parts.headers, IDEMPOTENCY_KEY, &errors).map(|text| idempotency_key(&text, &errors));
    let if_match = one(&parts.headers, header::IF_MATCH.as_str(), &errors);
    let precondition = if_match.map(|text| precondition(&text, &errors));
    let (key, precondition) = errors.finish(Some((key, precondition)))?;
    // Taken and not copied: nobody else reads this request.
    let context = parts.extensions.remove::<RequestContext>();
    Ok(Call {
        actor: secrets.actor(&principal),
        principal,
        context: context.unwrap_or_else(|| RequestContext::new(None, None)),
        idempotency_key: key.flatten(),
        precondition: precondition.flatten().unwrap_or_default(),
        dry_run,
        likely_repeated: false,
        now: Timestamp::from(clock::now()),
        deadline: Call::deadline(),
    })
}

/// A header that may stand once.
fn one(headers: &HeaderMap, name: &str, errors: &Errors) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() {
        errors.add(
            format!("/headers/{name}"),
            "duplicate",
            "must be given once",
        );
        return None;
    }
    match value.to_str() {
        Ok(text) => Some(text.trim().to_owned()),
        Err(_not_ascii) => {
            errors.add(
                format!("/headers/{name}"),
                "invalid_characters",
                "must be printable ASCII",
            );
            None
        }
    }
}

/// A key as the draft has it, a quoted string, or bare.
fn idempotency_key(text: &str, errors: &Errors) -> Option<String> {
    let key = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    if sane_key(key) {
        return Some(key.to_owned());
    }
    let detail =
        format!("must have between 1 and {KEY_CHARS_MAX} printable characters without quotes");
    errors.add("/headers/idempotency-key", "invalid_format", detail);
    None
}

/// Whether a text can be an idempotency key.
#[must_use]
pub fn sane_key(key: &str) -> bool {
    let printable = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
    (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(printable)
}

fn precondition(text: &str, errors: &Errors) -> Option<Precondition> {
    let read = parse_precondition(text);
    if read.is_none() {
        let detail = "must be one strong entity tag such as \"v7\", or *";
        errors.add("/headers/if-match", "invalid_format", detail);
    }
    read
}

/// `"v7"`, as commands answer it, or `"v7-<hash>"`, as reads do.
#[must_use]
pub fn parse_precondition(text: &str) -> Option<Precondition> {
    if text == "*" {
        return Some(Precondition::Any);
    }
    let tag = text.strip_prefix("\"v")?.strip_suffix('"')?;
    let version = tag.split_once('-').map_or(tag, |(version, _hash)| version);
    let canonical = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    let version = canonical.then(|| version.parse().ok()).flatten()?;
    Some(Precondition::Version(Version(version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_either_entity_tag() {
        let version = |number| Some(Precondition::Version(Version(number)));
        assert_eq!(parse_precondition("\"v7\""), version(7));
        assert_eq!(parse_precondition("\"v12-a0b1\""), version(12));
        assert_eq!(parse_precondition("*"), Some(Precondition::Any));
        for bad in [
            "v7",
            "\"7\"",
            "W/\"v7\"",
            "\"v\"",
            "\"v-1\"",
            "\"v7\", \"v8\"",
            "",
            "\"v99999999999\"",
        ] {
            assert_eq!(parse_precondition(bad), None, "{bad}");
        }
    }
}
