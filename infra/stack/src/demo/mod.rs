//! A few customers and orders in various states, so that a fresh stack has something to show.

use std::path::Path;

use crate::{
    bulk::BulkClient,
    error::{Result, StackError},
    files,
    local::ConnectionDetails,
    progress::Progress,
};

const COMMANDS: &str = include_str!("demo.ndjson");

/// Loads it once per data folder; loading it again would change nothing, but idempotency keys do
/// not hold for ever.
///
/// # Errors
/// When the command API does not take it.
pub async fn load(connection: &ConnectionDetails, data: &Path, progress: &Progress) -> Result<()> {
    let loaded = data.join("demo-loaded");
    if loaded.exists() {
        return Ok(());
    }
    let failed = |error| StackError::failed("load the demo", error);
    let lines: Vec<String> = COMMANDS.lines().map(str::to_owned).collect();
    let step = progress.step(format!("loading the demo ({} commands)", lines.len()));
    let client = BulkClient::new(connection.command_urls.clone(), connection.token.clone())
        .map_err(failed)?;
    client
        .send(&lines, |_| {}, |error| progress.note(&error.to_string()))
        .await
        .map_err(failed)?;
    step.done();
    files::write_whole(&loaded, b"")
}
