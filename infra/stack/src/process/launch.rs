//! How to start a program: what, with which surroundings, as whom.

use std::{
    ffi::OsString,
    fs::OpenOptions,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{
    account::Account,
    environment,
    error::{Doing, Result},
};

/// What a program inherits; everything else it gets is said in its `Launch`, so that a variable
/// in somebody's shell cannot change what a server does.
const INHERITED: [&str; 4] = ["PATH", "HOME", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"];

#[derive(Debug, Clone)]
pub struct Launch {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(String, OsString)>,
    folder: PathBuf,
    account: Option<Account>,
}

impl Launch {
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, folder: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: folder.into(),
            account: None,
        }
    }

    #[must_use]
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    #[must_use]
    pub fn account(mut self, account: Option<Account>) -> Self {
        self.account = account;
        self
    }

    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// What it is told by variables.
    pub fn environment(&self) -> impl Iterator<Item = (String, String)> {
        let variables = self.environment.iter();
        variables.map(|(name, value)| (name.clone(), value.to_string_lossy().into_owned()))
    }

    /// Starts it in a process group of its own (a Ctrl-C at the terminal is not for it), its
    /// output appended to `log`.
    ///
    /// # Errors
    /// When the system cannot start it.
    pub fn spawn(&self, log: &Path) -> Result<Child> {
        let opening = || format!("open the log {}", log.display());
        let output = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .doing(opening)?;
        let errors = output.try_clone().doing(opening)?;
        self.command()
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .doing(|| format!("start {}", self.program.display()))
    }

    /// The same as a command for somebody else to run.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .env_clear();
        command.envs(
            INHERITED
                .iter()
                .filter_map(|name| Some((name, environment::path(name)?))),
        );
        command.env("LANG", "C.UTF-8").env("TZ", "UTC");
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(account) = self.account {
            command.uid(account.uid).gid(account.gid);
        }
        command
    }
}
