//! `cargo stack test`: one set of servers for every test program of the workspace.

use std::process::{ExitCode, Stdio};

use orderfold_stack::{
    Progress, Result, environment,
    error::Doing,
    repository,
    services::{Backends, Binaries, Profile},
    stack::{ServersFor, Stack, StackOptions},
};
use tokio::process::Command;

use crate::supervise;

const TESTS_FAILED: u8 = 101;

pub async fn test(filters: &[String]) -> Result<ExitCode> {
    let progress = Progress::to_stderr();
    let binaries = Binaries::ensure(Profile::Development, &progress).await?;
    let step = progress.step("starting PostgreSQL, Kafka and MongoDB for the tests");
    let options = StackOptions {
        servers: ServersFor::ThisTest,
        command_replicas: 0,
        query_replicas: 0,
        ..StackOptions::default()
    };
    let stack = Stack::start_showing(options, &progress).await?;
    step.done();
    run(filters, stack.backends(), &binaries).await
}

/// Every program runs, whichever failed before it: the end lists them all.
async fn run(filters: &[String], backends: &Backends, binaries: &Binaries) -> Result<ExitCode> {
    let stopping = supervise::stop_requested()?;
    let mut tests = Command::new(environment::cargo())
        .args(["test", "--workspace", "--no-fail-fast"])
        .args(arguments(filters))
        .current_dir(repository::root())
        .env(environment::TEST_POSTGRES, &backends.database_url)
        .env(environment::TEST_KAFKA, &backends.kafka_brokers)
        .env(environment::TEST_MONGODB, &backends.mongodb_uri)
        .env(environment::TEST_BINARIES, binaries.folder())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .doing(|| "run `cargo test`".to_owned())?;
    tokio::select! {
        status = tests.wait() => {
            let status = status.doing(|| "wait for `cargo test`".to_owned())?;
            let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(TESTS_FAILED);
            Ok(ExitCode::from(code))
        }
        () = stopping => Ok(ExitCode::from(TESTS_FAILED)),
    }
}

/// cargo takes one filter; the test programs take several.
fn arguments(filters: &[String]) -> Vec<&str> {
    let mut arguments = Vec::new();
    if !filters.is_empty() && filters.first().is_none_or(|filter| filter != "--") {
        arguments.push("--");
    }
    arguments.extend(filters.iter().map(String::as_str));
    arguments
}

#[cfg(test)]
mod tests {
    use super::arguments;

    #[test]
    fn several_filters_reach_the_test_programs() {
        let typed = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(arguments(&typed(&[])), Vec::<&str>::new());
        assert_eq!(arguments(&typed(&["one", "two"])), ["--", "one", "two"]);
        assert_eq!(
            arguments(&typed(&["--", "--nocapture"])),
            ["--", "--nocapture"]
        );
    }
}
