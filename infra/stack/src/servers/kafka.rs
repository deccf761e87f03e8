//! Kafka: one node, or one of three, that is broker and controller (`KRaft`). The topic is the command service's.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use futures::future::BoxFuture;
use rdkafka::{
    ClientConfig,
    consumer::{BaseConsumer, Consumer},
};

use super::run;
use crate::{
    error::{Doing, Result},
    files,
    install::Java,
    process::{Address, Launch, Program},
};

const FORMAT_LIMIT: Duration = Duration::from_mins(1);
const METADATA_LIMIT: Duration = Duration::from_secs(5);
const LOGGING: &str = "\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %-5p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
logger.server.name = kafka.server.KafkaRaftServer
logger.server.level = info
";

pub struct Kafka {
    jars: PathBuf,
    java: Java,
    folder: PathBuf,
    /// Its place among the nodes, from 0.
    index: usize,
    nodes: Vec<Node>,
    cluster_id: String,
}

/// Where one node of a cluster listens.
#[derive(Debug, Clone)]
pub struct Node {
    pub name: String,
    pub port: u16,
    pub controller_port: u16,
}

pub struct Settings {
    pub folder: PathBuf,
    /// Its place among the nodes, from 0.
    pub index: usize,
    /// All of them, in the same order for each.
    pub nodes: Vec<Node>,
    pub cluster_id: String,
}

impl Kafka {
    #[must_use]
    pub fn new(jars: &Path, java: &Java, settings: Settings) -> Self {
        let Settings {
            folder,
            index,
            nodes,
            cluster_id,
        } = settings;
        Self {
            jars: jars.to_owned(),
            java: java.clone(),
            folder,
            index,
            nodes,
            cluster_id,
        }
    }

    /// Every node of the cluster: any of them may be away.
    #[must_use]
    pub fn bootstrap(&self) -> String {
        let addresses = self
            .nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port));
        addresses.collect::<Vec<_>>().join(",")
    }

    fn node(&self) -> &Node {
        &self.nodes[self.index]
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.node().port)
    }

    /// A shell script that runs the stock console consumer with the arguments it is given.
    #[must_use]
    pub fn console_consumer(&self, topic: &str) -> String {
        format!(
            "#!/bin/sh\n\
             # Reads the topic from its beginning, headers included; further options are passed on.\n\
             exec '{java}' -cp '{jars}/*' -Dlog4j2.configurationFile='{logging}' \
             org.apache.kafka.tools.consumer.ConsoleConsumer --bootstrap-server {bootstrap} --topic {topic} \
             --from-beginning --formatter-property print.headers=true --formatter-property print.key=true \"$@\"\n",
            java = self.java.0.display(),
            jars = self.jars.display(),
            logging = self.logging_file().display(),
            bootstrap = self.bootstrap(),
        )
    }

    fn java(&self) -> Launch {
        Launch::new(&self.java.0, &self.folder)
            .args(["-Xms128m", "-Xmx512m", "-XX:+UseSerialGC"])
            .arg(format!(
                "-Dlog4j2.configurationFile={}",
                self.logging_file().display()
            ))
            .arg("-cp")
            .arg(self.jars.join("*"))
    }

    fn logging_file(&self) -> PathBuf {
        self.folder.join("log4j2.properties")
    }

    fn properties_file(&self) -> PathBuf {
        self.folder.join("server.properties")
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Of everything as many copies as there are nodes, and one may be away. Consumers join at once, and the shards of one that died are given to
    /// others after ten seconds instead of 45; topics are made on purpose.
    fn properties(&self) -> String {
        let Node {
            port,
            controller_port,
            ..
        } = self.node();
        let voters: Vec<String> = (1..)
            .zip(&self.nodes)
            .map(|(id, node)| format!("{id}@127.0.0.1:{}", node.controller_port))
            .collect();
        let copies = self.nodes.len();
        format!(
            "process.roles=broker,controller\n\
             node.id={id}\n\
             controller.quorum.voters={voters}\n\
             listeners=BROKER://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}\n\
             advertised.listeners=BROKER://127.0.0.1:{port}\n\
             listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
             inter.broker.listener.name=BROKER\n\
             controller.listener.names=CONTROLLER\n\
             log.dirs={data}\n\
             auto.create.topics.enable=false\n\
             group.initial.rebalance.delay.ms=0\n\
             group.consumer.heartbeat.interval.ms=1000\n\
             group.consumer.min.heartbeat.interval.ms=1000\n\
             group.consumer.session.timeout.ms=10000\n\
             group.consumer.min.session.timeout.ms=10000\n\
             offsets.topic.replication.factor={copies}\n\
             offsets.topic.num.partitions=4\n\
             min.insync.replicas={in_sync}\n\
             transaction.state.log.replication.factor={copies}\n\
             transaction.state.log.min.isr={in_sync}\n\
             share.coordinator.state.topic.replication.factor={copies}\n\
             share.coordinator.state.topic.min.isr={in_sync}\n",
            id = self.index + 1,
            voters = voters.join(","),
            in_sync = copies.div_ceil(2),
            data = self.data().display(),
        )
    }

    async fn format(&self) -> Result<()> {
        files::remove_folder(&self.data())?;
        let launch = self
            .java()
            .args([
                "kafka.tools.StorageTool",
                "format",
                // In one piece: an id may begin with a hyphen.
                &format!("--cluster-id={}", self.cluster_id),
                "-c",
            ])
            .arg(self.properties_file());
        let log = tempfile::NamedTempFile::new()
            .doing(|| "make a log for Kafka's storage tool".to_owned())?;
        run("Kafka's storage tool", &launch, log.path(), FORMAT_LIMIT).await
    }
}

impl Program for Kafka {
    fn name(&self) -> String {
        self.node().name.clone()
    }

    fn launch(&self) -> Launch {
        self.java().arg("kafka.Kafka").arg(self.properties_file())
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn addresses(&self) -> Vec<Address> {
        vec![Address {
            purpose: "bootstrap".to_owned(),
            url: self.address(),
        }]
    }

    fn prepare(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async {
            files::make_folder(&self.folder)?;
            files::write_whole(&self.logging_file(), LOGGING.as_bytes())?;
            files::write_whole(&self.properties_file(), self.properties().as_bytes())?;
            // Written last by the storage tool, and at once.
            if self.data().join("meta.properties").exists() {
                Ok(())
            } else {
                self.format().await
            }
        })
    }

    fn ready(&self) -> BoxFuture<'_, std::result::Result<(), String>> {
        let (bootstrap, port) = (self.address(), i32::from(self.node().port));
        Box::pin(async move {
            let asked = tokio::task::spawn_blocking(move || {
                let consumer: BaseConsumer = ClientConfig::new()
                    .set("bootstrap.servers", bootstrap)
                    .create()?;
                consumer.fetch_metadata(None, METADATA_LIMIT)
            });
            match asked.await {
                Ok(Ok(metadata))
                    if metadata
                        .brokers()
                        .iter()
                        .any(|broker| broker.port() == port) =>
                {
                    Ok(())
                }
                Ok(Ok(_)) => Err("not in the cluster yet".to_owned()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(error) => Err(error.to_string()),
            }
        })
    }
}
