//! How much is let in: what is too much is refused at once, so that what is let in is answered in time.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::HeaderMap,
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tokio::sync::Semaphore;

use crate::{catalogue, problem::Problem};

/// What a public port bears.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests that are worked on at once; answers that are streamed count until they begin.
    pub requests_max: usize,
    /// Names and values of all headers of a request.
    pub header_bytes_max: usize,
    /// How long a caller may take to send a body.
    pub body_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_max: 2_048,
            header_bytes_max: 16 * 1024,
            body_timeout: BodyTimeout::default().0,
        }
    }
}

/// How long the caller may take to send the body of this request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyTimeout(pub Duration);

impl Default for BodyTimeout {
    fn default() -> Self {
        Self(Duration::from_secs(15))
    }
}

#[derive(Clone)]
struct Gate {
    limits: Limits,
    requests: Arc<Semaphore>,
}

/// Wraps a router so that it is asked no more than it bears.
pub fn bounded(router: Router, limits: Limits) -> Router {
    let requests = Arc::new(Semaphore::new(limits.requests_max));
    let gate = Gate { limits, requests };
    router.layer(middleware::from_fn_with_state(gate, admit))
}

/// Refuses without waiting and without reading on.
async fn admit(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let bytes_max = gate.limits.header_bytes_max;
    if header_bytes(request.headers()) > bytes_max {
        return Problem::from(catalogue::HEADERS_TOO_LARGE)
            .detail(format!("the headers must have at most {bytes_max} bytes"))
            .fact("bytes_max", bytes_max)
            .into_response();
    }
    let Ok(_permit) = gate.requests.try_acquire() else {
        metrics::counter!("orderfold_http_requests_shed_total").increment(1);
        return Problem::unavailable("too many requests are being answered").into_response();
    };
    request
        .extensions_mut()
        .insert(BodyTimeout(gate.limits.body_timeout));
    next.run(request).await
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum()
}
