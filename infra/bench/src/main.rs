//! `cargo bench-stack`: measures the services on the real stack, beside peers that do the same work by other means,
//! and says where they stand between floor and goal.

#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "rates and ratios of a measurement, far below 2^53 and never money"
)]

mod arguments;
mod console;
mod cpu;
mod fill;
mod load;
mod peers;
mod read;
mod report;
mod shots;
mod stage;
mod statistics;
mod targets;
mod write;

use std::process::ExitCode;

use clap::Parser;
use orderfold_stack::{Progress, Result, error::sentence};

use arguments::{Arguments, Verb};

/// One thread: the load must leave the machine to what is measured.
#[tokio::main(flavor = "current_thread")]
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
    match verb {
        Verb::Write(options) => write::write(&options, &Progress::to_stderr()).await,
        Verb::Read(options) => read::read(&options, &Progress::to_stderr()).await,
        Verb::Naive(options) => {
            peers::naive::serve(options).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
