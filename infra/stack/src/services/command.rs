//! The command service.

use std::path::{Path, PathBuf};

use futures::future::BoxFuture;

use super::{Binaries, Replica, Shared};
use crate::{
    error::Result,
    keys::Secrets,
    process::{Address, Launch, Program},
};

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

/// The command service's program as an operator runs it in a folder.
pub fn verb(
    binary: &Path,
    (shared, secrets): (&Shared, &Secrets),
    arguments: &[&str],
    folder: &Path,
) -> Launch {
    let launch = Launch::new(binary, folder).args(arguments);
    let launch = with_databases(shared.tell(launch), shared, secrets);
    launch.env("KAFKA_REPLICATION", shared.replication.to_string())
}
