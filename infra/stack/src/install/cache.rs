//! The cache folder: one installer at a time, and finished versions only.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::{
    account::make_open,
    environment,
    error::{Doing, Result, StackError},
    files,
    progress::Progress,
};

const LOCK_LIMIT: Duration = Duration::from_mins(10);
const LOCK_PAUSE: Duration = Duration::from_millis(200);

pub struct Cache {
    folder: PathBuf,
    /// Released when this is dropped, or by the system when this process ends.
    _lock: File,
}

/// Where users keep what can be fetched again.
pub fn wanted_folder() -> Result<PathBuf> {
    let from = |name: &str| {
        environment::path(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    from("XDG_CACHE_HOME")
        .or_else(|| Some(from("HOME")?.join(".cache")))
        .map(|caches| caches.join("orderfold"))
        .ok_or_else(|| StackError::Missing {
            what: "a cache folder for the servers".to_owned(),
            why: "neither XDG_CACHE_HOME nor HOME names a folder".to_owned(),
            advice: "Set one of them.".to_owned(),
        })
}

impl Cache {
    pub fn lock(folder: PathBuf, progress: &Progress) -> Result<Self> {
        let path = folder.join("lock");
        let doing = || format!("lock {}", path.display());
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .doing(doing)?;
        let begun = Instant::now();
        let mut waiting = None;
        loop {
            match lock.try_lock() {
                Ok(()) => {
                    return Ok(Self {
                        folder,
                        _lock: lock,
                    });
                }
                Err(TryLockError::Error(source)) => {
                    return Err(StackError::Io {
                        doing: doing(),
                        source,
                    });
                }
                Err(TryLockError::WouldBlock) if begun.elapsed() > LOCK_LIMIT => {
                    return Err(StackError::TimedOut {
                        awaited: "another installation of the servers to finish".to_owned(),
                        limit: LOCK_LIMIT,
                        last_seen: format!("{} is still locked", path.display()),
                    });
                }
                Err(TryLockError::WouldBlock) => {
                    waiting.get_or_insert_with(|| {
                        progress.step("waiting for another installation of the servers")
                    });
                    std::thread::sleep(LOCK_PAUSE);
                }
            }
        }
    }

    /// The folder of one version; `make` fills a scratch folder when it is not there yet.
    pub fn version(&self, name: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
        let finished = self.folder.join(name);
        if finished.is_dir() {
            return Ok(finished);
        }
        let unfinished = self.folder.join(format!("{name}.unfinished"));
        files::remove_folder(&unfinished)?;
        make_open(&unfinished)?;
        make(&unfinished)?;
        std::fs::rename(&unfinished, &finished)
            .doing(|| format!("finish {}", finished.display()))?;
        Ok(finished)
    }
}
