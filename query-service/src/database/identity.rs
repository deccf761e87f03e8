//! Which store the documents were folded from. The first start writes it; later ones must agree, because views of
//! another store, another number of shards or another reporting zone would be wrong without a word.

use bson::{Document, doc};
use chrono_tz::Tz;
use orderfold_events::ShardCount;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Attempt, Database, DatabaseError, collections::STORE};

const ID: &str = "store";
const VIEW_KEY: &str = "view_key";

/// What all documents depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreIdentity {
    pub store_id: Uuid,
    pub shards: ShardCount,
    pub reporting_zone: Tz,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredIdentity {
    #[serde(rename = "_id")]
    id: String,
    store_id: bson::Uuid,
    shards: u16,
    reporting_zone: Tz,
}

impl StoredIdentity {
    fn read(&self) -> Option<StoreIdentity> {
        Some(StoreIdentity {
            store_id: self.store_id.into(),
            shards: ShardCount::new(self.shards)?,
            reporting_zone: self.reporting_zone,
        })
    }
}

impl Database {
    /// The identity that an earlier start wrote.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn store_identity(&self) -> Result<Option<StoreIdentity>, DatabaseError> {
        let stored = self
            .collection::<StoredIdentity>(STORE)
            .find_one(doc! { "_id": ID })
            .await
            .attempt("read the identity of the store")?;
        Ok(stored.and_then(|stored| stored.read()))
    }

    /// Writes what tells the configured view key from another, where none is yet, and answers whether it is the one that
    /// holds: under another nothing kept could be opened or found.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn settle_view_key(&self, check: [u8; 32]) -> Result<bool, DatabaseError> {
        let attempt = "write the check value of the view key";
        let check = hex::encode(check);
        let collection = self.collection::<Document>(STORE);
        collection
            .update_one(
                doc! { "_id": VIEW_KEY },
                doc! { "$setOnInsert": { "check": &check } },
            )
            .upsert(true)
            .await
            .attempt(attempt)?;
        let stored = collection
            .find_one(doc! { "_id": VIEW_KEY })
            .await
            .attempt(attempt)?;
        Ok(stored.is_some_and(|stored| stored.get_str("check").is_ok_and(|kept| kept == check)))
    }

    /// Writes the identity where none is yet, and answers the one that holds.
    ///
    /// # Errors
    /// [`DatabaseError`] when MongoDB is away.
    pub async fn settle_identity(
        &self,
        identity: StoreIdentity,
    ) -> Result<StoreIdentity, DatabaseError> {
        let attempt = "write the identity of the store";
        let shards = i32::from(identity.shards.get());
        self.collection::<StoredIdentity>(STORE)
            .update_one(
                doc! { "_id": ID },
                doc! { "$setOnInsert": {
                    "store_id": bson::Uuid::from(identity.store_id),
                    "shards": shards,
                    "reporting_zone": identity.reporting_zone.name(),
                } },
            )
            .upsert(true)
            .await
            .attempt(attempt)?;
        Ok(self.store_identity().await?.unwrap_or(identity))
    }
}
