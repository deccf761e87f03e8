//! The public port's router: operations that nobody reaches without a token and a scope, and the layers around them
//! that make every answer carry a request id and every failure a problem document.

use axum::{
    Router,
    body::Bytes,
    extract::{FromRequest, MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::{Instant, timeout};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, Predicate,
        predicate::{DefaultPredicate, SizeAbove},
    },
};
use tracing::Instrument;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::{
    admission::{self, BodyTimeout},
    auth::{self, Access, TokenKey},
    catalogue::{self, Catalogue},
    context::{RequestContext, X_REQUEST_ID},
    documents,
    durations::Durations,
    json,
    problem::Problem,
};

/// How much of a body that is too large is still read, so that the caller gets to see the answer.
const DRAIN_BYTES_MAX: usize = 32 * 1024 * 1024;
/// An answer that goes out in one packet anyway is not worth a compressor.
const COMPRESSED_BYTES_MIN: u64 = 1_024;

/// The operations of a service. There is no way to add one without saying who may call it.
pub struct Operations<S> {
    router: OpenApiRouter<S>,
}

impl<S: Clone + Send + Sync + 'static> Operations<S> {
    /// Starts with the document that the operations will be part of.
    #[must_use]
    pub fn new(document: OpenApi) -> Self {
        Self {
            router: OpenApiRouter::with_openapi(document),
        }
    }

    /// Adds an operation, as `utoipa_axum::routes!` makes it.
    #[must_use]
    pub fn operation(self, access: Access, routes: UtoipaMethodRouter<S>) -> Self {
        let (schemas, paths, methods) = routes;
        let methods = methods.route_layer(middleware::from_fn_with_state(access, auth::authorize));
        Self {
            router: self.router.routes((schemas, paths, methods)),
        }
    }

    /// The whole public port, with its documents and layers.
    pub fn into_router(self, state: S, key: TokenKey, catalogue: Catalogue) -> Router {
        let (operations, document) = self.router.with_state(state).split_for_parts();
        let operations =
            operations.route_layer(middleware::from_fn_with_state(key, auth::authenticate));
        let router = operations.merge(documents::router(document, catalogue));
        let router = compressed(router);
        layered(admission::bounded(router, admission::Limits::default()))
    }

    /// The document alone, as it is served.
    #[must_use]
    pub fn into_document(self) -> OpenApi {
        self.router.split_for_parts().1
    }
}

fn compressed(router: Router) -> Router {
    let worth_it = DefaultPredicate::new().and(SizeAbove::new(COMPRESSED_BYTES_MIN));
    router.layer(CompressionLayer::new().compress_when(worth_it))
}

/// Wraps a router so that every answer has its request id and every failure is a problem document.
pub fn layered(router: Router) -> Router {
    router
        .fallback(|| async { Problem::from(catalogue::NOT_FOUND) })
        .method_not_allowed_fallback(|| async { StatusCode::METHOD_NOT_ALLOWED })
        .layer(CatchPanicLayer::custom(|_panic| {
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }))
        .layer(middleware::from_fn_with_state(
            Durations::default(),
            describe,
        ))
}

/// The outermost layer: gives the request its ids, writes the problem documents, the log line and the metrics.
async fn describe(
    State(durations): State<Durations>,
    mut request: Request,
    next: Next,
) -> Response {
    let context = RequestContext::of(request.headers());
    let uri = request.uri().clone();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    request.extensions_mut().insert(context.clone());
    let span = tracing::info_span!(
        "request",
        method = method.as_str(),
        route,
        request_id = context.request_id,
        trace_id = context.trace_id
    );
    let started = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = problem.render(uri.path(), &context, plain(response.headers()));
    } else if (status.is_client_error() || status.is_server_error()) && !is_problem(&response) {
        // Whatever a framework answered by itself, such as 405 with `Allow`.
        response = Problem::bare(status).render(uri.path(), &context, plain(response.headers()));
    }
    if let Ok(id) = HeaderValue::from_str(&context.request_id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    let elapsed = started.elapsed();
    span.in_scope(|| {
        tracing::info!(
            status = status.as_u16(),
            elapsed_ms = elapsed.as_millis(),
            "answered"
        );
    });
    durations.record(&method, route, status, elapsed);
    response
}

fn is_problem(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/problem+json"))
}

/// The headers that still hold when the body is another one.
fn plain(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in [
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::CONTENT_ENCODING,
        header::ETAG,
    ] {
        headers.remove(name);
    }
    headers
}

/// A JSON body: its bytes as sent, and what they say. An empty body is no JSON.
#[derive(Debug, Clone)]
pub struct JsonBody<const BYTES_MAX: usize> {
    pub bytes: Bytes,
    pub value: Value,
}

impl<S: Sync, const BYTES_MAX: usize> FromRequest<S> for JsonBody<BYTES_MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        require_media_type(request.headers(), &["application/json"])?;
        let bytes = read_body(request, BYTES_MAX).await?;
        let value = json::parse(&bytes)?;
        Ok(Self { bytes, value })
    }
}

/// Checks `Content-Type`, without its parameters.
///
/// # Errors
/// 415 `unsupported_media_type`.
pub fn require_media_type(headers: &HeaderMap, accepted: &[&str]) -> Result<(), Problem> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    if accepted
        .iter()
        .any(|known| known.eq_ignore_ascii_case(essence))
    {
        return Ok(());
    }
    let detail = format!("the body must be {}", accepted.join(" or "));
    Err(Problem::from(catalogue::UNSUPPORTED_MEDIA_TYPE).detail(detail))
}

/// Reads a body of at most so many bytes.
///
/// # Errors
/// 413 `body_too_large`, 408 `request_timeout` when it comes too slowly, 400 when it breaks off.
pub async fn read_body(request: Request, bytes_max: usize) -> Result<Bytes, Problem> {
    let allowed = request.extensions().get::<BodyTimeout>().copied();
    let allowed = allowed.unwrap_or_default();
    let reading = timeout(allowed.0, collect(request, bytes_max));
    reading
        .await
        .unwrap_or_else(|_elapsed| Err(catalogue::REQUEST_TIMEOUT.into()))
}

async fn collect(request: Request, bytes_max: usize) -> Result<Bytes, Problem> {
    let mut body = request.into_body().into_data_stream();
    let mut bytes = Vec::new();
    let mut total: usize = 0;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_broken| {
            Problem::from(catalogue::INVALID_REQUEST)
                .detail("the body broke off or is not encoded as it says")
        })?;
        total = total.saturating_add(chunk.len());
        if total <= bytes_max {
            bytes.extend_from_slice(&chunk);
        } else if total > DRAIN_BYTES_MAX {
            break;
        }
    }
    if total > bytes_max {
        return Err(Problem::from(catalogue::BODY_TOO_LARGE)
            .detail(format!("the body must have at most {bytes_max} bytes"))
            .fact("bytes_max", bytes_max));
    }
    Ok(bytes.into())
}

#[cfg(test)]
mod tests;
