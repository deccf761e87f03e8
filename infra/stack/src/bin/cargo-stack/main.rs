//! `cargo stack`: the local system from the command line.

mod arguments;
mod banner;
mod console;
mod follow;
mod import;
mod inspect;
mod lifecycle;
mod supervise;
mod test;
mod up;

use std::process::ExitCode;

use clap::Parser;
use orderfold_stack::{Result, error::sentence, local::LocalStack};

use arguments::{Arguments, Verb};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().verb).await {
        Ok(code) => code,
        Err(error) => {
            console::complain(&sentence(&error));
            ExitCode::FAILURE
        }
    }
}

async fn run(verb: Verb) -> Result<ExitCode> {
    let here = LocalStack::of_this_program();
    match verb {
        Verb::Up(options) => up::up(&here, &options).await?,
        Verb::Down => lifecycle::down(&here).await?,
        Verb::Reset => lifecycle::reset(&here).await?,
        Verb::Restart { name } => lifecycle::restart(&here, &name).await?,
        Verb::Status { json } => inspect::status(&here, json)?,
        Verb::Logs { name, follow } => inspect::logs(&here, name.as_deref(), follow).await?,
        Verb::Token(options) => inspect::token(&here, &options)?,
        Verb::Test { filters } => return test::test(&filters).await,
        Verb::Import { what } => return import::import(&here, what).await,
    }
    Ok(ExitCode::SUCCESS)
}
