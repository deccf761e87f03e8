//! What is written down about every running process, so that another invocation (after a crash,
//! or from another terminal) finds it again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Result, StackError},
    process::{Address, Identity, Signal, State},
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub name: String,
    #[serde(flatten)]
    pub identity: Identity,
    pub addresses: Vec<Address>,
    pub log: PathBuf,
    /// Where the process works; its orphans work there too.
    pub folder: PathBuf,
    /// The number of the signal that asks it to end in good order.
    pub stop_signal: i32,
}

impl Record {
    #[must_use]
    pub fn stop_signal(&self) -> Signal {
        Signal::from_named_raw(self.stop_signal).unwrap_or(Signal::TERM)
    }

    #[must_use]
    pub fn state(&self) -> State {
        match self.identity {
            identity if !identity.is_alive() => State::Stopped,
            identity if identity.is_frozen() => State::Frozen,
            _ => State::Running,
        }
    }
}

/// A folder with one file per running process.
#[derive(Debug, Clone)]
pub struct Records(PathBuf);

impl Records {
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// The record of `name`, if one was left.
    #[must_use]
    pub fn read(&self, name: &str) -> Option<Record> {
        load(&self.file(name))
    }

    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, record: &Record) -> Result<()> {
        let text = serde_json::to_vec_pretty(record)
            .map_err(|error| StackError::failed(format!("describe {}", record.name), error))?;
        crate::files::write_whole(&self.file(&record.name), &text)
    }

    /// # Errors
    /// When the file is there and stays.
    pub fn remove(&self, name: &str) -> Result<()> {
        crate::files::remove_file(&self.file(name))
    }

    /// Everything written down, whether it still runs or not.
    #[must_use]
    pub fn all(&self) -> Vec<Record> {
        let files = std::fs::read_dir(&self.0)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()));
        files
            .filter(|file| file.extension().is_some_and(|ending| ending == "json"))
            .filter_map(|file| load(&file))
            .collect()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.json"))
    }
}

fn load(file: &Path) -> Option<Record> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}
