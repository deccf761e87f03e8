//! The store's identity: who it is, how many shards it has, and under which key its claims were made.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use orderfold_events::ShardCount;
use sha2::Sha256;
use sqlx::{Connection, PgConnection, Row};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{Database, DatabaseConfig, connection::answered};
use crate::event_sourcing::StoreError;

/// What an existing store is.
#[derive(Debug, Clone, Copy)]
pub struct StoreIdentity {
    pub store_id: Uuid,
    pub shards: ShardCount,
}

/// Why a store cannot be used as configured.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("the database holds no store yet: run `command-service migrate` first")]
    Missing,
    #[error(
        "the store has {stored} shards and was asked for {asked}; the number is fixed for good"
    )]
    OtherShards { stored: u16, asked: u16 },
    #[error(
        "CLAIM_KEY is not the key that this store was made with; with another one nothing would be unique"
    )]
    OtherKey,
    #[error(
        "MASTER_KEY is not the key that this store was made with; with another one nothing personal could be read"
    )]
    OtherMasterKey,
    #[error("the database of keys holds none of a store yet: run `command-service migrate` first")]
    MissingKeys,
    #[error("the database of keys holds those of another store")]
    OtherKeys,
    #[error("the database could not be brought up to date")]
    Migration(#[source] sqlx::migrate::MigrateError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn check_value(claim_key: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(claim_key).map_err(super::streams::corrupt)?;
    mac.update(b"orderfold claim key check");
    Ok(mac.finalize().into_bytes().to_vec())
}

impl DatabaseConfig {
    /// Brings the tables up to date; safe to run twice and from two places at once.
    ///
    /// # Errors
    /// [`IdentityError::Migration`].
    pub async fn migrate(&self) -> Result<(), IdentityError> {
        let connecting = async { PgConnection::connect_with(&self.options()?).await };
        let mut connection = answered(connecting).await?;
        sqlx::migrate!("./migrations")
            .run(&mut connection)
            .await
            .map_err(IdentityError::Migration)
    }
}

impl Database {
    /// Creates the store's identity and shards, or checks that they are as asked.
    ///
    /// # Errors
    /// [`IdentityError`] when an existing store is another.
    pub async fn create_store(
        &self,
        identity: StoreIdentity,
        claim_key: &[u8],
    ) -> Result<StoreIdentity, IdentityError> {
        let shards = i32::from(identity.shards.get());
        // One statement, so that a store is created whole or not at all.
        let create = sqlx::query(
            "with created as (
                 insert into store_identity (store_id, shards, claim_key_check) values ($1, $2, $3)
                 on conflict do nothing returning shards
             ), heads as (
                 insert into shard_head (shard) select generate_series(0, shards - 1) from created returning shard
             ), progress as (
                 insert into relay_progress (shard) select generate_series(0, shards - 1) from created
             )
             insert into store_epoch (shard, epoch, from_position)
             select generate_series(0, shards - 1), 1, 1 from created",
        )
        .bind(identity.store_id)
        .bind(shards)
        .bind(check_value(claim_key)?)
        .execute(&self.pool);
        answered(create).await?;
        let stored = self.identity(claim_key).await?;
        if stored.shards != identity.shards {
            return Err(IdentityError::OtherShards {
                stored: stored.shards.get(),
                asked: identity.shards.get(),
            });
        }
        Ok(stored)
    }

    /// Reads the store's identity and checks the claim key against it.
    ///
    /// # Errors
    /// [`IdentityError`] when there is no store, or its key is another.
    pub async fn identity(&self, claim_key: &[u8]) -> Result<StoreIdentity, IdentityError> {
        let exists = sqlx::query_scalar("select to_regclass('store_identity') is not null");
        let exists: bool = answered(exists.fetch_one(&self.pool)).await?;
        if !exists {
            return Err(IdentityError::Missing);
        }
        let row = sqlx::query("select store_id, shards, claim_key_check from store_identity")
            .fetch_optional(&self.pool);
        let row = answered(row).await?.ok_or(IdentityError::Missing)?;
        let check: Vec<u8> = row.try_get("claim_key_check").map_err(StoreError::from)?;
        if !bool::from(check.ct_eq(&check_value(claim_key)?)) {
            return Err(IdentityError::OtherKey);
        }
        let shards = super::streams::short(&row, "shards").map_err(StoreError::from)?;
        let shards = ShardCount::new(shards)
            .ok_or_else(|| StoreError::Corrupt(format!("a store of {shards} shards").into()))?;
        Ok(StoreIdentity {
            store_id: row.try_get("store_id").map_err(StoreError::from)?,
            shards,
        })
    }

    /// Makes a master key that of the store, unless it has one already, and checks it.
    ///
    /// # Errors
    /// [`IdentityError::OtherMasterKey`].
    pub async fn settle_master_key(&self, check: &[u8]) -> Result<(), IdentityError> {
        let settle = sqlx::query(
            "update store_identity set master_key_check = $1 where master_key_check is null",
        )
        .bind(check)
        .execute(&self.pool);
        answered(settle).await?;
        self.check_master_key(check).await
    }

    /// Checks a master key against the store's.
    ///
    /// # Errors
    /// [`IdentityError::OtherMasterKey`], or [`IdentityError::Missing`] where there is none.
    pub async fn check_master_key(&self, check: &[u8]) -> Result<(), IdentityError> {
        let stored = sqlx::query_scalar("select master_key_check from store_identity");
        let stored: Option<Option<Vec<u8>>> = answered(stored.fetch_optional(&self.pool)).await?;
        let stored = stored.flatten().ok_or(IdentityError::Missing)?;
        if bool::from(stored.ct_eq(check)) {
            Ok(())
        } else {
            Err(IdentityError::OtherMasterKey)
        }
    }

    /// The database's clock.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn now(&self) -> Result<DateTime<Utc>, StoreError> {
        answered(sqlx::query_scalar("select clock_timestamp()").fetch_one(&self.pool)).await
    }
}
