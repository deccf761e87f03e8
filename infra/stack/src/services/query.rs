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
    views: Views,
}

/// What the read models are made from.
#[derive(Clone)]
pub struct Views {
    /// Of every command replica: gaps are filled from whichever answers.
    pub command_admin_urls: String,
    pub view_key: String,
}

impl QueryService {
    #[must_use]
    pub fn new(binaries: &Binaries, replica: Replica, shared: &Shared, views: &Views) -> Self {
        let binary = binaries.query_service.clone();
        Self {
            binary,
            replica,
            shared: shared.clone(),
            views: views.clone(),
        }
    }
}

impl Program for QueryService {
    fn name(&self) -> String {
        self.replica.name.clone()
    }

    fn launch(&self) -> Launch {
        let launch = self.replica.launch(&self.binary, &self.shared);
        with_views(launch, &self.shared, &self.views)
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

fn with_views(launch: Launch, shared: &Shared, views: &Views) -> Launch {
    launch
        .env("MONGODB_URI", &shared.backends.mongodb_uri)
        .env("KAFKA_GROUP", &shared.backends.kafka_group)
        .env("COMMAND_ADMIN_URL", &views.command_admin_urls)
        .env("VIEW_KEY", &views.view_key)
}

/// The query service's program as an operator runs it in a folder.
pub fn verb(
    binary: &Path,
    (shared, views): (&Shared, &Views),
    arguments: &[&str],
    folder: &Path,
) -> Launch {
    let launch = Launch::new(binary, folder).args(arguments);
    with_views(shared.tell(launch), shared, views)
}
