//! The two services' programs, built by cargo.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::{
    environment,
    error::{Doing, Result, StackError},
    progress::Progress,
    repository,
};

const COMMAND_SERVICE: &str = "command-service";
const QUERY_SERVICE: &str = "query-service";

#[derive(Debug, Clone)]
pub struct Binaries {
    pub command_service: PathBuf,
    pub query_service: PathBuf,
}

/// How the services are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// As everything else in the workspace is, so that nothing is compiled twice.
    #[default]
    Development,
    /// As they ship: for measuring.
    Release,
}

impl Binaries {
    /// What `cargo stack test` built before the tests, else built now.
    ///
    /// # Errors
    /// When the build fails; cargo has then said why.
    pub async fn ensure(profile: Profile, progress: &Progress) -> Result<Self> {
        if let Some(folder) =
            environment::test_binaries().filter(|_| profile == Profile::Development)
        {
            return Ok(Self {
                command_service: folder.join(COMMAND_SERVICE),
                query_service: folder.join(QUERY_SERVICE),
            });
        }
        build(profile, progress).await
    }

    /// For a system without services.
    #[must_use]
    pub fn none() -> Self {
        Self {
            command_service: PathBuf::new(),
            query_service: PathBuf::new(),
        }
    }

    /// The folder both are in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.command_service
            .parent()
            .unwrap_or(&self.command_service)
    }
}

/// Without `-p`: a selection of packages would be another resolution of features. There is no
/// limit on the time: cargo shows its own progress, or names the lock that it waits for.
async fn build(profile: Profile, progress: &Progress) -> Result<Binaries> {
    let doing = "build the services with cargo";
    progress.note("building the services (a first build takes minutes)");
    let mut cargo = Command::new(environment::cargo())
        .args(["build", "--bin", COMMAND_SERVICE, "--bin", QUERY_SERVICE])
        .args((profile == Profile::Release).then_some("--release"))
        .arg("--message-format=json-render-diagnostics")
        .current_dir(repository::root())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .doing(|| doing.to_owned())?;
    let mut programs = Vec::new();
    if let Some(messages) = cargo.stdout.take() {
        let mut messages = BufReader::new(messages).lines();
        while let Some(message) = messages.next_line().await.doing(|| doing.to_owned())? {
            programs.extend(program(&message));
        }
    }
    let status = cargo.wait().await.doing(|| doing.to_owned())?;
    if !status.success() {
        return Err(StackError::failed(
            doing,
            format!("{status}; its errors stand above"),
        ));
    }
    let find = |name: &str| {
        let found = programs
            .iter()
            .find(|program| program.file_name().is_some_and(|file| file == name));
        found
            .cloned()
            .ok_or_else(|| StackError::failed(doing, format!("it built no {name}")))
    };
    Ok(Binaries {
        command_service: find(COMMAND_SERVICE)?,
        query_service: find(QUERY_SERVICE)?,
    })
}

/// The program that one of cargo's messages tells of, if it tells of one.
fn program(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    message.get("executable")?.as_str().map(PathBuf::from)
}
