//! What is too much, too large or too slow, as a raw socket sees it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{sync::Arc, time::Duration};

use axum::{Router, extract::Request, routing::post};
use orderfold_http::{admission, api, server};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
};
use tokio_util::sync::CancellationToken;

/// What nothing here should reach.
const LIMIT: Duration = Duration::from_mins(1);
/// What is awaited on purpose.
const SOON: Duration = Duration::from_millis(100);

/// A server with two operations: one reads a body, one waits until it is told to end.
struct World {
    address: std::net::SocketAddr,
    end: Arc<Notify>,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<()>,
}

impl World {
    async fn start(requests: admission::Limits, connections: server::Limits) -> Self {
        let end = Arc::new(Notify::new());
        let ended = end.clone();
        let router = Router::new()
            .route(
                "/bodies",
                post(async |request: Request| {
                    let body = api::read_body(request, 100).await;
                    body.map(|bytes| bytes.len().to_string())
                }),
            )
            .route("/slow", post(async move || ended.notified().await));
        let router = api::layered(admission::bounded(router, requests));
        let listener = server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let serving = server::serve_within(listener, router, connections, stop.clone(), LIMIT);
        Self {
            address,
            end,
            stop,
            serving: tokio::spawn(serving),
        }
    }

    async fn usual() -> Self {
        Self::start(admission::Limits::default(), server::Limits::default()).await
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends these bytes on a connection of their own, and reads until the server closes it.
    async fn exchange(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        read_to_end(&mut stream).await
    }

    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(LIMIT, self.serving)
            .await
            .unwrap()
            .unwrap();
    }
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    tokio::time::timeout(LIMIT, stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    String::from_utf8(answer).unwrap()
}

/// The head of an answer, however long its connection stays open.
async fn read_head(stream: &mut TcpStream) -> String {
    let mut answer = vec![0; 16 * 1024];
    let read = tokio::time::timeout(LIMIT, stream.read(&mut answer));
    let bytes = read.await.unwrap().unwrap();
    String::from_utf8_lossy(&answer[..bytes]).into_owned()
}

fn post_to(path: &str, headers: &str, body: &str) -> String {
    let bytes = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}content-length: {bytes}\r\n\r\n{body}"
    )
}

fn is_problem(answer: &str, status: &str, code: &str) -> bool {
    answer.starts_with(&format!("HTTP/1.1 {status} "))
        && answer.contains("content-type: application/problem+json")
        && answer.contains(&format!("\"code\":\"{code}\""))
}

#[tokio::test]
async fn one_request_too_many_is_refused_at_once_and_the_others_are_answered() {
    let limits = admission::Limits {
        requests_max: 1,
        ..admission::Limits::default()
    };
    let world = World::start(limits, server::Limits::default()).await;
    let mut first = world.connect().await;
    let slow = post_to("/slow", "", "");
    first.write_all(slow.as_bytes()).await.unwrap();
    // Whoever comes before the first is let in is answered itself.
    let refused = loop {
        let answer = world.exchange(&post_to("/bodies", "", "12345")).await;
        if !answer.starts_with("HTTP/1.1 200") {
            break answer;
        }
    };
    assert!(is_problem(&refused, "503", "unavailable"), "{refused}");
    assert!(refused.contains("retry-after: 1\r\n"), "{refused}");
    world.end.notify_one();
    let answer = read_to_end(&mut first).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = world.exchange(&post_to("/bodies", "", "12345")).await;
    assert!(answer.ends_with("\r\n\r\n5"), "{answer}");
    world.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_and_headers_that_are_too_large_are_refused() {
    let world = World::usual().await;
    let answer = world
        .exchange(&post_to("/bodies", "", &"x".repeat(101)))
        .await;
    assert!(is_problem(&answer, "413", "body_too_large"), "{answer}");
    let header = |bytes| format!("x-long: {}\r\n", "x".repeat(bytes));
    let answer = world
        .exchange(&post_to("/bodies", &header(15 * 1024), ""))
        .await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = world
        .exchange(&post_to("/bodies", &header(17 * 1024), ""))
        .await;
    assert!(is_problem(&answer, "431", "headers_too_large"), "{answer}");
    world.stop().await;
}

#[tokio::test]
async fn what_no_request_may_be_ends_its_connection() {
    let world = World::usual().await;
    let many = "x-one: 1\r\n".repeat(101);
    let answer = world.exchange(&post_to("/bodies", &many, "")).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let endless = format!("x-long: {}\r\n", "x".repeat(80 * 1024));
    let mut stream = world.connect().await;
    let _cut_off = stream
        .write_all(post_to("/bodies", &endless, "").as_bytes())
        .await;
    // Refused, or cut off while it was still being sent.
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    world.stop().await;
}

#[tokio::test]
async fn whoever_sends_no_head_loses_the_connection() {
    let limits = server::Limits {
        head_timeout: SOON,
        ..server::Limits::default()
    };
    let world = World::start(admission::Limits::default(), limits).await;
    for part in [
        "",
        "P",
        "PRI * HTTP/2.0\r\n",
        "POST /bodies HTTP/1.1\r\nhost: te",
    ] {
        let answer = world.exchange(part).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{part}: {answer}");
    }
    world.stop().await;
}

#[tokio::test]
async fn whoever_sends_a_body_too_slowly_is_told_so() {
    let limits = admission::Limits {
        body_timeout: SOON,
        ..admission::Limits::default()
    };
    let world = World::start(limits, server::Limits::default()).await;
    let request = "POST /bodies HTTP/1.1\r\nhost: test\r\ncontent-length: 50\r\n\r\nhalf";
    let mut stream = world.connect().await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = read_head(&mut stream).await;
    assert!(is_problem(&answer, "408", "request_timeout"), "{answer}");
    drop(stream);
    world.stop().await;
}

#[tokio::test]
async fn a_connection_too_many_waits_until_another_ends() {
    let limits = server::Limits {
        connections_max: 1,
        ..server::Limits::default()
    };
    let world = World::start(admission::Limits::default(), limits).await;
    let mut first = world.connect().await;
    let request = "POST /bodies HTTP/1.1\r\nhost: test\r\ncontent-length: 1\r\n\r\n1";
    first.write_all(request.as_bytes()).await.unwrap();
    assert!(read_head(&mut first).await.starts_with("HTTP/1.1 200"));
    let mut second = world.connect().await;
    let request = post_to("/bodies", "", "22");
    second.write_all(request.as_bytes()).await.unwrap();
    // The first is still served, and the second is not yet.
    first
        .write_all(post_to("/bodies", "", "1").as_bytes())
        .await
        .unwrap();
    let answer = read_to_end(&mut first).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = read_to_end(&mut second).await;
    assert!(answer.ends_with("\r\n\r\n2"), "{answer}");
    world.stop().await;
}

#[tokio::test]
async fn a_port_whose_connections_are_all_taken_can_still_be_stopped() {
    let limits = server::Limits {
        connections_max: 1,
        ..server::Limits::default()
    };
    let world = World::start(admission::Limits::default(), limits).await;
    let mut only = world.connect().await;
    let request = "POST /bodies HTTP/1.1\r\nhost: test\r\ncontent-length: 1\r\n\r\n1";
    only.write_all(request.as_bytes()).await.unwrap();
    assert!(read_head(&mut only).await.starts_with("HTTP/1.1 200"));
    world.stop().await;
}
