//! Problem documents (RFC 9457): the one form of every answer from 400 on.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use crate::{
    catalogue::{self, Catalogue, ProblemCode},
    context::RequestContext,
    fields::FieldError,
};

/// A problem on its way to the caller. As a response it is only a note; the outermost layer writes the document,
/// because only that knows the request.
#[derive(Debug, Clone)]
pub struct Problem(Box<Content>);

#[derive(Debug, Clone)]
struct Content {
    code: ProblemCode,
    /// Where the status of a framework's own refusal has no code of its own.
    status: StatusCode,
    detail: Option<String>,
    errors: Vec<FieldError>,
    facts: Map<String, Value>,
    headers: HeaderMap,
}

impl From<ProblemCode> for Problem {
    fn from(code: ProblemCode) -> Self {
        Self(Box::new(Content {
            code,
            status: code.status,
            detail: None,
            errors: Vec::new(),
            facts: Map::new(),
            headers: HeaderMap::new(),
        }))
    }
}

impl Problem {
    /// 422 with a pointer for every field at fault.
    #[must_use]
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.len() {
            1 => "1 field is not valid".to_owned(),
            count => format!("{count} fields are not valid"),
        };
        let mut problem = Self::from(catalogue::INVALID_FIELDS).detail(detail);
        problem.0.errors = errors;
        problem
    }

    /// 422 for one field.
    #[must_use]
    pub fn invalid_field(pointer: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self::invalid_fields(vec![FieldError {
            pointer: pointer.to_owned(),
            code,
            detail: detail.into(),
        }])
    }

    /// 503 with `Retry-After`.
    #[must_use]
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::from(catalogue::UNAVAILABLE)
            .detail(detail)
            .retry_after_seconds(1)
    }

    /// What went wrong this time, for a person.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// A member of its own that explains the refusal.
    #[must_use]
    pub fn fact(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.facts.insert(name.to_owned(), value.into());
        self
    }

    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    #[must_use]
    pub fn retry_after_seconds(self, seconds: u16) -> Self {
        self.header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    #[must_use]
    pub fn code(&self) -> ProblemCode {
        self.0.code
    }

    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What a retry has to be told again: all but the ids of the request.
    pub fn kept(&self) -> Value {
        json!({"code": self.0.code.code, "detail": self.0.detail, "facts": self.0.facts})
    }

    /// Reads what was kept; `None` when this release does not know the code any more.
    #[must_use]
    pub fn from_kept(catalogue: Catalogue, kept: &Value) -> Option<Self> {
        let code = catalogue.find(kept.get("code")?.as_str()?)?;
        let mut problem = Self::from(*code);
        problem.0.detail = kept
            .get("detail")
            .and_then(Value::as_str)
            .map(str::to_owned);
        if let Some(Value::Object(facts)) = kept.get("facts") {
            problem.0.facts.clone_from(facts);
        }
        Some(problem)
    }

    /// What a framework answered without a document of its own.
    pub(crate) fn bare(status: StatusCode) -> Self {
        let mut problem = Self::from(Catalogue::of_status(status));
        problem.0.status = status;
        problem
    }

    /// The document, as it answers a request or a line of one.
    #[must_use]
    pub fn document(&self, instance: &str, context: &RequestContext) -> Value {
        let mut document = Map::new();
        document.insert(
            "type".to_owned(),
            format!("/problems/{}", self.0.code.code).into(),
        );
        document.insert("title".to_owned(), self.0.code.title.into());
        document.insert("status".to_owned(), self.0.status.as_u16().into());
        document.insert("code".to_owned(), self.0.code.code.into());
        document.insert(
            "detail".to_owned(),
            self.0.detail.as_deref().unwrap_or(self.0.code.title).into(),
        );
        document.insert("instance".to_owned(), instance.into());
        document.insert("request_id".to_owned(), context.request_id.clone().into());
        document.insert("trace_id".to_owned(), context.trace_id.clone().into());
        if !self.0.errors.is_empty() {
            document.insert("errors".to_owned(), json!(self.0.errors));
        }
        document.extend(self.0.facts.clone());
        Value::Object(document)
    }

    /// The whole answer.
    pub(crate) fn render(
        &self,
        instance: &str,
        context: &RequestContext,
        base: HeaderMap,
    ) -> Response {
        let body = self.document(instance, context).to_string();
        let mut response = (self.0.status, base, body).into_response();
        response.headers_mut().extend(self.0.headers.clone());
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
