//! What identifies a request: its own id, and the trace it belongs to (W3C trace context).

use axum::http::{HeaderMap, HeaderName};
use uuid::Uuid;

use crate::clock;

/// Ids of one request; an extension of every request, and in every problem document and log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestContext {
    /// As the caller sent it in `X-Request-Id`, where that is sane, else made here.
    pub request_id: String,
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// The caller's span, continued: what goes into the events that the request causes.
    pub traceparent: String,
    /// Groups everything that comes of the request.
    pub correlation_id: Uuid,
}

pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const REQUEST_ID_CHARS_MAX: usize = 128;

impl RequestContext {
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        Self::new(text(X_REQUEST_ID), text(TRACEPARENT))
    }

    #[must_use]
    pub fn new(request_id: Option<&str>, traceparent: Option<&str>) -> Self {
        let own = clock::new_id();
        let trace_id = traceparent
            .and_then(trace_id_of)
            .map_or_else(|| own.simple().to_string(), str::to_owned);
        // The random half of the request's own id, which is never zero.
        let (_, span) = own.as_u64_pair();
        let traceparent = format!("00-{trace_id}-{span:016x}-01");
        Self {
            request_id: request_id
                .filter(|id| sane(id))
                .map_or_else(|| own.to_string(), str::to_owned),
            trace_id,
            traceparent,
            correlation_id: own,
        }
    }
}

fn sane(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=REQUEST_ID_CHARS_MAX).contains(&id.len()) && id.bytes().all(allowed)
}

/// The trace id of a `traceparent` that keeps to the standard.
fn trace_id_of(traceparent: &str) -> Option<&str> {
    let mut parts = traceparent.split('-');
    let (version, trace_id) = (parts.next()?, parts.next()?);
    let (parent_id, flags) = (parts.next()?, parts.next()?);
    let hex = |text: &str, chars: usize| {
        text.len() == chars
            && text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    let valid = parts.next().is_none()
        && version == "00"
        && hex(trace_id, 32)
        && hex(parent_id, 16)
        && hex(flags, 2)
        && !zero(trace_id)
        && !zero(parent_id);
    valid.then_some(trace_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sane_request_id_and_trace_are_kept_and_others_are_replaced() {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let kept = RequestContext::new(Some("abc-1"), Some(trace));
        assert_eq!(
            (kept.request_id.as_str(), kept.trace_id.as_str()),
            ("abc-1", "0af7651916cd43dd8448eb211c80319c")
        );
        for bad in ["", "a b", "a\"b", &"x".repeat(129)] {
            assert_ne!(RequestContext::new(Some(bad), None).request_id, bad);
        }
        for bad in [
            "",
            "00-0-0-0",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        ] {
            let made = RequestContext::new(None, Some(bad));
            assert_eq!(made.trace_id.len(), 32, "{bad}");
            assert!(trace_id_of(&made.traceparent).is_some());
        }
    }
}
