//! Loads the superstore data set (four years of retail orders) over HTTP and compares what the
//! query API then says with what is known of it, to the cent.

mod amounts;
mod commands;
mod figures;
mod observed;
mod rows;

use std::path::Path;

pub use commands::{CHANNEL, commands};
pub use figures::{Figure, Report};
pub use observed::ObserveError;
pub use rows::{DataError, Dataset};

use crate::{
    bulk::{self, BulkClient, BulkError},
    local::ConnectionDetails,
    progress::Progress,
};

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("the data set cannot be used")]
    Data(#[from] DataError),
    #[error("the commands were not all taken")]
    Bulk(#[from] BulkError),
    #[error("the figures cannot be read")]
    Observe(#[from] ObserveError),
}

/// Sends every command of the set, waits until the query API shows their effects, and compares.
/// A service may be killed and brought back meanwhile. Done again, it changes nothing.
///
/// # Errors
/// When the set is not what it should be, a command is refused, or a service stays away.
pub async fn import(
    connection: &ConnectionDetails,
    folder: &Path,
    progress: &Progress,
) -> Result<Report, ImportError> {
    let lines = commands(&Dataset::read(folder)?);
    let sent = send(connection, lines, progress).await?;
    let step = progress.step("comparing with what the query API says");
    let figures = observed::figures(connection, &sent.consistency_tokens, progress).await?;
    step.done();
    Ok(Report {
        commands: sent.commands,
        replayed: sent.replayed,
        figures,
    })
}

struct Sent {
    commands: usize,
    replayed: usize,
    consistency_tokens: Vec<String>,
}

async fn send(
    connection: &ConnectionDetails,
    lines: Vec<String>,
    progress: &Progress,
) -> Result<Sent, BulkError> {
    let client = BulkClient::new(connection.command_urls.clone(), connection.token.clone())?;
    let step = progress.counted("importing superstore", count(lines.len()));
    let mut sent = Sent {
        commands: 0,
        replayed: 0,
        consistency_tokens: Vec::new(),
    };
    for request in bulk::requests(lines) {
        let before = sent.commands;
        let answered = |lines| step.set(count(before + lines));
        let interrupted =
            |error: &BulkError| progress.note(&format!("{error}; sending the same commands again"));
        let outcome = client.send(&request, answered, interrupted).await?;
        sent.commands += outcome.lines;
        sent.replayed += outcome.replayed;
        sent.consistency_tokens.extend(outcome.consistency_token);
    }
    step.done();
    Ok(sent)
}

fn count(things: usize) -> u64 {
    u64::try_from(things).unwrap_or(u64::MAX)
}
