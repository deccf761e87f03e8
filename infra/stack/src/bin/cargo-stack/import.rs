//! `cargo stack import`.

use std::process::ExitCode;

use orderfold_stack::{
    Progress, Result, StackError,
    error::sentence,
    local::{ConnectionDetails, LocalStack, read_env},
    superstore::{self, Report},
};

use crate::{
    arguments::{DataSet, ImportOptions},
    console,
};

pub async fn import(here: &LocalStack, what: DataSet) -> Result<ExitCode> {
    let DataSet::Superstore(options) = what;
    let folder = options.folder.clone();
    let connection = connection(here, options)?;
    let report = superstore::import(&connection, &folder, &Progress::to_stderr())
        .await
        .map_err(|error| {
            StackError::failed(format!("import {}", folder.display()), sentence(&error))
        })?;
    print(&report);
    Ok(if report.is_exact() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn connection(here: &LocalStack, options: ImportOptions) -> Result<ConnectionDetails> {
    let ImportOptions {
        command_url,
        query_url,
        token,
        ..
    } = options;
    match token {
        Some(token) => Ok(ConnectionDetails {
            command_urls: command_url,
            query_urls: query_url,
            token,
        }),
        None => read_env(&here.env_file()),
    }
}

fn print(report: &Report) {
    console::say(&format!(
        "{} commands, {} of them carried out before",
        report.commands, report.replayed
    ));
    console::say(&format!(
        "{:<38} {:>14} {:>14}",
        "figure", "expected", "actual"
    ));
    for figure in &report.figures {
        let verdict = if figure.is_exact() { "ok" } else { "WRONG" };
        console::say(&format!(
            "{:<38} {:>14} {:>14} {verdict}",
            figure.name, figure.expected, figure.actual
        ));
    }
}
