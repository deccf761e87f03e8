//! Unpacking, and the check that what came is what was pinned.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};

use crate::error::{Doing, Result, StackError};

const BLOCK_BYTES: usize = 64 * 1024;

pub fn sha256(file: &Path) -> Result<String> {
    let reading = || format!("read {}", file.display());
    let mut input = File::open(file).doing(reading)?;
    let mut context = Context::new(&SHA256);
    let mut block = vec![0; BLOCK_BYTES];
    loop {
        let length = input.read(&mut block).doing(reading)?;
        if length == 0 {
            return Ok(hex::encode(context.finish()));
        }
        context.update(&block[..length]);
    }
}

pub fn check(file: &Path, pinned: &str) -> Result<()> {
    refuse_other(&file.display().to_string(), &sha256(file)?, pinned)
}

/// Every file of a folder at once: the digest of their sorted digests and names.
pub fn check_folder(folder: &Path, pinned: &str) -> Result<()> {
    let reading = || format!("read {}", folder.display());
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).doing(reading)? {
        files.push(entry.doing(reading)?.path());
    }
    files.sort();
    let mut context = Context::new(&SHA256);
    for file in files {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        context.update(format!("{}  {name}\n", sha256(&file)?).as_bytes());
    }
    refuse_other(
        &folder.display().to_string(),
        &hex::encode(context.finish()),
        pinned,
    )
}

fn refuse_other(what: &str, found: &str, pinned: &str) -> Result<()> {
    if found == pinned {
        return Ok(());
    }
    Err(StackError::Missing {
        what: what.to_owned(),
        why: format!("the download has the SHA-256 {found}, not the pinned {pinned}"),
        advice:
            "Try again; if it stays like that, the registry serves something else under this name."
                .to_owned(),
    })
}

pub fn unpack_txz(archive: &Path, into: &Path) -> Result<()> {
    let unpacking = || format!("unpack {}", archive.display());
    let input = BufReader::new(File::open(archive).doing(unpacking)?);
    let plain = lzma_rust2::XzReader::new(input, true);
    let mut tar = tar::Archive::new(plain);
    tar.set_preserve_permissions(true);
    tar.unpack(into).doing(unpacking)
}
