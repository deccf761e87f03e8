//! Where a stack keeps its things, below one folder.

use std::path::{Path, PathBuf};

use crate::{account::make_open, error::Result, files, process::Records};

#[derive(Debug, Clone)]
pub struct Layout {
    root: PathBuf,
    data: PathBuf,
}

impl Layout {
    /// The one of a clone: data that stays, or data that goes with the stack.
    #[must_use]
    pub fn of_clone(repository: &Path, ephemeral: bool) -> Self {
        let root = repository.join(".stack");
        let data = root.join(if ephemeral { "ephemeral" } else { "data" });
        Self { root, data }
    }

    /// One of its own, in a folder that exists.
    #[must_use]
    pub fn in_folder(root: PathBuf) -> Self {
        let data = root.join("data");
        Self { root, data }
    }

    /// Makes the folders. Those above PostgreSQL's data are open, because it may run as another
    /// account; the files in them are not.
    ///
    /// # Errors
    /// When one cannot be made.
    pub fn make(&self) -> Result<()> {
        make_open(&self.root)?;
        make_open(&self.data)?;
        files::make_folder(&self.records_folder())?;
        files::make_folder(&self.logs())
    }

    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    #[must_use]
    pub fn records(&self) -> Records {
        Records::new(self.records_folder())
    }

    #[must_use]
    pub fn env_file(&self) -> PathBuf {
        self.root.join("env")
    }

    fn records_folder(&self) -> PathBuf {
        self.root.join("processes")
    }
}
