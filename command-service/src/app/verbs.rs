//! What the program does beside serving: an operator calls it, it does its work and ends.

use orderfold_events::ShardCount;
use orderfold_http::clock;

use super::{StartError, parts::Parts};
use crate::{
    config::Config,
    database::StoreIdentity,
    recovery::{self, RaiseEpoch, Republish},
};

/// Brings the database up to date and creates the store and its topic.
///
/// # Errors
/// Whatever keeps it from that.
pub async fn migrate(config: Config) -> Result<(), StartError> {
    let parts = Parts::read(&config)?;
    let shards = ShardCount::new(config.shards).ok_or("SHARDS must be between 1 and 1024")?;
    parts.database_config.migrate().await?;
    let identity = StoreIdentity {
        store_id: clock::new_id(),
        shards,
    };
    let identity = parts
        .database
        .create_store(identity, parts.secrets.key())
        .await?;
    let check = &parts.master_key_check;
    parts.database.settle_master_key(check).await?;
    parts
        .keys
        .migrate(&parts.keys_config, identity.store_id)
        .await?;
    parts
        .kafka
        .create_topic(identity.shards, config.kafka_replication)
        .await?;
    tracing::info!(store_id = %identity.store_id, shards = identity.shards.get(), "the store is ready");
    Ok(())
}

/// Has the log published to Kafka again; says what that means.
///
/// # Errors
/// Whatever keeps it from that; nothing has changed then.
pub async fn republish(config: Config, asked: Republish) -> Result<String, StartError> {
    let recovery = Parts::read(&config)?.recovery().await?;
    Ok(recovery::republish(&recovery, asked).await?)
}

/// Begins a new epoch where the store was forked; says where.
///
/// # Errors
/// Whatever keeps it from that; nothing has changed then.
pub async fn raise_epoch(config: Config, asked: RaiseEpoch) -> Result<String, StartError> {
    let recovery = Parts::read(&config)?.recovery().await?;
    Ok(recovery::raise_epoch(&recovery, asked).await?)
}
