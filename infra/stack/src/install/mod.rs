//! The servers on this machine: PostgreSQL, Kafka with a Java for it, and MongoDB, in pinned
//! versions, in a cache outside the repository that all clones share. A version is there whole or
//! not at all: it is put together elsewhere and renamed into place.

mod archive;
mod cache;
mod java;
mod kafka;
mod mongo;
mod postgres;
mod tools;
mod wheel;

use std::path::PathBuf;

pub use java::Java;

use crate::{
    account::{self, Account},
    error::{Result, StackError},
    progress::Progress,
};
use cache::Cache;

#[derive(Debug, Clone)]
pub struct Installation {
    /// The folder with PostgreSQL's `bin`, `lib` and `share`.
    pub postgres: PathBuf,
    /// The folder with Kafka's jars.
    pub kafka: PathBuf,
    pub java: Java,
    pub mongod: PathBuf,
    /// Whom PostgreSQL runs as, where this process is root.
    pub account: Option<Account>,
}

impl Installation {
    /// Installs what is missing.
    ///
    /// # Errors
    /// One sentence on what cannot be had, why, and what to do.
    pub async fn ensure(progress: &Progress) -> Result<Self> {
        let progress = progress.clone();
        tokio::task::spawn_blocking(move || Self::ensure_blocking(&progress))
            .await
            .map_err(|error| StackError::failed("install the servers", error))?
    }

    fn ensure_blocking(progress: &Progress) -> Result<Self> {
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            return Err(StackError::Missing {
                what: "the servers".to_owned(),
                why: "they are pinned for Linux on x86-64 only".to_owned(),
                advice: "Run `docker compose up` instead.".to_owned(),
            });
        }
        let account = Account::unprivileged()?;
        let wanted = cache::wanted_folder()?;
        let folder = account::cache_folder(account, wanted.clone())?;
        if folder != wanted {
            progress.note(&format!(
                "PostgreSQL runs as uid {}, which cannot reach {}: the servers are in {}",
                account.map_or(0, |account| account.uid),
                wanted.display(),
                folder.display()
            ));
        }
        let cache = Cache::lock(folder, progress)?;
        Ok(Self {
            postgres: postgres::ensure(&cache, progress)?,
            java: java::ensure(&cache, progress)?,
            kafka: kafka::ensure(&cache, progress)?,
            mongod: mongo::ensure(&cache, progress)?,
            account,
        })
    }
}
