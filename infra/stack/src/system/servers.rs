//! The three servers of one system.

use std::sync::Arc;

use futures::future::try_join3;

use super::start;
use crate::{
    account,
    error::Result,
    install::Installation,
    layout::Layout,
    process::{Unit, Watchdog},
    progress::Progress,
    servers::{Kafka, KafkaSettings, MongoDb, Postgres, PostgresSettings},
    services::Backends,
    settings::Settings,
};

pub const TOPIC: &str = "orderfold.events";
const GROUP: &str = "orderfold-query";
const DATABASE: &str = "orderfold";

pub struct Servers {
    postgres: Unit,
    kafka: Unit,
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
        watchdog: Option<&Arc<Watchdog>>,
    ) -> Result<Self> {
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
        let kafka = Kafka::new(
            &installed.kafka,
            &installed.java,
            KafkaSettings {
                folder: layout.data().join("kafka"),
                port: settings.port("kafka", running("kafka"))?,
                controller_port: settings.port("kafka-controller", running("kafka"))?,
                cluster_id: settings.secrets.kafka_cluster_id.clone(),
            },
        );
        let port = settings.port("mongodb", running("mongodb"))?;
        let mongodb = MongoDb::new(&installed.mongod, layout.data().join("mongodb"), port);

        let backends = Backends {
            database_url: postgres.url(),
            keys_database_url: postgres.keys_url(),
            kafka_brokers: kafka.bootstrap(),
            kafka_topic: TOPIC.to_owned(),
            kafka_group: GROUP.to_owned(),
            mongodb_uri: mongodb.uri_of(DATABASE),
        };
        let console_consumer = kafka.console_consumer(TOPIC);
        let logs = layout.logs();
        Ok(Self {
            postgres: Unit::new(
                Arc::new(postgres),
                layout.records(),
                &logs,
                watchdog.cloned(),
            ),
            kafka: Unit::new(Arc::new(kafka), layout.records(), &logs, watchdog.cloned()),
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

    /// All three at the same time: they do not know each other.
    ///
    /// # Errors
    /// From the first that does not come up.
    pub async fn start(&self, progress: &Progress) -> Result<()> {
        try_join3(
            start(&self.postgres, progress),
            start(&self.kafka, progress),
            start(&self.mongodb, progress),
        )
        .await?;
        Ok(())
    }

    pub fn units(&self) -> impl Iterator<Item = &Unit> {
        [&self.postgres, &self.kafka, &self.mongodb].into_iter()
    }

    #[must_use]
    pub fn postgres(&self) -> &Unit {
        &self.postgres
    }

    #[must_use]
    pub fn kafka(&self) -> &Unit {
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
