//! MongoDB: a replica set of one node, because only a replica set has transactions.

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
    port: u16,
}

impl MongoDb {
    #[must_use]
    pub fn new(mongod: &Path, folder: PathBuf, port: u16) -> Self {
        Self {
            mongod: mongod.to_owned(),
            folder,
            port,
        }
    }

    #[must_use]
    pub fn uri_of(&self, database: &str) -> String {
        format!(
            "mongodb://{}/{database}?replicaSet={REPLICA_SET}",
            self.host()
        )
    }

    fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    async fn is_primary(&self) -> mongodb::error::Result<bool> {
        let mut options =
            ClientOptions::parse(format!("mongodb://{}/?directConnection=true", self.host()))
                .await?;
        options.server_selection_timeout = Some(SELECTION_LIMIT);
        let admin = Client::with_options(options)?.database("admin");
        match admin.run_command(doc! {"replSetGetConfig": 1}).await {
            Ok(answer) => self.keep_own_address(&admin, answer).await?,
            Err(error) if code(&error) == Some(NOT_YET_INITIALIZED) => {
                let members = vec![doc! {"_id": 0, "host": self.host()}];
                admin
                    .run_command(doc! {"replSetInitiate": {"_id": REPLICA_SET, "members": members}})
                    .await?;
            }
            Err(error) => return Err(error),
        }
        let hello = admin.run_command(doc! {"hello": 1}).await?;
        Ok(hello.get_bool("isWritablePrimary").unwrap_or(false))
    }

    /// The set remembers its node by address; the port may be another one since the last start.
    async fn keep_own_address(
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
        if hosts == [self.host()] {
            return Ok(());
        }
        let version = config.get_i32("version").unwrap_or(1).saturating_add(1);
        config.insert("version", version);
        config.insert("members", vec![doc! {"_id": 0, "host": self.host()}]);
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
        "mongodb".to_owned()
    }

    fn launch(&self) -> Launch {
        Launch::new(&self.mongod, &self.folder)
            .arg("--dbpath")
            .arg(self.folder.join("data"))
            .args([
                "--port",
                &self.port.to_string(),
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
                "0.5",
            ])
            .args(["--setParameter", "diagnosticDataCollectionEnabled=false"])
    }

    fn folder(&self) -> &Path {
        &self.folder
    }

    fn addresses(&self) -> Vec<Address> {
        vec![Address {
            purpose: "mongodb".to_owned(),
            url: self.uri_of(""),
        }]
    }

    fn prepare(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { files::make_folder(&self.folder.join("data")) })
    }

    fn ready(&self) -> BoxFuture<'_, std::result::Result<(), String>> {
        Box::pin(async {
            match self.is_primary().await {
                Ok(true) => Ok(()),
                Ok(false) => Err("no primary elected yet".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        })
    }
}
