//! What is up: status, logs, and tokens to talk to it.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use orderfold_stack::{
    Result, StackError, State, keys::TokenKeys, local::LocalStack, process::Record, tokens,
};
use serde::Serialize;

use crate::{arguments::TokenOptions, console, follow::Logs, supervise};

const FOLLOW_INTERVAL: Duration = Duration::from_millis(250);

#[derive(Serialize)]
struct Status {
    /// `up`: everything that was started runs; `partly_up`: something does not; `down`.
    state: &'static str,
    ephemeral: bool,
    env: PathBuf,
    processes: Vec<Process>,
}

#[derive(Serialize)]
struct Process {
    name: String,
    state: State,
    /// None while it does not run.
    pid: Option<u32>,
    addresses: BTreeMap<String, String>,
    log: PathBuf,
}

impl From<Record> for Process {
    fn from(record: Record) -> Self {
        let state = record.state();
        Self {
            name: record.name,
            state,
            pid: (state != State::Stopped).then_some(record.identity.pid),
            addresses: record
                .addresses
                .into_iter()
                .map(|address| (address.purpose, address.url))
                .collect(),
            log: record.log,
        }
    }
}

pub fn status(here: &LocalStack, json: bool) -> Result<()> {
    let mut processes: Vec<Process> = here.records().into_iter().map(Process::from).collect();
    processes.reverse();
    let running = processes
        .iter()
        .filter(|process| process.state == State::Running)
        .count();
    let state = match running {
        0 => "down",
        count if count == processes.len() => "up",
        _ => "partly_up",
    };
    let ephemeral = here
        .description()
        .is_some_and(|description| description.ephemeral);
    let status = Status {
        state,
        ephemeral,
        env: here.env_file(),
        processes,
    };
    if json {
        let text = serde_json::to_string_pretty(&status);
        console::say(&text.map_err(|error| StackError::failed("describe the stack", error))?);
    } else {
        print(&status);
    }
    Ok(())
}

fn print(status: &Status) {
    if status.processes.is_empty() {
        console::say("Nothing is up from this clone.");
        return;
    }
    for process in &status.processes {
        let state = match process.state {
            State::Running => "running",
            State::Frozen => "frozen",
            State::Stopped => "not running",
        };
        let pid = process
            .pid
            .map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        console::say(&format!(
            "{:<18} {state:<12} {pid:>8}  {}",
            process.name,
            process.log.display()
        ));
        for (purpose, url) in &process.addresses {
            console::say(&format!("{:<18} {purpose:>12}  {url}", ""));
        }
    }
    console::say(&format!("environment: {}", status.env.display()));
}

pub async fn logs(here: &LocalStack, name: Option<&str>, follow: bool) -> Result<()> {
    let mut files = log_files(here);
    if let Some(name) = name {
        files.retain(|(log, _)| log == name);
        if files.is_empty() {
            return Err(StackError::failed(
                format!("show the log of {name}"),
                "there is none; see `cargo stack status`",
            ));
        }
    }
    let mut logs = Logs::new(files);
    logs.print_new();
    if !follow {
        return Ok(());
    }
    let stopping = supervise::stop_requested()?;
    tokio::pin!(stopping);
    let mut looks = tokio::time::interval(FOLLOW_INTERVAL);
    loop {
        tokio::select! {
            () = &mut stopping => return Ok(()),
            _ = looks.tick() => logs.print_new(),
        }
    }
}

/// Also of what does not run any more: then they matter most.
fn log_files(here: &LocalStack) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(here.layout(false).logs())
        .into_iter()
        .flatten()
        .flatten();
    let mut files: Vec<(String, PathBuf)> = entries
        .map(|entry| entry.path())
        .filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path)))
        .collect();
    files.sort();
    files
}

pub fn token(here: &LocalStack, options: &TokenOptions) -> Result<()> {
    let ephemeral = here
        .description()
        .is_some_and(|description| description.ephemeral);
    let key = TokenKeys::in_folder(here.layout(ephemeral).data())
        .signing_key()
        .map_err(|error| {
            StackError::failed(
                "sign a token",
                format!("{error}; the first `cargo stack up` makes the key"),
            )
        })?;
    let scopes = options
        .scopes
        .as_deref()
        .unwrap_or(options.principal.usual_scopes());
    let lifetime = Duration::from_hours(options.hours);
    console::say(&tokens::mint(&key, options.principal, scopes, lifetime)?);
    Ok(())
}
