//! The command service.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use futures::future::BoxFuture;

use super::{Binaries, Replica, Shared};
use crate::{
    error::Result,
    keys::Secrets,
    process::{Address, Launch, Program},
    servers,
};

const VERB_LIMIT: Duration = Duration::from_mins(2);

pub struct CommandService {
    binary: PathBuf,
    replica: Replica,
    shared: Shared,
    secrets: Secrets,
}

impl CommandService {
    #[must_use]
    pub fn new(binaries: &Binaries, replica: Replica, shared: &Shared, secrets: &Secrets) -> Self {
        let binary = binaries.command_service.clone();
        Self {
            binary,
            replica,
            shared: shared.clone(),
            secrets: secrets.clone(),
        }
    }
}

impl Program for CommandService {
    fn name(&self) -> String {
        self.replica.name.clone()
    }

    fn launch(&self) -> Launch {
        let launch = self.replica.launch(&self.binary, &self.shared);
        with_databases(launch, &self.shared, &self.secrets)
    }

    fn folder(&self) -> &Path {
        &self.replica.folder
    }

    fn addresses(&self) -> Vec<Address> {
        self.replica.addresses()
    }

    fn prepare(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { self.replica.prepare() })
    }

    fn ready(&self) -> BoxFuture<'_, std::result::Result<(), String>> {
        Box::pin(self.replica.ready())
    }
}

/// Where the databases are, and the keys that what they hold depends on.
fn with_databases(launch: Launch, shared: &Shared, secrets: &Secrets) -> Launch {
    launch
        .env("DATABASE_URL", &shared.backends.database_url)
        .env("KEYS_DATABASE_URL", &shared.backends.keys_database_url)
        .env("CLAIM_KEY", &secrets.claim_key)
        .env("MASTER_KEY", &secrets.master_key)
        .env("VIEW_KEY", &secrets.view_key)
}

/// The command service's program as an operator runs it.
pub struct Verb<'a> {
    pub binary: &'a Path,
    pub shared: &'a Shared,
    pub secrets: &'a Secrets,
}

/// Runs the service with a verb that ends by itself, such as `migrate`; what it writes goes to `log`.
///
/// # Errors
/// When the service refuses, with its last words.
pub async fn run_verb(verb: &Verb<'_>, arguments: &[&str], log: &Path) -> Result<()> {
    let Verb {
        binary,
        shared,
        secrets,
    } = verb;
    let folder = log.parent().unwrap_or(log);
    let launch = Launch::new(*binary, folder).args(arguments);
    let launch = with_databases(launch, shared, secrets)
        .env("KAFKA_BROKERS", &shared.backends.kafka_brokers)
        .env("KAFKA_TOPIC", &shared.backends.kafka_topic)
        .env("KAFKA_REPLICATION", shared.replication.to_string())
        .env("INTERNAL_TOKEN", &shared.internal_token)
        .env("JWT_PUBLIC_KEY_FILE", &shared.public_key_file)
        .env("LOG_FORMAT", "text");
    let launch = shared
        .extra
        .iter()
        .fold(launch, |launch, (name, value)| launch.env(name, value));
    let name = format!("`command-service {}`", arguments.join(" "));
    servers::run(&name, &launch, log, VERB_LIMIT).await
}
