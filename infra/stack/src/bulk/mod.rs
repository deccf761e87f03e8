//! A client of the bulk endpoint: sends commands while it reads the answers, and sends a request
//! again, under the same keys, when its answer was cut off.

mod answer;
mod requests;

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use futures::{StreamExt, TryStreamExt, stream};
pub use requests::{LINES_MAX, REQUEST_BYTES_MAX, requests};
use reqwest::{Body, Client, StatusCode, header};
use tokio::io::BufReader;
use tokio_util::io::StreamReader;

use crate::error::sentence;

const SILENCE_LIMIT: Duration = Duration::from_mins(1);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(3);
/// About three minutes in all: enough for somebody to bring a killed service back.
const ATTEMPTS_MAX: usize = 60;

#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// The outcome is unknown; the same lines under the same keys settle it.
    #[error("the answer is not whole: {0}")]
    CutOff(String),
    #[error("the request was refused with {status}: {problem}")]
    Refused { status: StatusCode, problem: String },
    #[error("{count} commands were refused, the first of them: {}", examples.join("; "))]
    LinesRefused { count: usize, examples: Vec<String> },
}

/// What became of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    pub lines: usize,
    /// How many of them had been carried out before, under the same keys.
    pub replayed: usize,
    pub consistency_token: Option<String>,
}

/// Callers of a command API, one or several replicas of it.
pub struct BulkClient {
    client: Client,
    urls: Vec<String>,
    token: String,
}

impl BulkClient {
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(urls: Vec<String>, token: String) -> Result<Self, BulkError> {
        // The stack is on this machine: no proxy can reach it.
        let client = Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(SILENCE_LIMIT)
            .build();
        Ok(Self {
            client: client.map_err(|error| BulkError::CutOff(sentence(&error)))?,
            urls,
            token,
        })
    }

    /// Sends one request until its answer is whole. Every line needs an idempotency key.
    ///
    /// # Errors
    /// When a line or the request is refused, or no attempt got a whole answer.
    pub async fn send(
        &self,
        lines: &[String],
        answered: impl Fn(usize),
        interrupted: impl Fn(&BulkError),
    ) -> Result<Outcome, BulkError> {
        let pauses = ExponentialBuilder::default()
            .with_min_delay(PAUSE_MIN)
            .with_max_delay(PAUSE_MAX)
            .with_max_times(ATTEMPTS_MAX)
            .with_jitter();
        let mut urls = self.urls.iter().cycle();
        let attempt = || {
            let url = urls.next().cloned().unwrap_or_default();
            self.send_once(url, lines, &answered)
        };
        attempt
            .retry(pauses)
            .when(|error| matches!(error, BulkError::CutOff(_)))
            .notify(|error, _pause| interrupted(error))
            .await
    }

    async fn send_once(
        &self,
        url: String,
        lines: &[String],
        answered: &impl Fn(usize),
    ) -> Result<Outcome, BulkError> {
        let cut_off = |error: reqwest::Error| BulkError::CutOff(sentence(&error));
        let body: Vec<Result<String, std::io::Error>> =
            lines.iter().map(|line| Ok(format!("{line}\n"))).collect();
        let response = self
            .client
            .post(format!("{url}/v1/commands"))
            .bearer_auth(&self.token)
            .header(header::CONTENT_TYPE, "application/x-ndjson")
            .body(Body::wrap_stream(stream::iter(body)))
            .send()
            .await
            .map_err(cut_off)?;
        let status = response.status();
        if !status.is_success() {
            let problem = response.text().await.map_err(cut_off)?;
            return Err(if answer::may_pass(status.as_u16()) {
                BulkError::CutOff(format!("{status}: {problem}"))
            } else {
                BulkError::Refused { status, problem }
            });
        }
        let stream = response
            .bytes_stream()
            .map_err(std::io::Error::other)
            .boxed();
        answer::read(BufReader::new(StreamReader::new(stream)), lines, answered).await
    }
}
