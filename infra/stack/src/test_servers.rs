//! Servers that all tests share, each test with a database, a topic or a MongoDB database of its
//! own. `cargo stack test` runs one set for all test programs and says where; under a plain
//! `cargo test` every test program starts what its tests ask for, and it ends with the program.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
};
use sqlx::{Connection, Executor, PgConnection};
use tokio::sync::OnceCell;

use crate::{
    clock, environment,
    error::{Result, StackError},
    install::Installation,
    layout::Layout,
    process::Unit,
    progress::Progress,
    services::Backends,
    settings::Settings,
    stack::watched_folder,
    system::{NodeCounts, Servers},
};

const TOPIC_LIMIT: Duration = Duration::from_secs(30);

pub struct TestServers {
    given: Given,
    own: OnceCell<Own>,
}

/// What `cargo stack test` handed over.
struct Given {
    postgres: Option<String>,
    kafka: Option<String>,
    mongodb: Option<String>,
}

/// Kept in a static, which nobody drops: the watchdog notices the end of this process.
struct Own {
    servers: Servers,
    _watchdog: Arc<crate::process::Watchdog>,
    _folder: tempfile::TempDir,
}

impl TestServers {
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<TestServers> = OnceLock::new();
        SHARED.get_or_init(|| Self {
            given: Given {
                postgres: environment::text(environment::TEST_POSTGRES),
                kafka: environment::text(environment::TEST_KAFKA),
                mongodb: environment::text(environment::TEST_MONGODB),
            },
            own: OnceCell::new(),
        })
    }

    /// The URL of an empty PostgreSQL database.
    ///
    /// # Errors
    /// When the server cannot be started or refuses.
    pub async fn fresh_database(&self) -> Result<String> {
        let url = match &self.given.postgres {
            Some(url) => url.clone(),
            None => {
                started(self.own().await?, Servers::postgres, |backends| {
                    &backends.database_url
                })
                .await?
            }
        };
        let name = fresh_name();
        let making =
            |error: sqlx::Error| StackError::failed(format!("make the database {name}"), error);
        let mut connection = PgConnection::connect(&url).await.map_err(making)?;
        let create = format!("create database {name} template template0");
        connection
            .execute(sqlx::AssertSqlSafe(create))
            .await
            .map_err(making)?;
        connection.close().await.map_err(making)?;
        Ok(with_database(&url, &name))
    }

    /// Kafka's bootstrap servers.
    ///
    /// # Errors
    /// When the server cannot be started.
    pub async fn kafka_brokers(&self) -> Result<String> {
        match &self.given.kafka {
            Some(brokers) => Ok(brokers.clone()),
            None => {
                started(self.own().await?, Servers::kafka, |backends| {
                    &backends.kafka_brokers
                })
                .await
            }
        }
    }

    /// The name of an empty topic on `kafka_brokers`.
    ///
    /// # Errors
    /// When the server cannot be started or refuses.
    pub async fn fresh_topic(&self, partitions: i32) -> Result<String> {
        let name = fresh_name();
        let making = |error: &dyn ToString| {
            StackError::failed(format!("make the topic {name}"), error.to_string())
        };
        let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
            .set("bootstrap.servers", self.kafka_brokers().await?)
            .create()
            .map_err(|error| making(&error))?;
        let topic = NewTopic::new(&name, partitions, TopicReplication::Fixed(1));
        let options = AdminOptions::new()
            .operation_timeout(Some(TOPIC_LIMIT))
            .request_timeout(Some(TOPIC_LIMIT));
        let outcomes = admin
            .create_topics([&topic], &options)
            .await
            .map_err(|error| making(&error))?;
        for outcome in outcomes {
            outcome.map_err(|(_, code)| making(&code))?;
        }
        Ok(name)
    }

    /// The URI of an empty MongoDB database; its name is in the URI.
    ///
    /// # Errors
    /// When the server cannot be started.
    pub async fn fresh_mongo_database(&self) -> Result<String> {
        let uri = match &self.given.mongodb {
            Some(uri) => uri.clone(),
            None => {
                started(self.own().await?, Servers::mongodb, |backends| {
                    &backends.mongodb_uri
                })
                .await?
            }
        };
        Ok(with_database(&uri, &fresh_name()))
    }

    /// Everything of its own for a whole system. The topic is only named: the command service
    /// makes it.
    ///
    /// # Errors
    /// When a server cannot be started or refuses.
    pub async fn fresh_backends(&self) -> Result<Backends> {
        Ok(Backends {
            database_url: self.fresh_database().await?,
            keys_database_url: self.fresh_database().await?,
            kafka_brokers: self.kafka_brokers().await?,
            kafka_topic: fresh_name(),
            kafka_group: fresh_name(),
            mongodb_uri: self.fresh_mongo_database().await?,
        })
    }

    async fn own(&self) -> Result<&Own> {
        self.own
            .get_or_try_init(|| async {
                let installed = Installation::ensure(&Progress::silent()).await?;
                let (folder, watchdog) = watched_folder()?;
                let layout = Layout::in_folder(folder.path().to_owned());
                let mut settings = Settings::load(layout.data())?;
                let nodes = NodeCounts::default();
                let servers =
                    Servers::assemble(&installed, &layout, &mut settings, nodes, Some(&watchdog))?;
                Ok(Own {
                    servers,
                    _watchdog: watchdog,
                    _folder: folder,
                })
            })
            .await
    }
}

/// The address of one of our own servers, which is started when it is first asked for.
async fn started(
    own: &Own,
    unit: fn(&Servers) -> &Unit,
    address: fn(&Backends) -> &String,
) -> Result<String> {
    unit(&own.servers).start_once().await?;
    Ok(address(own.servers.backends()).clone())
}

fn fresh_name() -> String {
    format!("test_{}", clock::new_id().simple())
}

/// The same URL with another database, options kept.
fn with_database(url: &str, database: &str) -> String {
    let (before, options) = url
        .split_once('?')
        .map_or((url, None), |(before, options)| (before, Some(options)));
    let host = before.rsplit_once('/').map_or(before, |(host, _)| host);
    options.map_or_else(
        || format!("{host}/{database}"),
        |options| format!("{host}/{database}?{options}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_keeps_the_server_and_the_options() {
        assert_eq!(
            with_database("postgres://u:p@127.0.0.1:1/orderfold", "x"),
            "postgres://u:p@127.0.0.1:1/x"
        );
        assert_eq!(
            with_database("mongodb://127.0.0.1:2/orderfold?replicaSet=rs0", "x"),
            "mongodb://127.0.0.1:2/x?replicaSet=rs0"
        );
    }
}
