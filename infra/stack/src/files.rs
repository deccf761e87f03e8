//! Files written whole or not at all, and the ends of log files.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use crate::error::{Doing, Result};

const TAIL_BYTES_MAX: u64 = 16 * 1024;

/// Readable by its owner alone: most of what the stack writes is a secret or near one.
///
/// # Errors
/// When the file cannot be written; what was there before is then still there.
pub fn write_whole(file: &Path, content: &[u8]) -> Result<()> {
    let unfinished = file.with_extension("unfinished");
    let writing = || format!("write {}", file.display());
    let mut output = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&unfinished)
        .doing(writing)?;
    output.write_all(content).doing(writing)?;
    output.sync_all().doing(writing)?;
    std::fs::rename(&unfinished, file).doing(writing)
}

/// # Errors
/// When the folder cannot be made.
pub fn make_folder(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).doing(|| format!("make the folder {}", folder.display()))
}

/// Removes a folder with everything in it; one that is not there is fine.
///
/// # Errors
/// When something in it stays.
pub fn remove_folder(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).doing(|| format!("remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// Removes a file; one that is not there is fine.
///
/// # Errors
/// When it stays.
pub fn remove_file(file: &Path) -> Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).doing(|| format!("remove {}", file.display()))
        }
        _ => Ok(()),
    }
}

/// The last lines of a log, or a word on why there are none.
#[must_use]
pub fn tail(log: &Path, lines: usize) -> String {
    let read_end = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES_MAX)))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        Ok(end)
    };
    match read_end() {
        Ok(end) if end.is_empty() => "(it wrote nothing)".to_owned(),
        Ok(end) => {
            let text = String::from_utf8_lossy(&end);
            let all: Vec<&str> = text.lines().collect();
            all[all.len().saturating_sub(lines)..].join("\n")
        }
        Err(error) => format!("(no log: {error})"),
    }
}
