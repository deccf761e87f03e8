//! The command service's process.

use std::process::ExitCode;

use clap::Parser;
use command_service::{
    app,
    config::{Arguments, Verb},
};

/// Requests, events and documents are many small texts: the system's allocator takes a quarter of the processor for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { verb, config } = Arguments::parse();
    // Kept to the end: dropping it writes the last lines.
    let _log = match orderfold_http::telemetry::init(config.log_format, &config.log_filter) {
        Ok(log) => log,
        Err(error) => return failed(&*error),
    };
    let done = match verb.unwrap_or(Verb::Serve) {
        Verb::Serve => app::serve(config).await,
        Verb::Migrate => app::migrate(config).await,
        Verb::Republish(asked) => app::republish(config, asked)
            .await
            .map(|report| say(&report)),
        Verb::RaiseEpoch(asked) => app::raise_epoch(config, asked)
            .await
            .map(|report| say(&report)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&*error),
    }
}

fn say(report: &str) {
    use std::io::Write;

    // Whoever does not listen does not want to know.
    let _untold = writeln!(std::io::stdout(), "{report}");
}

/// Says on one line what went wrong, with its causes.
fn failed(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    use std::io::Write;

    let causes = std::iter::successors(Some(error), |error| error.source());
    let text = causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ");
    // Without a standard error there is nobody to tell.
    let _untold = writeln!(std::io::stderr(), "command-service: {text}");
    ExitCode::FAILURE
}
