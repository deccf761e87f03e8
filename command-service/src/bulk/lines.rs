//! Cutting a body into lines, within the limits of a request.

use bytes::{Bytes, BytesMut};
use orderfold_http::{Problem, catalogue};

use crate::http::{calls::COMMAND_BYTES_MAX, codes};

const LINES_MAX: usize = 5_000;
const REQUEST_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Cuts a body into lines, within the limits of a request.
#[derive(Default)]
pub(super) struct Lines {
    buffer: BytesMut,
    total_bytes: usize,
    number: usize,
    /// Too many lines or bytes came; nothing further is looked at.
    pub exhausted: bool,
    /// The rest of a line that is too long is still to be dropped.
    skipping: bool,
}

impl Lines {
    pub fn push(&mut self, chunk: Option<Bytes>) {
        let chunk = chunk.unwrap_or_default();
        self.total_bytes += chunk.len();
        self.buffer.extend_from_slice(&chunk);
    }

    /// The next line with its number, from 1; blank ones are passed over.
    pub fn next(&mut self, last: bool) -> Option<(usize, Result<Bytes, Problem>)> {
        loop {
            if self.exhausted {
                return None;
            }
            let Some(line) = self.cut(last) else {
                return self.too_long();
            };
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            self.number += 1;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            if self.number > LINES_MAX || self.total_bytes > REQUEST_BYTES_MAX {
                self.exhausted = true;
                let problem = Problem::from(codes::TOO_MANY_COMMANDS)
                    .fact("lines_max", LINES_MAX)
                    .fact("bytes_max", REQUEST_BYTES_MAX);
                return Some((self.number, Err(problem)));
            }
            if line.len() > COMMAND_BYTES_MAX {
                return Some((self.number, Err(line_too_long())));
            }
            return Some((self.number, Ok(line)));
        }
    }

    /// A line that is too long already is refused before it ends, so that it need not be kept.
    fn too_long(&mut self) -> Option<(usize, Result<Bytes, Problem>)> {
        if self.buffer.len() <= COMMAND_BYTES_MAX {
            return None;
        }
        self.buffer.clear();
        if std::mem::replace(&mut self.skipping, true) {
            return None;
        }
        self.number += 1;
        Some((self.number, Err(line_too_long())))
    }

    fn cut(&mut self, last: bool) -> Option<Bytes> {
        match self.buffer.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                let mut line = self.buffer.split_to(end + 1);
                line.truncate(end);
                Some(line.freeze())
            }
            None if last && !self.buffer.is_empty() => Some(self.buffer.split().freeze()),
            None => None,
        }
    }
}

fn line_too_long() -> Problem {
    Problem::from(catalogue::BODY_TOO_LARGE)
        .detail(format!(
            "a line must have at most {COMMAND_BYTES_MAX} bytes"
        ))
        .fact("bytes_max", COMMAND_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read_all(chunks: &[&str]) -> Vec<(usize, Result<Value, &'static str>)> {
        let mut lines = Lines::default();
        let mut read = Vec::new();
        for chunk in chunks
            .iter()
            .map(|chunk| Some(Bytes::copy_from_slice(chunk.as_bytes())))
            .chain([None])
        {
            let last = chunk.is_none();
            lines.push(chunk);
            while let Some((number, line)) = lines.next(last) {
                let value = line.map_err(|problem| problem.code().code);
                read.push((
                    number,
                    value.map(|bytes| serde_json::from_slice(&bytes).unwrap_or_default()),
                ));
            }
        }
        read
    }

    #[test]
    fn lines_are_found_wherever_the_chunks_end() {
        let read = read_all(&["{\"a\":", " 1}\n\n  \n{\"b\"", ": 2}"]);
        assert_eq!(read, [(1, Ok(json!({"a": 1}))), (4, Ok(json!({"b": 2})))]);
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_alone() {
        let long = "x".repeat(COMMAND_BYTES_MAX);
        let read = read_all(&["1\n", &long, &long, "\n2\n", &long, "y\n3"]);
        let expected = [
            (1, Ok(json!(1))),
            (2, Err("body_too_large")),
            (3, Ok(json!(2))),
            (4, Err("body_too_large")),
            (5, Ok(json!(3))),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn nothing_is_read_after_a_line_too_many() {
        let read = read_all(&[&"1\n".repeat(LINES_MAX + 2)]);
        assert_eq!(read.len(), LINES_MAX + 1);
        assert_eq!(
            read.last(),
            Some(&(LINES_MAX + 1, Err("too_many_commands")))
        );
    }
}
