//! Log files as they grow, merged line by line behind the names of who wrote them.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::PathBuf,
};

use serde_json::Value;

use crate::console;

const READ_BYTES_MAX: u64 = 1024 * 1024;

pub struct Logs {
    files: Vec<Log>,
    width: usize,
}

struct Log {
    name: String,
    path: PathBuf,
    offset: u64,
    unfinished: Vec<u8>,
}

impl Logs {
    /// From their beginnings.
    #[must_use]
    pub fn new(files: impl IntoIterator<Item = (String, PathBuf)>) -> Self {
        let files: Vec<Log> = files
            .into_iter()
            .map(|(name, path)| Log {
                name,
                path,
                offset: 0,
                unfinished: Vec::new(),
            })
            .collect();
        let width = files.iter().map(|log| log.name.len()).max().unwrap_or(0);
        Self { files, width }
    }

    /// Leaves out what is in them already.
    #[must_use]
    pub fn only_new(mut self) -> Self {
        for log in &mut self.files {
            log.offset = std::fs::metadata(&log.path).map_or(0, |metadata| metadata.len());
        }
        self
    }

    /// Prints what was added since the last call.
    pub fn print_new(&mut self) {
        let width = self.width;
        for (number, log) in self.files.iter_mut().enumerate() {
            for line in log.new_lines() {
                if let Some(line) = readable(&log.name, &line) {
                    console::say_from(&log.name, number, width, &line);
                }
            }
        }
    }
}

impl Log {
    fn new_lines(&mut self) -> Vec<String> {
        // A log that is not there yet, or was just replaced, is read the next time.
        let Ok(new) = self.read_new() else {
            return Vec::new();
        };
        self.unfinished.extend(new);
        let Some(end) = self.unfinished.iter().rposition(|byte| *byte == b'\n') else {
            return Vec::new();
        };
        let rest = self.unfinished.split_off(end + 1);
        let finished = std::mem::replace(&mut self.unfinished, rest);
        String::from_utf8_lossy(&finished)
            .lines()
            .map(str::to_owned)
            .collect()
    }

    fn read_new(&mut self) -> std::io::Result<Vec<u8>> {
        let mut file = File::open(&self.path)?;
        if file.metadata()?.len() < self.offset {
            self.offset = 0;
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut new = Vec::new();
        let read = file.take(READ_BYTES_MAX).read_to_end(&mut new)?;
        self.offset += u64::try_from(read).unwrap_or_default();
        Ok(new)
    }
}

/// MongoDB logs JSON, and much of it: in the merged view only what it warns of, in plain words.
fn readable(name: &str, line: &str) -> Option<String> {
    if !name.starts_with("mongodb") {
        return Some(line.to_owned());
    }
    let Ok(entry) = serde_json::from_str::<Value>(line) else {
        return Some(line.to_owned());
    };
    let text = |pointer: &str| {
        entry
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let severity = text("/s");
    if !matches!(severity, "W" | "E" | "F") {
        return None;
    }
    let attributes = entry.get("attr").map(Value::to_string).unwrap_or_default();
    Some(format!(
        "{} {severity} {} {attributes}",
        text("/t/$date"),
        text("/msg")
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_line_is_shown_once_and_only_when_it_is_finished() {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let mut log = Log {
            name: "a".to_owned(),
            path: file.path().to_owned(),
            offset: 0,
            unfinished: Vec::new(),
        };
        file.write_all(b"one\ntw").expect("written");
        assert_eq!(log.new_lines(), ["one"]);
        assert_eq!(log.new_lines(), Vec::<String>::new());
        file.write_all(b"o\nthree\n").expect("written");
        assert_eq!(log.new_lines(), ["two", "three"]);
    }

    #[test]
    fn only_the_warnings_of_mongodb_are_shown_and_everything_of_the_others() {
        let info = r#"{"t":{"$date":"2026-01-01"},"s":"I","msg":"Connection accepted"}"#;
        let warning = r#"{"t":{"$date":"2026-01-01"},"s":"W","msg":"Slow","attr":{"ms":9}}"#;
        assert_eq!(readable("mongodb", info), None);
        assert_eq!(
            readable("mongodb", warning).as_deref(),
            Some(r#"2026-01-01 W Slow {"ms":9}"#)
        );
        assert_eq!(readable("kafka", info).as_deref(), Some(info));
    }
}
