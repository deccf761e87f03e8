//! The query service.

use std::path::{Path, PathBuf};

use futures::future::BoxFuture;

use super::{Binaries, Replica, Shared};
use crate::{
    error::Result,
    process::{Address, Launch, Program},
};

/// What a replica does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    All,
    /// Answers queries.
    Api,
    /// Folds events.
    Projector,
}

impl Role {
    const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Api => "api",
            Self::Projector => "projector",
        }
    }
}

pub struct QueryService {
    binary: PathBuf,
    replica: Replica,
    role: Role,
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
    pub fn new(
        binaries: &Binaries,
        (replica, role): (Replica, Role),
        shared: &Shared,
        views: &Views,
    ) -> Self {
        let binary = binaries.query_service.clone();
        Self {
            binary,
            replica,
            role,
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
        with_views(launch, &self.shared, &self.views).env("ROLE", self.role.as_str())
    }

    fn folder(&self) -> &Path {
        &self.replica.folder
    }

    fn addresses(&self) -> Vec<Address> {
        let mut addresses = self.replica.addresses();
        // Where a projector would answer, nobody listens.
        addresses.retain(|address| self.role != Role::Projector || address.purpose == "admin");
        addresses
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
