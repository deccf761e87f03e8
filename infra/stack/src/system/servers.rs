//! The servers of one system: PostgreSQL, one or three brokers of Kafka, and one or three nodes of MongoDB.

use std::sync::Arc;

use futures::future::{BoxFuture, try_join_all};

use super::start;
use crate::{
    account,
    error::Result,
    install::Installation,
    layout::Layout,
    process::{Program, Unit, Watchdog},
    progress::Progress,
    servers::{Kafka, KafkaNode, KafkaSettings, MongoDb, MongoNode, Postgres, PostgresSettings},
    services::Backends,
    settings::Settings,
};

pub const TOPIC: &str = "orderfold.events";
const GROUP: &str = "orderfold-query";
const DATABASE: &str = "orderfold";

/// Over how many nodes a server is spread, one or three each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeCounts {
    pub brokers: u16,
    pub mongo: u16,
}

impl Default for NodeCounts {
    fn default() -> Self {
        Self {
            brokers: 1,
            mongo: 1,
        }
    }
}

pub struct Servers {
    postgres: Unit,
    /// At least one.
    kafka: Vec<Unit>,
    /// At least one.
    mongodb: Vec<Unit>,
    backends: Backends,
    console_consumer: String,
}

impl Servers {
    /// # Errors
    /// When there is no place or no free port for one of them.
    pub fn assemble(
        installed: &Installation,
        layout: &Layout,
        settings: &mut Settings,
        nodes: NodeCounts,
        watchdog: Option<&Arc<Watchdog>>,
    ) -> Result<Self> {
        settings.keep(nodes)?;
        let postgres = Postgres::new(
            &installed.postgres,
            PostgresSettings {
                folder: account::data_folder(installed.account, &layout.data().join("postgres"))?,
                account: installed.account,
                port: settings.port("postgres", is_running(layout, "postgres"))?,
                password: settings.secrets.database_password.clone(),
                database: DATABASE.to_owned(),
            },
        );
        let kafka = kafka(installed, layout, settings, nodes.brokers)?;
        let mongodb = mongodb(installed, layout, settings, nodes.mongo)?;

        let backends = Backends {
            database_url: postgres.url(),
            keys_database_url: postgres.keys_url(),
            kafka_brokers: kafka[0].bootstrap(),
            kafka_topic: TOPIC.to_owned(),
            kafka_group: GROUP.to_owned(),
            mongodb_uri: mongodb[0].uri_of(DATABASE),
        };
        let console_consumer = kafka[0].console_consumer(TOPIC);
        let logs = layout.logs();
        let unit = |program: Arc<dyn Program>| {
            Unit::new(program, layout.records(), &logs, watchdog.cloned())
        };
        Ok(Self {
            postgres: unit(Arc::new(postgres)),
            kafka: kafka.into_iter().map(|node| unit(Arc::new(node))).collect(),
            mongodb: mongodb
                .into_iter()
                .map(|node| unit(Arc::new(node)))
                .collect(),
            backends,
            console_consumer,
        })
    }

    /// All at the same time: nodes wait for each other, and nobody else for anybody.
    ///
    /// # Errors
    /// From the first that does not come up.
    pub async fn start(&self, progress: &Progress) -> Result<()> {
        let starting: Vec<BoxFuture<'_, Result<()>>> =
            self.units().map(|unit| start(unit, progress)).collect();
        try_join_all(starting).await?;
        Ok(())
    }

    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        std::iter::once(&self.postgres)
            .chain(&self.kafka)
            .chain(&self.mongodb)
    }

    #[must_use]
    pub fn postgres(&self) -> &Unit {
        &self.postgres
    }

    /// The only broker, or the first.
    #[must_use]
    pub fn kafka(&self) -> &Unit {
        &self.kafka[0]
    }

    #[must_use]
    pub fn brokers(&self) -> &[Unit] {
        &self.kafka
    }

    /// The only node, or the first.
    #[must_use]
    pub fn mongodb(&self) -> &Unit {
        &self.mongodb[0]
    }

    #[must_use]
    pub fn mongo_nodes(&self) -> &[Unit] {
        &self.mongodb
    }

    #[must_use]
    pub fn backends(&self) -> &Backends {
        &self.backends
    }

    #[must_use]
    pub fn console_consumer(&self) -> &str {
        &self.console_consumer
    }
}

fn is_running(layout: &Layout, name: &str) -> bool {
    let record = layout.records().read(name);
    record.is_some_and(|record| record.identity.is_alive())
}

/// One node bears the server's name, several have numbers.
fn node_names(server: &str, count: u16) -> Vec<String> {
    match count {
        0 | 1 => vec![server.to_owned()],
        _ => (1..=count)
            .map(|number| format!("{server}-{number}"))
            .collect(),
    }
}

fn mongodb(
    installed: &Installation,
    layout: &Layout,
    settings: &mut Settings,
    count: u16,
) -> Result<Vec<MongoDb>> {
    let mut nodes = Vec::new();
    for name in node_names("mongodb", count) {
        let port = settings.port(&name, is_running(layout, &name))?;
        nodes.push(MongoNode { name, port });
    }
    let node = |index| MongoDb::new(&installed.mongod, layout.data(), index, nodes.clone());
    Ok((0..nodes.len()).map(node).collect())
}

fn kafka(
    installed: &Installation,
    layout: &Layout,
    settings: &mut Settings,
    brokers: u16,
) -> Result<Vec<Kafka>> {
    let mut nodes = Vec::new();
    for name in node_names("kafka", brokers) {
        let running = is_running(layout, &name);
        nodes.push(KafkaNode {
            port: settings.port(&name, running)?,
            controller_port: settings.port(&format!("{name}-controller"), running)?,
            name,
        });
    }
    let node = |(index, node): (usize, &KafkaNode)| {
        let settings = KafkaSettings {
            folder: layout.data().join(&node.name),
            index,
            nodes: nodes.clone(),
            cluster_id: settings.secrets.kafka_cluster_id.clone(),
        };
        Kafka::new(&installed.kafka, &installed.java, settings)
    };
    Ok(nodes.iter().enumerate().map(node).collect())
}
