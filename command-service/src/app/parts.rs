//! The parts of the service as the configuration names them, and whether they belong together.

use orderfold_events::ShardCount;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::StartError;
use crate::{
    config::Config,
    database::{Database, DatabaseConfig, KeyDatabase, StoreIdentity},
    event_sourcing::EventStore,
    execution::Secrets,
    recovery::Recovery,
    relay::{KafkaConfig, TopicError},
    sealing::{Erasing, Vault, VaultKeys},
};

pub(super) struct Parts {
    pub secrets: Secrets,
    pub database_config: DatabaseConfig,
    pub database: Database,
    pub vault: Vault,
    /// What tells the master key from another.
    pub master_key_check: [u8; 32],
    pub keys_config: DatabaseConfig,
    pub keys: KeyDatabase,
    pub kafka: KafkaConfig,
}

impl Parts {
    pub fn read(config: &Config) -> Result<Self, StartError> {
        let secrets = Secrets::parse(&config.claim_key)?;
        let database_config = DatabaseConfig {
            url: config.database_url.clone(),
        };
        let database = database_config.open()?;
        let keys_config = DatabaseConfig {
            url: config.keys_database_url.clone(),
        };
        let keys = KeyDatabase::open(&keys_config)?;
        let vault_keys = VaultKeys::parse(&config.master_key, &config.view_key)?;
        let kafka = KafkaConfig {
            brokers: config.kafka_brokers.clone(),
            topic: config.kafka_topic.clone(),
        };
        Ok(Self {
            secrets,
            database_config,
            database,
            master_key_check: vault_keys.check_value(),
            vault: Vault::new(keys.clone(), vault_keys),
            keys,
            keys_config,
            kafka,
        })
    }

    /// The store, where everything that is configured fits it.
    pub async fn identity(&self) -> Result<StoreIdentity, StartError> {
        let identity = self.database.identity(self.secrets.key()).await?;
        let check = &self.master_key_check;
        self.database.check_master_key(check).await?;
        self.keys.check(identity.store_id).await?;
        refuse_other_topic(&self.kafka, identity.shards).await?;
        Ok(identity)
    }

    pub fn start_erasing(
        &self,
        store: &EventStore,
        identity: StoreIdentity,
        background: &TaskTracker,
        stop: &CancellationToken,
    ) {
        let erasing = Erasing::new(
            (self.vault.clone(), self.keys.clone()),
            (self.database.clone(), store.clone()),
            identity.store_id,
            identity.shards,
        );
        background.spawn(erasing.run(stop.clone()));
    }

    pub async fn recovery(self) -> Result<Recovery, StartError> {
        let identity = self.database.identity(self.secrets.key()).await?;
        Ok(Recovery {
            database: self.database,
            kafka: self.kafka,
            identity,
        })
    }
}

/// A topic with another number of partitions would send customers to the wrong places. That Kafka is away is no
/// reason not to start: commands do not need it.
async fn refuse_other_topic(kafka: &KafkaConfig, shards: ShardCount) -> Result<(), StartError> {
    match kafka.check_topic(shards).await {
        Err(error @ (TopicError::Unreachable { .. } | TopicError::Missing { .. })) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the topic was not checked"
            );
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(()) => Ok(()),
    }
}
