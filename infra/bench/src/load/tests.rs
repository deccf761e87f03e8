//! The loops against a small server in this process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    routing::{get, post},
};

use super::{Api, Connection, Shot, closed, each, open};

const SHORT: Duration = Duration::from_millis(50);

/// How often each key came.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<HashMap<String, u64>>>);

impl Seen {
    fn count(&self, headers: &HeaderMap) -> u64 {
        let key = headers["idempotency-key"].to_str().unwrap().to_owned();
        let mut seen = self.0.lock().unwrap();
        let times = seen.entry(key).or_default();
        *times += 1;
        *times
    }

    fn keys(&self) -> u64 {
        u64::try_from(self.0.lock().unwrap().len()).unwrap()
    }
}

async fn server() -> (Api, Seen) {
    let seen = Seen::default();
    let fine = |State(seen): State<Seen>, headers: HeaderMap| async move {
        assert_eq!(headers["authorization"], "Bearer token");
        seen.count(&headers);
        StatusCode::CREATED
    };
    let busy_at_first = |State(seen): State<Seen>, headers: HeaderMap| async move {
        match seen.count(&headers) {
            1 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::OK,
        }
    };
    let read = |headers: HeaderMap| async move {
        assert!(!headers.contains_key("idempotency-key"));
        headers["prefer"].to_str().unwrap().to_owned()
    };
    let router = Router::new()
        .route("/fine", post(fine))
        .route("/busy", post(busy_at_first))
        .route("/refused", post(|| async { (StatusCode::CONFLICT, "no") }))
        .route("/read", get(read))
        .with_state(seen.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (Api::new(&url, "token").unwrap(), seen)
}

fn shot(path: &str) -> Shot {
    Shot::post(path, "{}")
}

#[tokio::test]
async fn a_closed_loop_counts_each_command_that_was_served_once() {
    let (api, seen) = server().await;
    let tally = closed(&api, &|| shot("/fine"), SHORT).await.unwrap();
    assert_eq!(tally.accepted, seen.keys());
    assert!(tally.in_time <= tally.accepted && tally.refused == 0);
}

#[tokio::test]
async fn an_open_loop_sends_everything_that_was_due_and_no_more() {
    let (api, seen) = server().await;
    let (tally, latencies) = open(&api, &|| shot("/fine"), 2_000.0, SHORT).await.unwrap();
    let due = crate::statistics::arrivals(2_000.0, SHORT).len();
    assert_eq!(usize::try_from(tally.accepted), Ok(due));
    assert_eq!(seen.keys(), tally.accepted);
    assert_eq!(latencies.count(), tally.accepted);
}

#[tokio::test]
async fn a_command_without_an_outcome_comes_again_under_its_key() {
    let (api, seen) = server().await;
    each(&api, (0..3).map(|_| shot("/busy"))).await.unwrap();
    assert_eq!(seen.keys(), 3);
    assert!(seen.0.lock().unwrap().values().all(|times| *times == 2));
}

#[tokio::test]
async fn a_question_has_its_headers_and_no_key_and_its_answer_can_be_read() {
    let (api, _seen) = server().await;
    let mut connection = Connection::open(&api).await.unwrap();
    let mut question = Shot::get("/read");
    question
        .headers
        .insert("prefer", HeaderValue::from_static("wait=3"));
    let answer = connection.ask(&api, question).await.unwrap();
    assert_eq!(answer.body(), "wait=3");
    let refused = connection.ask(&api, shot("/refused")).await.unwrap_err();
    assert!(refused.to_string().contains("/refused"), "{refused}");
}

#[tokio::test]
async fn a_refusal_is_no_measurement() {
    let (api, _seen) = server().await;
    let error = each(&api, std::iter::once(shot("/refused")))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("409 Conflict: no"), "{error}");
}
