//! The servers of one system: PostgreSQL, one or three brokers of Kafka, and MongoDB.

use std::sync::Arc;

use futures::future::{BoxFuture, try_join_all};

use super::start;
use crate::{
    account,
    error::Result,
    install::Installation,
    layout::Layout,
    process::{Unit, Watchdog},
    progress::Progress,
    servers::{Kafka, KafkaNode, KafkaSettings, MongoDb, Postgres, PostgresSettings},
    services::Backends,
    settings::Settings,
};

pub const TOPIC: &str = "orderfold.events";
const GROUP: &str = "orderfold-query";
const DATABASE: &str = "orderfold";

pub struct Servers {
    postgres: Unit,
    /// At least one.
    kafka: Vec<Unit>,
    mongodb: Unit,
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
        brokers: u16,
        watchdog: Option<&Arc<Watchdog>>,
    ) -> Result<Self> {
        settings.keep_brokers(brokers)?;
        let running = |name: &str| {
            layout
                .records()
                .read(name)
                .is_some_and(|record| record.identity.is_alive())
        };
        let postgres = Postgres::new(
            &installed.postgres,
            PostgresSettings {
                folder: account::data_folder(installed.account, &layout.data().join("postgres"))?,
                account: installed.account,
                port: settings.port("postgres", running("postgres"))?,
                password: settings.secrets.database_password.clone(),
                database: DATABASE.to_owned(),
            },
        );
        let kafka = kafka(installed, layout, settings, brokers)?;
        let port = settings.port("mongodb", running("mongodb"))?;
        let mongodb = MongoDb::new(&installed.mongod, layout.data().join("mongodb"), port);

        let backends = Backends {
            database_url: postgres.url(),
            keys_database_url: postgres.keys_url(),
            kafka_brokers: kafka[0].bootstrap(),
            kafka_topic: TOPIC.to_owned(),
            kafka_group: GROUP.to_owned(),
            mongodb_uri: mongodb.uri_of(DATABASE),
        };
        let console_consumer = kafka[0].console_consumer(TOPIC);
        let logs = layout.logs();
        Ok(Self {
            postgres: Unit::new(
                Arc::new(postgres),
                layout.records(),
                &logs,
                watchdog.cloned(),
            ),
            kafka: kafka
                .into_iter()
                .map(|node| Unit::new(Arc::new(node), layout.records(), &logs, watchdog.cloned()))
                .collect(),
            mongodb: Unit::new(
                Arc::new(mongodb),
                layout.records(),
                &logs,
                watchdog.cloned(),
            ),
            backends,
            console_consumer,
        })
    }

    /// All at the same time: brokers wait for each other, and nobody else for anybody.
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
            .chain([&self.mongodb])
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

    #[must_use]
    pub fn mongodb(&self) -> &Unit {
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

/// One broker bears the server's name, several have numbers.
fn kafka(
    installed: &Installation,
    layout: &Layout,
    settings: &mut Settings,
    brokers: u16,
) -> Result<Vec<Kafka>> {
    let mut nodes = Vec::new();
    for number in 1..=brokers.max(1) {
        let name = if brokers <= 1 {
            "kafka".to_owned()
        } else {
            format!("kafka-{number}")
        };
        let record = layout.records().read(&name);
        let running = record.is_some_and(|record| record.identity.is_alive());
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
