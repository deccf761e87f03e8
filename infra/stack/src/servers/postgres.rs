//! PostgreSQL: initialised with data checksums and a password, listening on the loopback address
//! alone, `fsync` on as in production.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use futures::future::BoxFuture;
use sqlx::{Connection, Executor, PgConnection};

use super::run;
use crate::{
    account::Account,
    error::{Doing, Result},
    files,
    process::{Address, Launch, Program, Signal, all_in_folder, signal_all},
};

const USER: &str = "orderfold";
const INITDB_LIMIT: Duration = Duration::from_mins(1);
const PID_FILE: &str = "postmaster.pid";

pub struct Postgres {
    binaries: PathBuf,
    /// Owned by the server's account: the data, and what initialising it needs.
    home: PathBuf,
    data: PathBuf,
    account: Option<Account>,
    port: u16,
    password: String,
    database: String,
}

pub struct Settings {
    pub folder: PathBuf,
    pub account: Option<Account>,
    pub port: u16,
    pub password: String,
    pub database: String,
}

impl Postgres {
    #[must_use]
    pub fn new(installed: &Path, settings: Settings) -> Self {
        let Settings {
            folder,
            account,
            port,
            password,
            database,
        } = settings;
        let data = folder.join("data");
        Self {
            binaries: installed.join("bin"),
            data,
            home: folder,
            account,
            port,
            password,
            database,
        }
    }

    #[must_use]
    pub fn url(&self) -> String {
        self.url_of(&self.database)
    }

    /// The database of customers' keys.
    #[must_use]
    pub fn keys_url(&self) -> String {
        self.url_of(&self.keys_database())
    }

    fn keys_database(&self) -> String {
        format!("{}_keys", self.database)
    }

    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        format!(
            "postgres://{USER}:{}@127.0.0.1:{}/{database}",
            self.password, self.port
        )
    }

    /// Into a folder that is renamed at the end, so that an interrupted run leaves no half of a
    /// cluster behind.
    async fn initialise(&self) -> Result<()> {
        files::make_folder(&self.home)?;
        let password_file = self.home.join("password");
        files::write_whole(&password_file, self.password.as_bytes())?;
        if let Some(account) = self.account {
            account.own(&self.home)?;
            account.own(&password_file)?;
        }
        let unfinished = self.home.join("unfinished");
        files::remove_folder(&unfinished)?;
        let launch = Launch::new(self.binaries.join("initdb"), &self.home)
            .args([
                "--username",
                USER,
                "--auth",
                "scram-sha-256",
                "--data-checksums",
                "--encoding",
                "UTF8",
            ])
            .args([
                "--locale-provider",
                "builtin",
                "--builtin-locale",
                "C.UTF-8",
                "--locale",
                "C",
            ])
            // Iterations slow the guessing of passwords down; this one is random, and only whoever connects would wait.
            .args(["--set", "scram_iterations=64"])
            .arg("--pwfile")
            .arg(&password_file)
            .arg("--pgdata")
            .arg(&unfinished)
            .account(self.account);
        let log = tempfile::NamedTempFile::new().doing(|| "make a log for initdb".to_owned())?;
        run("initdb", &launch, log.path(), INITDB_LIMIT).await?;
        std::fs::remove_file(&password_file)
            .doing(|| format!("remove {}", password_file.display()))?;
        std::fs::rename(&unfinished, &self.data).doing(|| format!("finish {}", self.data.display()))
    }

    /// A postmaster that was killed leaves its backends, which end by themselves a moment later,
    /// and its process number, which may be another process's by now.
    fn heal(&self) -> Result<()> {
        let orphans = all_in_folder(&self.data);
        signal_all(&orphans, Signal::KILL);
        files::remove_file(&self.data.join(PID_FILE))
    }

    async fn serves_the_databases(&self) -> std::result::Result<(), sqlx::Error> {
        let mut connection = PgConnection::connect(&self.url_of("postgres")).await?;
        for name in [&self.database, &self.keys_database()] {
            let found: Option<i32> =
                sqlx::query_scalar("select 1 from pg_database where datname = $1")
                    .bind(name)
                    .fetch_optional(&mut connection)
                    .await?;
            if found.is_none() {
                let create = format!("create database \"{name}\"");
                connection.execute(sqlx::AssertSqlSafe(create)).await?;
            }
        }
        connection.close().await
    }
}

impl Program for Postgres {
    fn name(&self) -> String {
        "postgres".to_owned()
    }

    fn launch(&self) -> Launch {
        Launch::new(self.binaries.join("postgres"), &self.data)
            .arg("-D")
            .arg(&self.data)
            .args(["-p", &self.port.to_string()])
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
            ])
            .args([
                "-c",
                "max_connections=200",
                "-c",
                "shared_buffers=256MB",
                "-c",
                "max_wal_size=2GB",
            ])
            .args([
                "-c",
                "fsync=on",
                "-c",
                "log_line_prefix=%m [%p] ",
                "-c",
                "log_checkpoints=off",
            ])
            .account(self.account)
    }

    fn folder(&self) -> &Path {
        &self.data
    }

    fn addresses(&self) -> Vec<Address> {
        vec![Address {
            purpose: "sql".to_owned(),
            url: self.url(),
        }]
    }

    /// Fast shutdown: clients are sent away, nothing has to be recovered at the next start.
    fn stop_signal(&self) -> Signal {
        Signal::INT
    }

    fn prepare(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async {
            if self.data.join("PG_VERSION").exists() {
                self.heal()
            } else {
                self.initialise().await
            }
        })
    }

    fn ready(&self) -> BoxFuture<'_, std::result::Result<(), String>> {
        Box::pin(async {
            self.serves_the_databases()
                .await
                .map_err(|error| error.to_string())
        })
    }
}
