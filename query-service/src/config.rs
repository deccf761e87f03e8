//! The configuration of the query service: read once, from the command line or the environment.

use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono_tz::Tz;
use clap::{Args, Parser, Subcommand, ValueEnum};
use orderfold_events::StreamId;
use orderfold_http::telemetry::LogFormat;
use secrecy::{SecretSlice, SecretString};

use crate::projections::ReadModel;

/// The read side of Orderfold.
#[derive(Debug, Parser)]
#[command(name = "query-service", version)]
pub struct Arguments {
    #[command(subcommand)]
    pub verb: Option<Verb>,
    #[command(flatten)]
    pub config: Config,
}

/// What to do; `serve` when nothing is said.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Verb {
    /// Folds events into read models and answers queries.
    Serve,
    /// Recomputes read models from the event store and reports every document that differs; ends with 3 if one does.
    Verify {
        /// Only this one.
        #[arg(long)]
        projection: Option<ReadModel>,
        /// Only one customer in so many; sums over many customers are always compared whole.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
        sample: u64,
    },
    /// Lists the streams that wait behind an event that cannot be folded.
    Parked {
        /// Only in this read model.
        #[arg(long)]
        projection: Option<ReadModel>,
    },
    /// Has a parked stream folded again.
    Retry {
        /// Such as `order-0199…`.
        stream: StreamId,
        /// Only in this read model.
        #[arg(long)]
        projection: Option<ReadModel>,
    },
    /// Has the first event of a parked stream left out.
    Skip {
        /// Such as `order-0199…`.
        stream: StreamId,
        /// Only in this read model.
        #[arg(long)]
        projection: Option<ReadModel>,
        /// For the audit record.
        #[arg(long)]
        reason: String,
    },
    /// Has a read model filled anew, beside the build that answers.
    Rebuild { projection: ReadModel },
    /// Lets another build of a read model answer.
    Activate { projection: ReadModel, build: u32 },
    /// Has a build dropped that does not answer.
    Retire { projection: ReadModel, build: u32 },
}

/// What a replica does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Everything.
    All,
    /// Answers queries, and folds nothing.
    Api,
    /// Folds, and answers no queries.
    Projector,
}

impl Role {
    #[must_use]
    pub fn answers(self) -> bool {
        matches!(self, Self::All | Self::Api)
    }

    #[must_use]
    pub fn folds(self) -> bool {
        matches!(self, Self::All | Self::Projector)
    }
}

/// Everything that differs between installations.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// What this replica does.
    #[arg(long, env, global = true, value_enum, default_value_t = Role::All)]
    pub role: Role,
    /// Where the API listens.
    #[arg(long, env, global = true, default_value = "127.0.0.1:8090")]
    pub http_address: SocketAddr,
    /// Where health and metrics listen; keep it off the public network.
    #[arg(long, env, global = true, default_value = "127.0.0.1:8091")]
    pub admin_address: SocketAddr,
    /// MongoDB, a replica set; the name of the database is in the URI (default: orderfold).
    #[arg(long, env, hide_env_values = true)]
    pub mongodb_uri: SecretString,
    /// Bootstrap addresses of Kafka, comma-separated.
    #[arg(long, env)]
    pub kafka_brokers: String,
    #[arg(long, env, global = true, default_value = "orderfold.events")]
    pub kafka_topic: String,
    #[arg(long, env, global = true, default_value = "orderfold-query")]
    pub kafka_group: String,
    /// Base URLs of the command service's admin port, comma-separated.
    #[arg(long, env, value_delimiter = ',', required = true)]
    pub command_admin_url: Vec<String>,
    /// Shared with the command service, for its internal endpoints.
    #[arg(long, env, hide_env_values = true)]
    pub internal_token: SecretString,
    /// At least 32 bytes in base64, shared with the command service: wraps customers' keys, and keys what they are found
    /// by. The read models have to be built anew for another one.
    #[arg(long, env, hide_env_values = true)]
    pub view_key: ViewKey,
    /// How long a customer's key stays in memory in the clear; at most 60.
    #[arg(long, env, global = true, default_value = "60", value_parser = clap::value_parser!(u64).range(1..=60))]
    key_cache_seconds: u64,
    /// The public half, PEM, of the Ed25519 key that signs tokens.
    #[arg(long, env)]
    pub jwt_public_key_file: PathBuf,
    /// The `iss` of those tokens.
    #[arg(long, env, global = true, default_value = "orderfold")]
    pub jwt_issuer: String,
    /// IANA name of the zone whose days reports count in; fixed by the first start.
    #[arg(long, env, global = true, default_value = "UTC")]
    pub reporting_time_zone: Tz,
    #[command(flatten)]
    pub log: LogArguments,
    /// How long running requests may take after a signal to stop.
    #[arg(long, env, global = true, default_value = "20")]
    shutdown_timeout_seconds: u64,
}

/// The key that both services share.
#[derive(Debug, Clone)]
pub struct ViewKey(SecretSlice<u8>);

impl ViewKey {
    const BYTES_MIN: usize = 32;

    #[must_use]
    pub fn bytes(&self) -> &SecretSlice<u8> {
        &self.0
    }
}

impl FromStr for ViewKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match STANDARD.decode(text) {
            Ok(bytes) if bytes.len() >= Self::BYTES_MIN => Ok(Self(bytes.into())),
            Ok(_) => Err("fewer than 32 bytes"),
            Err(_malformed) => Err("not base64"),
        }
    }
}

/// How to log.
#[derive(Debug, Clone, Args)]
pub struct LogArguments {
    /// `json` or `text`.
    #[arg(
        long = "log-format",
        env = "LOG_FORMAT",
        global = true,
        default_value = "json"
    )]
    pub format: LogFormat,
    /// Such as `info` or `info,query_service=debug`.
    #[arg(
        long = "log-filter",
        env = "LOG_FILTER",
        global = true,
        default_value = "info"
    )]
    pub filter: String,
}

impl Config {
    #[must_use]
    pub fn shutdown_timeout(&self) -> Duration {
        Duration::from_secs(self.shutdown_timeout_seconds)
    }

    #[must_use]
    pub fn key_cache(&self) -> Duration {
        Duration::from_secs(self.key_cache_seconds)
    }
}
