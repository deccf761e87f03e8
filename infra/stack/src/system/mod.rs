//! One whole system: the three servers and the replicas of both services, started in the order in
//! which they need each other and stopped in the other one.

mod assembly;
mod operator;
mod servers;

use std::path::{Path, PathBuf};

use futures::future::{BoxFuture, try_join_all};

pub use assembly::{Backing, Composition};
pub use servers::{NodeCounts, Servers};

use crate::{
    error::{Result, StackError},
    files,
    keys::TokenKeys,
    layout::Layout,
    process::Unit,
    progress::Progress,
    services::{self, Backends, Binaries, Replica, Shared, Views},
    settings::Settings,
};

pub struct System {
    layout: Layout,
    settings: Settings,
    keys: TokenKeys,
    servers: Option<Servers>,
    shared: Shared,
    views: Views,
    binaries: Binaries,
    commands: Vec<(Replica, Unit)>,
    queries: Vec<(Replica, Unit)>,
    projectors: Vec<(Replica, Unit)>,
}

impl System {
    /// Starts everything and waits until all of it serves.
    ///
    /// # Errors
    /// From whatever did not come up; what did come up keeps running.
    pub async fn start(&self, progress: &Progress) -> Result<()> {
        if let Some(servers) = &self.servers {
            servers.start(progress).await?;
        }
        if self.services().next().is_none() {
            return Ok(());
        }
        self.migrate(progress).await?;
        start_all(self.commands.iter(), progress).await?;
        let readers = self.queries.iter().chain(&self.projectors);
        start_all(readers, progress).await
    }

    async fn migrate(&self, progress: &Progress) -> Result<()> {
        let step = progress.step("migrating the event store and the topic");
        let launch = self.command_verb(&["migrate"]);
        services::run_verb(&launch, "command-service migrate", &self.migration_log()).await?;
        step.done();
        Ok(())
    }

    fn migration_log(&self) -> PathBuf {
        self.layout.logs().join("migrate.log")
    }

    /// Stops everything, readers before writers and servers last.
    ///
    /// # Errors
    /// From the first that does not end.
    pub async fn stop(&self) -> Result<()> {
        for unit in self.units().into_iter().rev() {
            unit.stop().await?;
        }
        Ok(())
    }

    /// Everything in it, in the order of starting.
    #[must_use]
    pub fn units(&self) -> Vec<&Unit> {
        let servers = self.servers.iter().flat_map(Servers::units);
        servers.chain(self.services()).collect()
    }

    fn services(&self) -> impl Iterator<Item = &Unit> {
        let writers = self.commands.iter();
        let services = writers.chain(&self.queries).chain(&self.projectors);
        services.map(|(_, unit)| unit)
    }

    /// # Errors
    /// When this stack uses servers that somebody else runs.
    pub fn postgres(&self) -> Result<&Unit> {
        self.servers
            .as_ref()
            .map(Servers::postgres)
            .ok_or_else(|| not_in_stack("postgres"))
    }

    /// # Errors
    /// When this stack uses servers that somebody else runs.
    pub fn kafka(&self) -> Result<&Unit> {
        self.servers
            .as_ref()
            .map(Servers::kafka)
            .ok_or_else(|| not_in_stack("kafka"))
    }

    /// Every broker of Kafka.
    ///
    /// # Errors
    /// When this stack uses servers that somebody else runs.
    pub fn brokers(&self) -> Result<&[Unit]> {
        self.servers
            .as_ref()
            .map(Servers::brokers)
            .ok_or_else(|| not_in_stack("kafka"))
    }

    /// # Errors
    /// When this stack uses servers that somebody else runs.
    pub fn mongodb(&self) -> Result<&Unit> {
        self.servers
            .as_ref()
            .map(Servers::mongodb)
            .ok_or_else(|| not_in_stack("mongodb"))
    }

    /// Every node of MongoDB's replica set.
    ///
    /// # Errors
    /// When this stack uses servers that somebody else runs.
    pub fn mongo_nodes(&self) -> Result<&[Unit]> {
        self.servers
            .as_ref()
            .map(Servers::mongo_nodes)
            .ok_or_else(|| not_in_stack("mongodb"))
    }

    /// The replica of that number, from 0.
    ///
    /// # Errors
    /// When there are not so many.
    pub fn command(&self, replica: usize) -> Result<&Unit> {
        nth(&self.commands, replica, "command-service").map(|(_, unit)| unit)
    }

    /// The replica of that number, from 0.
    ///
    /// # Errors
    /// When there are not so many.
    pub fn query(&self, replica: usize) -> Result<&Unit> {
        nth(&self.queries, replica, "query-service").map(|(_, unit)| unit)
    }

    /// The process of that number, from 0, that only folds.
    ///
    /// # Errors
    /// When there are not so many.
    pub fn projector(&self, number: usize) -> Result<&Unit> {
        nth(&self.projectors, number, "projector").map(|(_, unit)| unit)
    }

    /// Base URLs of every command replica.
    #[must_use]
    pub fn command_urls(&self) -> Vec<String> {
        self.commands
            .iter()
            .map(|(replica, _)| replica.url())
            .collect()
    }

    #[must_use]
    pub fn command_admin_urls(&self) -> Vec<String> {
        self.commands
            .iter()
            .map(|(replica, _)| replica.admin_url())
            .collect()
    }

    #[must_use]
    pub fn query_urls(&self) -> Vec<String> {
        self.queries
            .iter()
            .map(|(replica, _)| replica.url())
            .collect()
    }

    #[must_use]
    pub fn query_admin_urls(&self) -> Vec<String> {
        self.queries
            .iter()
            .map(|(replica, _)| replica.admin_url())
            .collect()
    }

    #[must_use]
    pub fn backends(&self) -> &Backends {
        &self.shared.backends
    }

    #[must_use]
    pub fn keys(&self) -> &TokenKeys {
        &self.keys
    }

    /// The file with everything one replica or server wrote.
    #[must_use]
    pub fn log_folder(&self) -> PathBuf {
        self.layout.logs()
    }

    #[must_use]
    pub fn data_folder(&self) -> &Path {
        self.layout.data()
    }

    /// Empties the logs of earlier runs.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn clear_logs(&self) -> Result<()> {
        for unit in self.units() {
            files::remove_file(unit.log())?;
        }
        files::remove_file(&self.migration_log())
    }

    /// A script that reads the topic with Kafka's own console consumer; `None` where somebody else
    /// runs Kafka.
    #[must_use]
    pub fn console_consumer(&self) -> Option<&str> {
        self.servers.as_ref().map(Servers::console_consumer)
    }
}

async fn start_all(
    units: impl Iterator<Item = &(Replica, Unit)>,
    progress: &Progress,
) -> Result<()> {
    try_join_all(units.map(|(_, unit)| start(unit, progress))).await?;
    Ok(())
}

/// Boxed: the compiler otherwise finds the nested futures' lifetimes not general enough.
fn start<'a>(unit: &'a Unit, progress: &'a Progress) -> BoxFuture<'a, Result<()>> {
    Box::pin(async {
        let step = progress.step(format!("starting {}", unit.name()));
        unit.start().await?;
        step.done();
        Ok(())
    })
}

fn nth<'a, T>(replicas: &'a [T], index: usize, service: &str) -> Result<&'a T> {
    replicas
        .get(index)
        .ok_or_else(|| not_in_stack(&format!("{service} number {}", index.saturating_add(1))))
}

fn not_in_stack(name: &str) -> StackError {
    StackError::NotInStack(name.to_owned())
}
