//! The layers around operations, as a caller sees them.

use axum::{body::Body, routing::get};
use tower::ServiceExt;

use super::*;

/// An operation that answers as many bytes as it is asked for.
fn router() -> Router {
    let sized = |query: axum::extract::RawQuery| async move {
        let bytes = query.0.and_then(|query| query.parse().ok());
        "x".repeat(bytes.unwrap_or_default())
    };
    layered(compressed(Router::new().route("/sized", get(sized))))
}

async fn ask(path: &str) -> Response {
    let request = axum::http::Request::get(path).header(header::ACCEPT_ENCODING, "gzip");
    let request = request.body(Body::empty()).unwrap();
    router().oneshot(request).await.unwrap()
}

#[tokio::test]
async fn only_an_answer_that_fills_more_than_a_packet_is_compressed() {
    let small = ask("/sized?1023").await;
    assert_eq!(small.headers().get(header::CONTENT_ENCODING), None);
    let large = ask("/sized?1024").await;
    assert_eq!(large.headers()[header::CONTENT_ENCODING], "gzip");
    assert_eq!(large.headers()[header::VARY], "accept-encoding");
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_a_failure_names_the_path_without_its_query() {
    let found = ask("/sized?1").await;
    assert!(found.headers().contains_key("x-request-id"));
    let missing = ask("/nowhere?secret=1").await;
    let id = missing.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let body = axum::body::to_bytes(missing.into_body(), 4_096)
        .await
        .unwrap();
    let document: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(document["instance"], "/nowhere");
    assert_eq!(document["request_id"], id);
    assert_eq!(document["code"], "not_found");
}
