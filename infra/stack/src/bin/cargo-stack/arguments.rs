//! What can be typed after `cargo stack`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use orderfold_stack::Principal;

const REPLICAS_MAX: i64 = 9;
const HOURS_MAX: i64 = 24 * 366;

/// Runs the whole system on this machine: the real PostgreSQL, Kafka and MongoDB, and both services.
#[derive(Parser)]
#[command(name = "cargo stack", version, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub verb: Verb,
}

#[derive(Subcommand)]
pub enum Verb {
    /// Install what is missing, start everything and stay in the foreground with the logs
    Up(UpOptions),
    /// Stop everything; the data stays
    Down,
    /// Say what is up, and where
    Status {
        /// Name, process, addresses and log of everything, as JSON
        #[arg(long)]
        json: bool,
    },
    /// Bring back what was stopped or killed, or stop and start what runs
    Restart {
        /// As `status` names it; a service means all its replicas, and a server all its nodes
        name: String,
    },
    /// Print the logs
    Logs {
        /// As `status` names it; everything, if left out
        name: Option<String>,
        /// Go on printing what is added
        #[arg(short, long)]
        follow: bool,
    },
    /// Stop everything and remove the data
    Reset,
    /// Print a token for a caller
    Token(TokenOptions),
    /// Run every test of the workspace against real servers
    Test {
        /// Only tests whose names contain one of these; what follows `--` goes to the test programs
        #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
        filters: Vec<String>,
    },
    /// Load a data set into the stack that is up, and compare what the query API then says
    Import {
        #[command(subcommand)]
        what: DataSet,
    },
}

#[derive(Args)]
pub struct UpOptions {
    /// Return as soon as everything is ready
    #[arg(long)]
    pub detach: bool,
    /// Start with fresh data and remove it at the end
    #[arg(long)]
    pub ephemeral: bool,
    /// How many brokers of Kafka: with three, each event has three copies and one broker may be away. A stack keeps
    /// the number it was first started with, until it is reset
    #[arg(long, default_value = "1", value_name = "N", value_parser = one_or_three)]
    pub brokers: u16,
    /// How many nodes of MongoDB: with three, each document has three copies and one node may be away. A stack keeps
    /// the number it was first started with, until it is reset
    #[arg(long, default_value = "1", value_name = "N", value_parser = one_or_three)]
    pub mongo_nodes: u16,
    /// How many command services
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=REPLICAS_MAX))]
    pub command_replicas: u16,
    /// How many query services
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=REPLICAS_MAX))]
    pub query_replicas: u16,
    /// How many processes fold the events. With none, the query services do it; with some, they only answer
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=REPLICAS_MAX))]
    pub projectors: u16,
}

fn one_or_three(text: &str) -> Result<u16, &'static str> {
    match text {
        "1" => Ok(1),
        "3" => Ok(3),
        _ => Err("it can be 1 or 3"),
    }
}

#[derive(Args)]
pub struct TokenOptions {
    /// `service`, `staff` or `customer:<id>`
    #[arg(long = "as", value_name = "PRINCIPAL")]
    pub principal: Principal,
    /// Space-separated, instead of those such a caller usually has
    #[arg(long)]
    pub scopes: Option<String>,
    /// How long it holds
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=HOURS_MAX.unsigned_abs()))]
    pub hours: u64,
}

#[derive(Subcommand)]
pub enum DataSet {
    /// Four years of retail orders: `orders.csv` and `returns.csv`
    Superstore(ImportOptions),
}

#[derive(Args)]
pub struct ImportOptions {
    pub folder: PathBuf,
    /// Where the command API is, if not in the stack of this clone; several with commas
    #[arg(long, requires_all = ["query_url", "token"], value_delimiter = ',')]
    pub command_url: Vec<String>,
    /// Where the query API is
    #[arg(long, requires = "command_url", value_delimiter = ',')]
    pub query_url: Vec<String>,
    /// A token with the scopes for it
    #[arg(long, requires = "command_url")]
    pub token: Option<String>,
}
