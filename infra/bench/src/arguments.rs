//! What can be typed after `cargo bench-stack`.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use orderfold_stack::repository;

const PAIRS_MAX: i64 = 50;
/// The larger store holds ten times as many.
const ORDERS_MAX: i64 = 100_000;

/// Measures the services on the real stack beside peers, in one run.
#[derive(Parser)]
#[command(name = "cargo bench-stack", version, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Subcommand)]
pub enum Verb {
    /// The write side: commands against pgbench and a naive service, relay, growth, memory
    Write(WriteOptions),
    /// The read side: folding, queries and visibility against the bare drivers, pages at ten times the orders, memory
    Read(ReadOptions),
    /// The naive peer, as a process of its own
    #[command(hide = true)]
    Naive(NaiveOptions),
}

/// One part of `write`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// New streams: whole orders are placed
    Place,
    /// Existing streams: payments on many orders
    Payments,
    /// One hot stream: payments on one order
    Hot,
    /// A stream of 10,000 events against one of 10
    LongStream,
    /// Records per second against a bare producer
    Relay,
    /// The same load on ten times the events
    Growth,
}

/// One part of `read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReadPart {
    /// A build of a read model is filled anew, against `insertMany`
    Rebuild,
    /// One order is asked for, against `find_one`
    Order,
    /// From a command to its effect in an answer, against a chain written by hand
    Visible,
    /// A backlog is folded into every read model, against batched `update` commands
    Projection,
    /// Lists, searches and reports on ten times the orders
    Pages,
}

#[derive(Args)]
pub struct WriteOptions {
    /// Only these parts; all, if left out
    #[arg(long, value_enum, value_delimiter = ',')]
    pub only: Vec<Part>,
    #[command(flatten)]
    pub size: Size,
}

#[derive(Args)]
pub struct ReadOptions {
    /// Only these parts; all, if left out
    #[arg(long, value_enum, value_delimiter = ',')]
    pub only: Vec<ReadPart>,
    /// Orders of the smaller store; the larger holds ten times as many. 20,000 unless given: a quarter of an hour on two
    /// cores. 100,000 and a million take about two hours, most of it filling
    #[arg(long, value_parser = clap::value_parser!(u32).range(1_000..=ORDERS_MAX))]
    pub orders: Option<u32>,
    #[command(flatten)]
    pub size: Size,
}

/// How long and how often is measured, and where the result goes.
#[derive(Args)]
pub struct Size {
    /// Short windows and few events: to try it out, not to quote it
    #[arg(long)]
    pub quick: bool,
    /// Interleaved measurements of each side; the median counts
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=PAIRS_MAX))]
    pub pairs: Option<u32>,
    /// Seconds of each measurement
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub seconds: Option<u32>,
    /// Where the JSON and the SVG go: `docs/benchmarks`, or `target/benchmarks` of a part or a quick run
    #[arg(long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}

#[derive(Args)]
pub struct NaiveOptions {
    #[arg(long, env, hide_env_values = true)]
    pub database_url: String,
    #[arg(long, env)]
    pub http_address: SocketAddr,
    #[arg(long, env)]
    pub jwt_public_key_file: PathBuf,
    /// JSON of the rows that one command writes
    #[arg(long, env)]
    pub samples_file: PathBuf,
}

impl WriteOptions {
    pub fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

impl ReadOptions {
    pub fn wants(&self, part: ReadPart) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

impl Size {
    /// Where the results go. A run of all parts at full size is the one that is kept with the sources.
    pub fn folder(&self, of_all_parts: bool) -> PathBuf {
        let is_for_the_record = !cfg!(debug_assertions) && !self.quick && of_all_parts;
        let folder = if is_for_the_record {
            "docs/benchmarks"
        } else {
            "target/benchmarks"
        };
        let default = || repository::root().join(folder);
        self.output.clone().unwrap_or_else(default)
    }
}
