//! The lines of a bulk answer.

use bytes::Bytes;
use orderfold_events::ConsistencyToken;
use orderfold_http::RequestContext;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::request::PATH;
use crate::http::answers::{Content, Reply};

/// What became of one line.
pub(super) struct Answer {
    pub bytes: Bytes,
    pub succeeded: bool,
    pub token: Option<ConsistencyToken>,
}

#[derive(Serialize)]
struct AnswerLine<'a> {
    line: usize,
    status: u16,
    replayed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Value>,
}

impl Answer {
    pub fn of(line: usize, reply: Reply, context: &RequestContext) -> Self {
        let (status, replayed, token) = (reply.status, reply.replayed, reply.token);
        let (body, problem) = match reply.content {
            Content::Body(body) => {
                let text = String::from_utf8(body).unwrap_or_default();
                (RawValue::from_string(text).ok(), None)
            }
            Content::Problem(problem) => (None, Some(problem.document(PATH, context))),
        };
        let answer = AnswerLine {
            line,
            status: status.as_u16(),
            replayed,
            body: body.as_deref(),
            problem,
        };
        Self {
            bytes: json_line(&answer),
            succeeded: status.is_success(),
            token,
        }
    }
}

/// How a request went as a whole; the last line of a whole answer.
#[derive(Default)]
pub(super) struct Summary {
    succeeded: usize,
    refused: usize,
    token: ConsistencyToken,
}

impl Summary {
    pub fn count(&mut self, answer: &Answer) {
        if answer.succeeded {
            self.succeeded += 1;
        } else {
            self.refused += 1;
        }
        if let Some(token) = &answer.token {
            self.token.merge(token);
        }
    }

    pub fn line(&self) -> Bytes {
        let token = (!self.token.is_empty()).then(|| self.token.to_string());
        json_line(&serde_json::json!({
            "summary": {
                "lines": self.succeeded + self.refused,
                "succeeded": self.succeeded,
                "refused": self.refused,
            },
            "consistency_token": token,
        }))
    }
}

fn json_line(value: &impl Serialize) -> Bytes {
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line.into()
}
