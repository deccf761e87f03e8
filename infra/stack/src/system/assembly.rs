//! Putting a system together: places, ports and addresses, nothing started yet.

use std::sync::Arc;

use super::{Servers, System};
use crate::{
    error::{Result, StackError},
    install::Installation,
    keys::TokenKeys,
    layout::Layout,
    process::{Unit, Watchdog},
    services::{Backends, Binaries, CommandService, QueryService, Replica, Shared},
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
    pub command_replicas: u16,
    pub query_replicas: u16,
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
        let Composition {
            backing,
            binaries,
            command_replicas,
            query_replicas,
            environment,
        } = composition;
        layout.make()?;
        let mut settings = Settings::load(layout.data())?;
        let keys = TokenKeys::in_folder(layout.data());
        keys.ensure()?;
        let (servers, backends) = match backing {
            Backing::Shared(backends) => (None, backends),
            Backing::Own(installed) => {
                let servers = Servers::assemble(&installed, &layout, &mut settings, watchdog)?;
                let backends = servers.backends().clone();
                (Some(servers), backends)
            }
        };
        let shared = Shared {
            backends,
            internal_token: settings.secrets.internal_token.clone(),
            public_key_file: keys.public_file().to_owned(),
            extra: environment,
        };
        let binaries = match binaries {
            Some(binaries) => binaries,
            None if command_replicas == 0 && query_replicas == 0 => Binaries::none(),
            None => {
                return Err(StackError::failed(
                    "put the services together",
                    "they were not built",
                ));
            }
        };

        let commands = replicas("command-service", command_replicas, &layout, &mut settings)?;
        let queries = replicas("query-service", query_replicas, &layout, &mut settings)?;
        settings.save(layout.data())?;

        let admin_urls: Vec<String> = commands.iter().map(Replica::admin_url).collect();
        let admin_urls = admin_urls.join(",");
        let unit =
            |program| Unit::new(program, layout.records(), &layout.logs(), watchdog.cloned());
        let commands = commands.into_iter().map(|replica| {
            let claim_key = settings.secrets.claim_key.clone();
            let service = CommandService::new(
                binaries.command_service.clone(),
                replica.clone(),
                shared.clone(),
                claim_key,
            );
            (replica, unit(Arc::new(service)))
        });
        let commands = commands.collect();
        let queries = queries.into_iter().map(|replica| {
            let service = QueryService::new(
                binaries.query_service.clone(),
                replica.clone(),
                shared.clone(),
                admin_urls.clone(),
            );
            (replica, unit(Arc::new(service) as Arc<_>))
        });
        let queries = queries.collect();
        Ok(Self {
            layout,
            settings,
            keys,
            servers,
            shared,
            command_binary: binaries.command_service,
            commands,
            queries,
        })
    }
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
