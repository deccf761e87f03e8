//! A system for one test, in a place of its own that vanishes with it. It never touches the stack
//! of the clone.

use std::{ops::Deref, sync::Arc, time::Duration};

use crate::{
    account::{Account, data_folder},
    error::{Doing, Result},
    install::Installation,
    layout::Layout,
    process::Watchdog,
    progress::Progress,
    services::{Binaries, Profile},
    system::{Backing, Composition, NodeCounts, System},
    test_servers::TestServers,
    tokens::{self, Principal},
};

/// No test and no measurement takes longer.
const TOKEN_LIFETIME: Duration = Duration::from_hours(6);

/// Which servers a test needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServersFor {
    /// Its own, to stop, kill and freeze: some seconds and 600 MiB.
    ThisTest,
    /// The ones all tests share, with a database, a topic and a MongoDB database of its own.
    AllTests,
}

#[derive(Debug, Clone)]
pub struct StackOptions {
    pub servers: ServersFor,
    /// One or three, where the servers are its own.
    pub brokers: u16,
    /// One or three, where the servers are its own.
    pub mongo_nodes: u16,
    pub command_replicas: u16,
    pub query_replicas: u16,
    /// Where there are any, they fold and the query services only answer.
    pub projectors: u16,
    pub profile: Profile,
    /// Further variables for the services, such as `REPORTING_TIME_ZONE`.
    pub environment: Vec<(String, String)>,
}

impl Default for StackOptions {
    /// One replica of each service on the shared servers.
    fn default() -> Self {
        Self {
            servers: ServersFor::AllTests,
            brokers: 1,
            mongo_nodes: 1,
            command_replicas: 1,
            query_replicas: 1,
            projectors: 0,
            profile: Profile::default(),
            environment: Vec::new(),
        }
    }
}

pub struct Stack {
    system: System,
    /// Before the folder: it ends what works in there.
    _watchdog: Arc<Watchdog>,
    _folder: tempfile::TempDir,
}

impl Stack {
    /// A system that serves.
    ///
    /// # Errors
    /// From whatever could not be installed, built or started.
    pub async fn start(options: StackOptions) -> Result<Self> {
        Self::start_showing(options, &Progress::silent()).await
    }

    /// The same, with something to see meanwhile.
    ///
    /// # Errors
    /// As `start`.
    pub async fn start_showing(options: StackOptions, progress: &Progress) -> Result<Self> {
        let StackOptions {
            servers,
            brokers,
            mongo_nodes,
            command_replicas,
            query_replicas,
            projectors,
            profile,
            environment,
        } = options;
        let with_services = command_replicas + query_replicas + projectors > 0;
        let binaries = if with_services {
            Some(Binaries::ensure(profile, progress).await?)
        } else {
            None
        };
        let backing = match servers {
            ServersFor::ThisTest => Backing::Own(Installation::ensure(progress).await?),
            ServersFor::AllTests => Backing::Shared(TestServers::shared().fresh_backends().await?),
        };
        let (folder, watchdog) = watched_folder()?;
        let layout = Layout::in_folder(folder.path().to_owned());
        let composition = Composition {
            backing,
            binaries,
            nodes: NodeCounts {
                brokers,
                mongo: mongo_nodes,
            },
            command_replicas,
            query_replicas,
            projectors,
            environment,
        };
        let system = System::assemble(composition, layout, Some(&watchdog))?;
        let stack = Self {
            system,
            _watchdog: watchdog,
            _folder: folder,
        };
        stack.system.start(progress).await?;
        Ok(stack)
    }

    /// A token of this stack with the scopes such a caller usually has.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(&self, principal: Principal) -> Result<String> {
        self.token_for(principal, principal.usual_scopes())
    }

    /// # Errors
    /// When it cannot be signed.
    pub fn token_for(&self, principal: Principal, scopes: &str) -> Result<String> {
        tokens::mint(
            &self.system.keys().signing_key()?,
            principal,
            scopes,
            TOKEN_LIFETIME,
        )
    }
}

impl Deref for Stack {
    type Target = System;

    fn deref(&self) -> &System {
        &self.system
    }
}

/// A new folder and a watchdog that removes it with everything that works in it.
pub(crate) fn watched_folder() -> Result<(tempfile::TempDir, Arc<Watchdog>)> {
    let folder = tempfile::Builder::new()
        .prefix("orderfold-")
        .tempdir()
        .doing(|| "make a folder for the servers of a test".to_owned())?;
    let layout = Layout::in_folder(folder.path().to_owned());
    layout.make()?;
    let postgres = data_folder(Account::unprivileged()?, &layout.data().join("postgres"))?;
    let watchdog = Watchdog::start(&[folder.path(), &postgres])?;
    Ok((folder, Arc::new(watchdog)))
}
