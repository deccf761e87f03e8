//! The query service's process: reads its arguments, starts, and says how it ended.

use std::{error::Error, io::Write, process::ExitCode};

use clap::Parser;
use query_service::{
    app,
    config::{Arguments, Verb},
    ops::verbs::Outcome,
};

/// How `verify` ends when documents differ.
const DIFFERENCES: u8 = 3;

/// Requests, events and documents are many small texts: the system's allocator takes a quarter of the processor for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { verb, config } = Arguments::parse();
    let outcome = match verb.unwrap_or(Verb::Serve) {
        Verb::Serve => app::serve(config).await.map(|()| Outcome::Done),
        verb => app::operate(verb, &config).await,
    };
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Differences) => ExitCode::from(DIFFERENCES),
        Err(error) => {
            say(error.as_ref());
            ExitCode::FAILURE
        }
    }
}

/// Says on standard error what went wrong, with every cause: logging may not have started.
fn say(error: &dyn Error) {
    let mut text = format!("query-service: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    // Where standard error is closed there is nobody left to tell.
    let _unheard = writeln!(std::io::stderr(), "{text}");
}
