//! Kafka from its Maven artifacts: the broker, the console tools, and the logger without which
//! there is no log.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::{archive, cache::Cache, tools};
use crate::{
    error::{Doing, Result},
    progress::Progress,
};

const VERSION: &str = "4.3.0";
/// Of all jars together, as `archive::check_folder` counts.
const JARS_SHA256: &str = "4a93ec072c5a65736ed93bbec8389117499048e9b1f2c5a4e0d1354c28b968a9";
const FETCH_LIMIT: Duration = Duration::from_mins(10);

const POM: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>orderfold</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>4.3.0</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>4.3.0</version></dependency>
    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.4</version></dependency>
  </dependencies>
</project>
"#;

pub fn ensure(cache: &Cache, progress: &Progress) -> Result<PathBuf> {
    let version = cache.version(&format!("kafka-{VERSION}"), |folder| {
        install(folder, progress)
    })?;
    Ok(version.join("libs"))
}

fn install(folder: &Path, progress: &Progress) -> Result<()> {
    let maven = tools::ensure(tools::MAVEN, progress)?;
    let step = progress.step(format!("installing Kafka {VERSION} (54 MB)"));
    let pom = folder.join("pom.xml");
    std::fs::write(&pom, POM).doing(|| format!("write {}", pom.display()))?;
    let libs = folder.join("libs");
    let mut fetch = Command::new(maven);
    fetch
        .args(["-B", "-q", "dependency:copy-dependencies"])
        .arg(format!("-DoutputDirectory={}", libs.display()))
        .current_dir(folder);
    tools::run(
        &mut fetch,
        &format!("fetch Kafka {VERSION} with Maven"),
        FETCH_LIMIT,
    )?;
    archive::check_folder(&libs, JARS_SHA256)?;
    step.done();
    Ok(())
}
