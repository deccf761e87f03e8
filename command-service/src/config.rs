//! The configuration of the command service: read once, from the command line or the environment.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use chrono_tz::Tz;
use clap::{Args, Parser, Subcommand};
use orderfold_http::telemetry::LogFormat;
use secrecy::SecretString;

use crate::{
    recovery::{RaiseEpoch, Republish},
    timers::Delays,
};

/// The write side of Orderfold.
#[derive(Debug, Parser)]
#[command(name = "command-service", version)]
pub struct Arguments {
    #[command(subcommand)]
    pub verb: Option<Verb>,
    #[command(flatten)]
    pub config: Config,
}

/// What to do; `serve` when nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Verb {
    /// Takes commands and publishes events.
    Serve,
    /// Brings the database up to date and creates the store and its topic; safe to run again.
    Migrate,
    /// Publishes the log to Kafka again: after the topic was truncated, or lost and made anew.
    Republish(Republish),
    /// Begins a new epoch where the store and Kafka part: after PostgreSQL was restored from an older backup.
    RaiseEpoch(RaiseEpoch),
}

/// Everything that differs between installations.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Where the API listens.
    #[arg(long, env, global = true, default_value = "127.0.0.1:8080")]
    pub http_address: SocketAddr,
    /// Where health, metrics and the internal endpoints listen; keep it off the public network.
    #[arg(long, env, global = true, default_value = "127.0.0.1:8081")]
    pub admin_address: SocketAddr,
    /// The event store's PostgreSQL.
    #[arg(long, env, hide_env_values = true)]
    pub database_url: SecretString,
    /// Bootstrap addresses of Kafka, comma-separated.
    #[arg(long, env)]
    pub kafka_brokers: String,
    #[arg(long, env, global = true, default_value = "orderfold.events")]
    pub kafka_topic: String,
    /// Copies of each partition; only for a topic that `migrate` creates.
    #[arg(long, env, global = true, default_value = "1")]
    pub kafka_replication: i32,
    /// Shards of a store that `migrate` creates, fixed for good.
    #[arg(long, env, global = true, default_value = "32")]
    pub shards: u16,
    /// At least 32 bytes in base64: the key of everything that is stored as an HMAC. It can never change.
    #[arg(long, env, hide_env_values = true)]
    pub claim_key: SecretString,
    /// The PostgreSQL database of customers' keys, apart from the event store and its backups.
    #[arg(long, env, hide_env_values = true)]
    pub keys_database_url: SecretString,
    /// At least 32 bytes in base64: wraps the keys of customers. It can never change.
    #[arg(long, env, hide_env_values = true)]
    pub master_key: SecretString,
    /// At least 32 bytes in base64, shared with the query service: wraps the keys that it is given.
    #[arg(long, env, hide_env_values = true)]
    pub view_key: SecretString,
    /// Shared with the query service, for the internal endpoints.
    #[arg(long, env, hide_env_values = true)]
    pub internal_token: SecretString,
    /// The public half, PEM, of the Ed25519 key that signs tokens.
    #[arg(long, env)]
    pub jwt_public_key_file: PathBuf,
    /// The `iss` of those tokens.
    #[arg(long, env, global = true, default_value = "orderfold")]
    pub jwt_issuer: String,
    /// IANA name of the zone whose days due dates count in; the same as the query service's.
    #[arg(long, env, global = true, default_value = "UTC")]
    pub reporting_time_zone: Tz,
    /// `json` or `text`.
    #[arg(long, env, global = true, default_value = "json")]
    pub log_format: LogFormat,
    /// Such as `info` or `info,command_service=debug`.
    #[arg(long, env, global = true, default_value = "info")]
    pub log_filter: String,
    /// How long a placed order that is on account or paid waits before it is confirmed by itself; 0 never does it.
    #[arg(long, env, global = true, default_value = "0")]
    confirm_grace_seconds: u64,
    /// How long a prepaid order waits for its first payment before it is cancelled; 0 never does it.
    #[arg(long, env, global = true, default_value = "336")]
    unpaid_expiry_hours: u64,
    /// How long a draft that nothing happens to is kept before it is discarded; 0 keeps it for ever.
    #[arg(long, env, global = true, default_value = "720")]
    stale_draft_hours: u64,
    /// How long running requests may take after a signal to stop.
    #[arg(long, env, global = true, default_value = "20")]
    shutdown_timeout_seconds: u64,
}

impl Config {
    #[must_use]
    pub fn shutdown_timeout(&self) -> Duration {
        Duration::from_secs(self.shutdown_timeout_seconds)
    }

    /// What is done about orders that nothing happens to, and when.
    #[must_use]
    pub fn timer_delays(&self) -> Delays {
        const HOUR_SECONDS: u64 = 3_600;
        let delay = |seconds: u64| (seconds > 0).then(|| Duration::from_secs(seconds));
        let hours = |hours: u64| delay(hours.saturating_mul(HOUR_SECONDS));
        Delays {
            grace: delay(self.confirm_grace_seconds),
            unpaid: hours(self.unpaid_expiry_hours),
            stale_draft: hours(self.stale_draft_hours),
        }
    }
}
