//! Reading the answer to a request while it comes in: line by line, up to the summary that says that
//! it is whole.

use serde::Deserialize;
use serde_json::Value;
use tokio::io::AsyncBufReadExt;

use super::{BulkError, Outcome};
use crate::error::sentence;

const REFUSALS_SHOWN_MAX: usize = 3;

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

pub(super) async fn read(
    answer: impl tokio::io::AsyncBufRead + Unpin,
    lines: &[String],
    answered: &impl Fn(usize),
) -> Result<Outcome, BulkError> {
    let cut_off = |error: std::io::Error| BulkError::CutOff(sentence(&error));
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
        return Err(BulkError::CutOff(format!(
            "{count} lines failed for now, {first}"
        )));
    }
    Err(BulkError::LinesRefused { count, examples })
}

/// Statuses that say nothing about the request itself.
pub(super) fn may_pass(status: u16) -> bool {
    status == 429 || status >= 500
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
}
