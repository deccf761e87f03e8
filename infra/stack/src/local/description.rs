//! How the stack of a clone is composed and who looks after it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Result, StackError},
    files,
    process::Identity,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The `cargo stack up` in the foreground, or the one still starting; nobody once detached.
    pub supervisor: Option<Identity>,
    pub ephemeral: bool,
    #[serde(default = "one")]
    pub brokers: u16,
    #[serde(default = "one")]
    pub mongo_nodes: u16,
    pub command_replicas: u16,
    pub query_replicas: u16,
    #[serde(default)]
    pub projectors: u16,
}

fn one() -> u16 {
    1
}

impl Description {
    /// Whether somebody looks after it who is still there.
    #[must_use]
    pub fn is_supervised(&self) -> bool {
        self.supervisor.is_some_and(Identity::is_alive)
    }

    pub(super) fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(file(folder)).ok()?).ok()
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| StackError::failed("describe the stack", error))?;
        files::write_whole(&file(folder), &text)
    }

    pub(super) fn remove(folder: &Path) -> Result<()> {
        files::remove_file(&file(folder))
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("stack.json")
}
