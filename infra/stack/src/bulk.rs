//! A client of the bulk endpoint: sends commands while it reads the answers, and sends a request
//! again, under the same keys, when its answer was cut off.

use std::{collections::VecDeque, time::Duration};

use backon::{ExponentialBuilder, Retryable};
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::{Body, Client, StatusCode, header};
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio_util::io::StreamReader;

/// The endpoint's own limits.
pub const LINES_MAX: usize = 5_000;
pub const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;

const SILENCE_LIMIT: Duration = Duration::from_mins(1);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(3);
/// About three minutes in all: enough for somebody to bring a killed service back.
const ATTEMPTS_MAX: usize = 60;
const REFUSALS_SHOWN_MAX: usize = 3;

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

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Summary {
        summary: Summary,
        consistency_token: Option<String>,
    },
    Line {
        line: usize,
        status: u16,
        replayed: bool,
        problem: Option<Value>,
    },
}

#[derive(Deserialize)]
struct Summary {
    lines: usize,
}

/// Cuts lines into requests within the endpoint's limits.
#[must_use]
pub fn requests(lines: Vec<String>) -> VecDeque<Vec<String>> {
    let mut requests = VecDeque::new();
    let mut current: Vec<String> = Vec::new();
    let mut bytes: usize = 0;
    for line in lines {
        if current.len() == LINES_MAX || bytes + line.len() + 1 > REQUEST_BYTES_MAX {
            requests.push_back(std::mem::take(&mut current));
            bytes = 0;
        }
        bytes += line.len() + 1;
        current.push(line);
    }
    if !current.is_empty() {
        requests.push_back(current);
    }
    requests
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
        let client = Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(SILENCE_LIMIT)
            .build();
        Ok(Self {
            client: client.map_err(|error| BulkError::CutOff(chain(&error)))?,
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
        let cut_off = |error: reqwest::Error| BulkError::CutOff(chain(&error));
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
            return Err(if may_pass(status.as_u16()) {
                BulkError::CutOff(format!("{status}: {problem}"))
            } else {
                BulkError::Refused { status, problem }
            });
        }
        let stream = response
            .bytes_stream()
            .map_err(std::io::Error::other)
            .boxed();
        read(BufReader::new(StreamReader::new(stream)), lines, answered).await
    }
}

async fn read(
    answer: impl tokio::io::AsyncBufRead + Unpin,
    lines: &[String],
    answered: &impl Fn(usize),
) -> Result<Outcome, BulkError> {
    let cut_off = |error: std::io::Error| BulkError::CutOff(chain(&error));
    let mut outcome = Outcome::default();
    let mut refused = Vec::new();
    let mut answers = answer.lines();
    while let Some(text) = answers.next_line().await.map_err(cut_off)? {
        let understood = serde_json::from_str(&text);
        match understood
            .map_err(|error| BulkError::CutOff(format!("not an answer: {error}: {text}")))?
        {
            Answer::Summary {
                summary,
                consistency_token,
            } if summary.lines == lines.len() => {
                outcome.consistency_token = consistency_token;
                return conclude(outcome, &refused);
            }
            Answer::Summary { summary, .. } => {
                return Err(BulkError::CutOff(format!(
                    "{} of {} lines arrived",
                    summary.lines,
                    lines.len()
                )));
            }
            Answer::Line {
                line,
                status,
                replayed,
                problem,
            } => {
                outcome.lines += 1;
                outcome.replayed += usize::from(replayed);
                answered(outcome.lines);
                if let Some(problem) = problem {
                    refused.push(Refusal {
                        line,
                        status,
                        problem,
                    });
                }
            }
        }
    }
    Err(BulkError::CutOff("the summary is missing".to_owned()))
}

struct Refusal {
    line: usize,
    status: u16,
    problem: Value,
}

/// Where one line failed for a passing reason, others may have failed because of it: all are sent
/// again, and what was carried out replays.
fn conclude(outcome: Outcome, refused: &[Refusal]) -> Result<Outcome, BulkError> {
    if refused.is_empty() {
        return Ok(outcome);
    }
    let count = refused.len();
    let examples: Vec<String> = refused
        .iter()
        .take(REFUSALS_SHOWN_MAX)
        .map(|refusal| {
            format!(
                "line {}: {} {}",
                refusal.line, refusal.status, refusal.problem
            )
        })
        .collect();
    let passing = |refusal: &Refusal| {
        may_pass(refusal.status)
            || refusal
                .problem
                .get("code")
                .is_some_and(|code| code == "idempotency_in_progress")
    };
    if refused.iter().any(passing) {
        let first = examples.first().cloned().unwrap_or_default();
        return Err(BulkError::CutOff(format!("{count} lines failed for now, {first}")));
    }
    Err(BulkError::LinesRefused { count, examples })
}

/// Statuses that say nothing about the request itself.
fn may_pass(status: u16) -> bool {
    status == 429 || status >= 500
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: [&str; 2] = ["{}", "{}"];

    async fn read_text(text: &str) -> Result<Outcome, BulkError> {
        let lines: Vec<String> = TWO.iter().map(|line| (*line).to_owned()).collect();
        read(text.as_bytes(), &lines, &|_| {}).await
    }

    #[tokio::test]
    async fn an_answer_without_its_summary_was_cut_off() {
        let text = "{\"line\":1,\"status\":201,\"replayed\":false,\"body\":{}}\n";
        assert!(matches!(read_text(text).await, Err(BulkError::CutOff(_))));
    }

    #[tokio::test]
    async fn a_whole_answer_counts_what_was_replayed_and_keeps_the_token() {
        let text = "{\"line\":1,\"status\":201,\"replayed\":true,\"body\":{}}\n\
                    {\"line\":2,\"status\":200,\"replayed\":false,\"body\":{}}\n\
                    {\"summary\":{\"lines\":2,\"succeeded\":2,\"refused\":0},\"consistency_token\":\"t\"}\n";
        let outcome = read_text(text).await.expect("a whole answer");
        assert_eq!(
            outcome,
            Outcome {
                lines: 2,
                replayed: 1,
                consistency_token: Some("t".to_owned())
            }
        );
    }

    #[tokio::test]
    async fn a_refused_line_is_final_and_an_unavailable_one_is_not() {
        let answer = |status: u16| {
            format!(
                "{{\"line\":1,\"status\":{status},\"replayed\":false,\"problem\":{{\"code\":\"x\"}}}}\n\
                 {{\"summary\":{{\"lines\":2,\"succeeded\":1,\"refused\":1}},\"consistency_token\":null}}\n"
            )
        };
        assert!(matches!(
            read_text(&answer(409)).await,
            Err(BulkError::LinesRefused { count: 1, .. })
        ));
        assert!(matches!(
            read_text(&answer(503)).await,
            Err(BulkError::CutOff(_))
        ));
    }

    #[test]
    fn requests_keep_the_order_and_the_limits() {
        let lines: Vec<String> = (0..12_001).map(|number| number.to_string()).collect();
        let requests = requests(lines.clone());
        assert_eq!(
            requests.iter().map(Vec::len).collect::<Vec<_>>(),
            [5_000, 5_000, 2_001]
        );
        assert_eq!(requests.into_iter().flatten().collect::<Vec<_>>(), lines);

        let big = vec!["x".repeat(REQUEST_BYTES_MAX / 2); 3];
        assert_eq!(
            super::requests(big)
                .iter()
                .map(Vec::len)
                .collect::<Vec<_>>(),
            [1, 1, 1]
        );
    }
}
