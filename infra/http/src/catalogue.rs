//! The closed list of problem codes: every code a service can answer, what it means and what to do about it.

use axum::http::StatusCode;

/// One kind of problem; its `type` is `/problems/<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemCode {
    pub code: &'static str,
    pub status: StatusCode,
    pub title: &'static str,
    /// What the caller should do about it.
    pub remedy: &'static str,
}

impl ProblemCode {
    #[must_use]
    pub const fn new(
        code: &'static str,
        status: StatusCode,
        title: &'static str,
        remedy: &'static str,
    ) -> Self {
        Self {
            code,
            status,
            title,
            remedy,
        }
    }
}

pub const INVALID_BODY: ProblemCode = ProblemCode::new(
    "invalid_body",
    StatusCode::BAD_REQUEST,
    "The body is not JSON",
    "Send one JSON object in UTF-8, and no member twice.",
);
pub const INVALID_REQUEST: ProblemCode = ProblemCode::new(
    "invalid_request",
    StatusCode::BAD_REQUEST,
    "The request cannot be read",
    "Check the request line and the headers against the API's description.",
);
pub const INVALID_FIELDS: ProblemCode = ProblemCode::new(
    "invalid_fields",
    StatusCode::UNPROCESSABLE_ENTITY,
    "Some fields are not valid",
    "Correct every field that `errors` points at. A pointer into the body starts with the member's name; one that \
     starts with /query or /headers names a parameter or a header.",
);
pub const UNAUTHENTICATED: ProblemCode = ProblemCode::new(
    "unauthenticated",
    StatusCode::UNAUTHORIZED,
    "Nobody is known to be calling",
    "Send a bearer token that is signed by the issuer, is meant for `orderfold`, and has not expired.",
);
pub const INSUFFICIENT_SCOPE: ProblemCode = ProblemCode::new(
    "insufficient_scope",
    StatusCode::FORBIDDEN,
    "The token does not allow this",
    "Ask for a token with the scope that `scope` names.",
);
pub const NOT_FOUND: ProblemCode = ProblemCode::new(
    "not_found",
    StatusCode::NOT_FOUND,
    "There is nothing at this path",
    "Check the path against the API's description.",
);
pub const METHOD_NOT_ALLOWED: ProblemCode = ProblemCode::new(
    "method_not_allowed",
    StatusCode::METHOD_NOT_ALLOWED,
    "This path does not take this method",
    "Use one of the methods that the header `Allow` lists.",
);
pub const NOT_ACCEPTABLE: ProblemCode = ProblemCode::new(
    "not_acceptable",
    StatusCode::NOT_ACCEPTABLE,
    "This cannot be answered in that form",
    "Accept application/json.",
);
pub const REQUEST_TIMEOUT: ProblemCode = ProblemCode::new(
    "request_timeout",
    StatusCode::REQUEST_TIMEOUT,
    "The request took too long to arrive",
    "Send it again, faster.",
);
pub const BODY_TOO_LARGE: ProblemCode = ProblemCode::new(
    "body_too_large",
    StatusCode::PAYLOAD_TOO_LARGE,
    "The body is too large",
    "Send at most as many bytes as `bytes_max` says.",
);
pub const HEADERS_TOO_LARGE: ProblemCode = ProblemCode::new(
    "headers_too_large",
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "The headers are too large",
    "Send at most as many bytes of headers as `bytes_max` says.",
);
pub const UNSUPPORTED_MEDIA_TYPE: ProblemCode = ProblemCode::new(
    "unsupported_media_type",
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "The body is of a type that this operation does not take",
    "Send the media type that the API's description names.",
);
pub const INTERNAL: ProblemCode = ProblemCode::new(
    "internal",
    StatusCode::INTERNAL_SERVER_ERROR,
    "Something is wrong on our side",
    "Report it with the request id. With the same idempotency key it is safe to try again.",
);
pub const UNAVAILABLE: ProblemCode = ProblemCode::new(
    "unavailable",
    StatusCode::SERVICE_UNAVAILABLE,
    "The service cannot answer now",
    "Try again after as many seconds as `Retry-After` says, with the same idempotency key: whether the first attempt \
     took effect is then known.",
);

/// The codes that both services share.
pub const SHARED: &[ProblemCode] = &[
    INVALID_BODY,
    INVALID_REQUEST,
    INVALID_FIELDS,
    UNAUTHENTICATED,
    INSUFFICIENT_SCOPE,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    NOT_ACCEPTABLE,
    REQUEST_TIMEOUT,
    BODY_TOO_LARGE,
    HEADERS_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    INTERNAL,
    UNAVAILABLE,
];

/// Every code of one service.
#[derive(Debug, Clone, Copy)]
pub struct Catalogue {
    /// The service's own codes.
    pub own: &'static [ProblemCode],
}

impl Catalogue {
    pub fn codes(self) -> impl Iterator<Item = &'static ProblemCode> {
        SHARED.iter().chain(self.own)
    }

    #[must_use]
    pub fn find(self, code: &str) -> Option<&'static ProblemCode> {
        self.codes().find(|known| known.code == code)
    }

    /// The shared code for a status that a framework answered by itself.
    #[must_use]
    pub fn of_status(status: StatusCode) -> ProblemCode {
        let shared = SHARED.iter().find(|known| known.status == status).copied();
        shared.unwrap_or(if status.is_client_error() {
            INVALID_REQUEST
        } else {
            INTERNAL
        })
    }
}
