//! The query service.

use std::path::{Path, PathBuf};

use futures::future::BoxFuture;

use super::{Binaries, Replica, Shared};
use crate::{
    error::Result,
    process::{Address, Launch, Program},
};

pub struct QueryService {
    binary: PathBuf,
    replica: Replica,
    shared: Shared,
    /// Of every command replica: gaps are filled from whichever answers.
    command_admin_urls: String,
    view_key: String,
}

impl QueryService {
    #[must_use]
    pub fn new(
        binaries: &Binaries,
        replica: Replica,
        shared: &Shared,
        command_admin_urls: &str,
        view_key: &str,
    ) -> Self {
        let binary = binaries.query_service.clone();
        Self {
            binary,
            replica,
            shared: shared.clone(),
            command_admin_urls: command_admin_urls.to_owned(),
            view_key: view_key.to_owned(),
        }
    }
}

impl Program for QueryService {
    fn name(&self) -> String {
        self.replica.name.clone()
    }

    fn launch(&self) -> Launch {
        self.replica
            .launch(&self.binary, &self.shared)
            .env("MONGODB_URI", &self.shared.backends.mongodb_uri)
            .env("KAFKA_GROUP", &self.shared.backends.kafka_group)
            .env("COMMAND_ADMIN_URL", &self.command_admin_urls)
            .env("VIEW_KEY", &self.view_key)
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
