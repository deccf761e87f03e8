//! The stack of one clone of the repository: what is written down about it in `.stack`, so that
//! every invocation knows whether it is up, how it is composed, and what an earlier one left.

mod description;
mod env_file;

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

pub use description::Description;
pub use env_file::{ConnectionDetails, read_env, write_env};

use crate::{
    account::{self, Account},
    error::{Doing, Result, StackError},
    files,
    install::Installation,
    layout::Layout,
    process::{self, Record, State},
    progress::Progress,
    repository,
    services::{Binaries, Profile},
    system::{Backing, Composition, NodeCounts, System},
};

pub struct LocalStack {
    root: PathBuf,
}

/// Held while a stack of this clone is being started, and for as long as it is in the foreground.
pub struct Turn {
    _lock: File,
}

impl LocalStack {
    /// The clone this program was built in.
    #[must_use]
    pub fn of_this_program() -> Self {
        Self::of_clone(repository::root())
    }

    #[must_use]
    pub fn of_clone(root: PathBuf) -> Self {
        Self { root }
    }

    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.root.join(".stack")
    }

    #[must_use]
    pub fn layout(&self, ephemeral: bool) -> Layout {
        Layout::of_clone(&self.root, ephemeral)
    }

    #[must_use]
    pub fn env_file(&self) -> PathBuf {
        self.layout(false).env_file()
    }

    /// What was recorded about the stack that is up, or was when its machine or terminal went away.
    #[must_use]
    pub fn description(&self) -> Option<Description> {
        Description::read(&self.folder())
    }

    /// # Errors
    /// When it cannot be written.
    pub fn describe(&self, description: &Description) -> Result<()> {
        description.write(&self.folder())
    }

    /// Everything that was recorded as started and not as stopped, readers first.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        let mut records = self.layout(false).records().all();
        records.sort_by_key(|record| (rank(&record.name), record.name.clone()));
        records
    }

    #[must_use]
    pub fn is_anything_running(&self) -> bool {
        self.records()
            .iter()
            .any(|record| record.state() != State::Stopped)
    }

    /// The right to start, alone.
    ///
    /// # Errors
    /// When somebody else has it: a stack is being started or in the foreground.
    pub fn take_turn(&self) -> Result<Turn> {
        account::make_open(&self.folder())?;
        let path = self.folder().join("lock");
        let locking = || format!("lock {}", path.display());
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .doing(locking)?;
        match lock.try_lock() {
            Ok(()) => Ok(Turn { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StackError::failed("start", ALREADY_UP)),
            Err(TryLockError::Error(source)) => Err(StackError::Io {
                doing: locking(),
                source,
            }),
        }
    }

    /// Ends whatever runs of this stack and removes what described it, the data of an ephemeral one
    /// included.
    ///
    /// # Errors
    /// When something does not end.
    pub async fn clear(&self) -> Result<()> {
        for record in self.records() {
            process::stop(&record).await?;
            self.layout(false).records().remove(&record.name)?;
        }
        self.remove_data(true)?;
        Description::remove(&self.folder())?;
        files::remove_file(&self.env_file())
    }

    /// Removes the data of the ephemeral or of the lasting stack, wherever it is.
    ///
    /// # Errors
    /// When something of it stays.
    pub fn remove_data(&self, ephemeral: bool) -> Result<()> {
        let data = self.layout(ephemeral).data().to_owned();
        if let Some(elsewhere) = postgres_elsewhere(&data)? {
            files::remove_folder(&elsewhere)?;
        }
        files::remove_folder(&data)
    }

    /// The system as described, installed and built, nothing started.
    ///
    /// # Errors
    /// From whatever cannot be had.
    pub async fn assemble(&self, description: &Description, progress: &Progress) -> Result<System> {
        let installation = Installation::ensure(progress).await?;
        let binaries = Binaries::ensure(Profile::Development, progress).await?;
        let layout = self.layout(description.ephemeral);
        if let Some(elsewhere) = postgres_elsewhere(layout.data())? {
            progress.note(&format!(
                "the account of PostgreSQL cannot reach {}: its data is in {}",
                layout.data().display(),
                elsewhere.display()
            ));
        }
        let composition = Composition {
            backing: Backing::Own(installation),
            binaries: Some(binaries),
            nodes: NodeCounts {
                brokers: description.brokers,
                mongo: description.mongo_nodes,
            },
            command_replicas: description.command_replicas,
            query_replicas: description.query_replicas,
            projectors: description.projectors,
            environment: Vec::new(),
        };
        System::assemble(composition, layout, None)
    }
}

const ALREADY_UP: &str = "a stack is already up, or being started, from this clone (see `cargo stack status`, `cargo stack down`)";

/// Readers before writers before servers: nobody loses what it still needs.
fn rank(name: &str) -> usize {
    [
        "projector",
        "query-service",
        "command-service",
        "kafka",
        "mongodb",
        "postgres",
    ]
    .iter()
    .position(|prefix| name.starts_with(prefix))
    .unwrap_or_default()
}

fn postgres_elsewhere(data: &Path) -> Result<Option<PathBuf>> {
    if !data.exists() {
        return Ok(None);
    }
    let folder = account::data_folder(Account::unprivileged()?, &data.join("postgres"))?;
    Ok((!folder.starts_with(data)).then_some(folder))
}
