//! Putting a system together: places, ports and addresses, nothing started yet.

use std::sync::Arc;

use super::{NodeCounts, Servers, System};
use crate::{
    error::{Result, StackError},
    install::Installation,
    keys::TokenKeys,
    layout::Layout,
    process::{Program, Unit, Watchdog},
    services::{Backends, Binaries, CommandService, QueryService, Replica, Role, Shared, Views},
    settings::Settings,
};

/// Whose servers a system uses.
#[derive(Debug, Clone)]
pub enum Backing {
    /// Its own.
    Own(Installation),
    /// Somebody else's, who also starts and stops them.
    Shared(Backends),
}

/// What a system consists of.
#[derive(Debug, Clone)]
pub struct Composition {
    pub backing: Backing,
    /// Not needed without replicas.
    pub binaries: Option<Binaries>,
    /// Only of its own servers.
    pub nodes: NodeCounts,
    pub command_replicas: u16,
    pub query_replicas: u16,
    /// Where there are any, they fold and the query services only answer.
    pub projectors: u16,
    /// Further variables for the services.
    pub environment: Vec<(String, String)>,
}

impl System {
    /// # Errors
    /// When a folder cannot be made, a port is not to be had, or the binaries are missing.
    pub fn assemble(
        composition: Composition,
        layout: Layout,
        watchdog: Option<&Arc<Watchdog>>,
    ) -> Result<Self> {
        layout.make()?;
        let mut settings = Settings::load(layout.data())?;
        let keys = TokenKeys::in_folder(layout.data());
        keys.ensure()?;
        let (servers, backends) = match &composition.backing {
            Backing::Shared(backends) => (None, backends.clone()),
            Backing::Own(installed) => {
                let nodes = composition.nodes;
                let servers =
                    Servers::assemble(installed, &layout, &mut settings, nodes, watchdog)?;
                let backends = servers.backends().clone();
                (Some(servers), backends)
            }
        };
        let binaries = composition.binaries()?;
        let commands = replicas(
            "command-service",
            composition.command_replicas,
            &layout,
            &mut settings,
        )?;
        let queries = replicas(
            "query-service",
            composition.query_replicas,
            &layout,
            &mut settings,
        )?;
        let projectors = replicas("projector", composition.projectors, &layout, &mut settings)?;
        settings.save(layout.data())?;

        let shared = Shared {
            backends,
            replication: composition.nodes.brokers.max(1),
            internal_token: settings.secrets.internal_token.clone(),
            public_key_file: keys.public_file().to_owned(),
            extra: composition.environment,
        };
        let secrets = &settings.secrets;
        let admin_urls: Vec<String> = commands.iter().map(Replica::admin_url).collect();
        let views = Views {
            command_admin_urls: admin_urls.join(","),
            view_key: secrets.view_key.clone(),
        };
        let command = |replica| CommandService::new(&binaries, replica, &shared, secrets);
        let role = if projectors.is_empty() {
            Role::All
        } else {
            Role::Api
        };
        let query = |role| {
            let (binaries, shared, views) = (&binaries, &shared, &views);
            move |replica| QueryService::new(binaries, (replica, role), shared, views)
        };
        let commands = units(commands, command, &layout, watchdog);
        let queries = units(queries, query(role), &layout, watchdog);
        let projectors = units(projectors, query(Role::Projector), &layout, watchdog);
        Ok(Self {
            layout,
            settings,
            keys,
            servers,
            shared,
            views,
            binaries,
            commands,
            queries,
            projectors,
        })
    }
}

impl Composition {
    fn has_no_services(&self) -> bool {
        [self.command_replicas, self.query_replicas, self.projectors] == [0; 3]
    }

    fn binaries(&self) -> Result<Binaries> {
        match &self.binaries {
            Some(binaries) => Ok(binaries.clone()),
            None if self.has_no_services() => Ok(Binaries::none()),
            None => Err(StackError::failed(
                "put the services together",
                "they were not built",
            )),
        }
    }
}

fn units<P: Program + 'static>(
    replicas: Vec<Replica>,
    service: impl Fn(Replica) -> P,
    layout: &Layout,
    watchdog: Option<&Arc<Watchdog>>,
) -> Vec<(Replica, Unit)> {
    let unit = |program| Unit::new(program, layout.records(), &layout.logs(), watchdog.cloned());
    replicas
        .into_iter()
        .map(|replica| {
            (
                replica.clone(),
                unit(Arc::new(service(replica)) as Arc<dyn Program>),
            )
        })
        .collect()
}

/// One replica bears the service's name, several have numbers.
fn replicas(
    service: &str,
    count: u16,
    layout: &Layout,
    settings: &mut Settings,
) -> Result<Vec<Replica>> {
    (1..=count)
        .map(|number| {
            let name = if count == 1 {
                service.to_owned()
            } else {
                format!("{service}-{number}")
            };
            let running = layout
                .records()
                .read(&name)
                .is_some_and(|record| record.identity.is_alive());
            Ok(Replica {
                folder: layout.data().join(&name),
                port: settings.port(&name, running)?,
                admin_port: settings.port(&format!("{name}-admin"), running)?,
                name,
            })
        })
        .collect()
}
