//! The two services, each replica as a `Program`: its environment, its ports, and when it is
//! ready. Knows their configuration and nothing of what they do.

mod binaries;
pub mod command;
pub mod query;

pub use binaries::{Binaries, Profile};
pub use command::CommandService;
pub use query::{QueryService, Role, Views};

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    error::Result,
    files,
    process::{Address, Launch},
    servers, tokens,
};

const READY_LIMIT: Duration = Duration::from_secs(2);
const VERB_LIMIT: Duration = Duration::from_mins(10);

/// What the servers offer to the services of one stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backends {
    pub database_url: String,
    pub keys_database_url: String,
    pub kafka_brokers: String,
    pub kafka_topic: String,
    pub kafka_group: String,
    pub mongodb_uri: String,
}

/// What every replica of either service is told.
#[derive(Debug, Clone)]
pub struct Shared {
    pub backends: Backends,
    /// Copies of each partition of a topic that is made.
    pub replication: u16,
    pub internal_token: String,
    pub public_key_file: PathBuf,
    /// Further variables, as `StackOptions` has them.
    pub extra: Vec<(String, String)>,
}

impl Shared {
    /// What either service is told, whatever it is to do.
    fn tell(&self, launch: Launch) -> Launch {
        let launch = launch
            .env("KAFKA_BROKERS", &self.backends.kafka_brokers)
            .env("KAFKA_TOPIC", &self.backends.kafka_topic)
            .env("INTERNAL_TOKEN", &self.internal_token)
            .env("JWT_PUBLIC_KEY_FILE", &self.public_key_file)
            .env("JWT_ISSUER", tokens::ISSUER)
            .env("LOG_FORMAT", "text");
        let extra = self.extra.iter();
        extra.fold(launch, |launch, (name, value)| launch.env(name, value))
    }
}

/// Runs a service with a verb that ends by itself, such as `migrate`; what it writes goes to `log`.
///
/// # Errors
/// When the service refuses, with its last words.
pub async fn run_verb(launch: &Launch, name: &str, log: &Path) -> Result<()> {
    servers::run(&format!("`{name}`"), launch, log, VERB_LIMIT).await
}

/// One replica's own place.
#[derive(Debug, Clone)]
pub struct Replica {
    pub name: String,
    pub folder: PathBuf,
    pub port: u16,
    pub admin_port: u16,
}

impl Replica {
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.admin_port)
    }

    fn addresses(&self) -> Vec<Address> {
        let address = |purpose: &str, url| Address {
            purpose: purpose.to_owned(),
            url,
        };
        vec![
            address("http", self.url()),
            address("admin", self.admin_url()),
        ]
    }

    fn launch(&self, binary: &Path, shared: &Shared) -> Launch {
        let launch = Launch::new(binary, &self.folder)
            .arg("serve")
            .env("HTTP_ADDRESS", format!("127.0.0.1:{}", self.port))
            .env("ADMIN_ADDRESS", format!("127.0.0.1:{}", self.admin_port));
        shared.tell(launch)
    }

    fn prepare(&self) -> Result<()> {
        files::make_folder(&self.folder)
    }

    async fn ready(&self) -> std::result::Result<(), String> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(READY_LIMIT)
            .build()
            .map_err(|error| error.to_string())?;
        let url = format!("{}/readyz", self.admin_url());
        let answer = client
            .get(&url)
            .send()
            .await
            .map_err(|error| format!("{url}: {error}"))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let body = answer.text().await.unwrap_or_default();
        Err(format!("{url} answers {status}: {body}"))
    }
}
