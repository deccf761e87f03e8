//! MongoDB: a replica set of one or three nodes. It is one even of one node, because only a replica set has transactions.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use futures::future::BoxFuture;
use mongodb::{
    Client,
    bson::{Document, doc},
    error::ErrorKind,
    options::ClientOptions,
};

use crate::{
    error::Result,
    files,
    process::{Address, Launch, Program},
};

const REPLICA_SET: &str = "rs0";
const SELECTION_LIMIT: Duration = Duration::from_secs(2);
/// The server's code for "not initiated yet".
const NOT_YET_INITIALIZED: i32 = 94;

pub struct MongoDb {
    mongod: PathBuf,
    folder: PathBuf,
    /// Its place among the nodes, from 0.
    index: usize,
    nodes: Vec<Node>,
}

/// Where one node of a replica set listens.
#[derive(Debug, Clone)]
pub struct Node {
    pub name: String,
    pub port: u16,
}

impl Node {
    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

impl MongoDb {
    /// The node at this place among all of them, in a folder of its own below `data`.
    #[must_use]
    pub fn new(mongod: &Path, data: &Path, index: usize, nodes: Vec<Node>) -> Self {
        Self {
            mongod: mongod.to_owned(),
            folder: data.join(&nodes[index].name),
            index,
            nodes,
        }
    }

    /// Names every node: any of them may be away.
    #[must_use]
    pub fn uri_of(&self, database: &str) -> String {
        let hosts = self.hosts().join(",");
        format!("mongodb://{hosts}/{database}?replicaSet={REPLICA_SET}")
    }

    fn node(&self) -> &Node {
        &self.nodes[self.index]
    }

    fn own_uri(&self) -> String {
        format!("mongodb://{}/?directConnection=true", self.node().host())
    }

    fn hosts(&self) -> Vec<String> {
        self.nodes.iter().map(Node::host).collect()
    }

    fn members(&self) -> Vec<Document> {
        (0_i32..)
            .zip(self.hosts())
            .map(|(id, host)| doc! {"_id": id, "host": host})
            .collect()
    }

    /// Whether it holds the data of a set that has a primary. The first node makes the set, once all of them listen.
    async fn is_in_the_set(&self) -> mongodb::error::Result<bool> {
        let mut options = ClientOptions::parse(self.own_uri()).await?;
        options.server_selection_timeout = Some(SELECTION_LIMIT);
        let admin = Client::with_options(options)?.database("admin");
        if self.index == 0 {
            match admin.run_command(doc! {"replSetGetConfig": 1}).await {
                Ok(answer) => self.keep_addresses(&admin, answer).await?,
                Err(error) if code(&error) == Some(NOT_YET_INITIALIZED) => {
                    let set = doc! {"_id": REPLICA_SET, "members": self.members()};
                    admin.run_command(doc! {"replSetInitiate": set}).await?;
                }
                Err(error) => return Err(error),
            }
        }
        let hello = admin.run_command(doc! {"hello": 1}).await?;
        let says = |member| hello.get_bool(member).unwrap_or(false);
        Ok(hello.contains_key("primary") && (says("isWritablePrimary") || says("secondary")))
    }

    /// The set remembers its nodes by address; the ports may be others since the last start.
    async fn keep_addresses(
        &self,
        admin: &mongodb::Database,
        answer: Document,
    ) -> mongodb::error::Result<()> {
        let Ok(mut config) = answer.get_document("config").cloned() else {
            return Ok(());
        };
        let hosts: Vec<&str> = config
            .get_array("members")
            .map(|members| {
                members
                    .iter()
                    .filter_map(|member| member.as_document()?.get_str("host").ok())
                    .collect()
            })
            .unwrap_or_default();
        if hosts == self.hosts() {
            return Ok(());
        }
        let version = config.get_i32("version").unwrap_or(1).saturating_add(1);
        config.insert("version", version);
        config.insert("members", self.members());
        admin
            .run_command(doc! {"replSetReconfig": config, "force": true})
            .await?;
        Ok(())
    }
}

fn code(error: &mongodb::error::Error) -> Option<i32> {
    match error.kind.as_ref() {
        ErrorKind::Command(command) => Some(command.code),
        _ => None,
    }
}

impl Program for MongoDb {
    fn name(&self) -> String {
        self.node().name.clone()
    }

    fn launch(&self) -> Launch {
        Launch::new(&self.mongod, &self.folder)
            .arg("--dbpath")
            .arg(self.folder.join("data"))
            .args([
                "--port",
                &self.node().port.to_string(),
                "--bind_ip",
                "127.0.0.1",
                "--nounixsocket",
            ])
            .args([
                "--replSet",
                REPLICA_SET,
                "--oplogSize",
                "512",
                "--wiredTigerCacheSizeGB",
                "1",
            ])
            .args(["--setParameter", "diagnosticDataCollectionEnabled=false"])
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn addresses(&self) -> Vec<Address> {
        vec![Address {
            purpose: "mongodb".to_owned(),
            url: self.own_uri(),
        }]
    }

    fn prepare(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { files::make_folder(&self.folder.join("data")) })
    }

    fn ready(&self) -> BoxFuture<'_, std::result::Result<(), String>> {
        Box::pin(async {
            match self.is_in_the_set().await {
                Ok(true) => Ok(()),
                Ok(false) => Err("no primary elected yet".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        })
    }
}
