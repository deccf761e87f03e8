//! Customers' keys: fetched from the command service in batches, kept wrapped, and in the clear for a minute at most.
//! It knows where keys come from, and nothing of what they open.

mod opener;

use std::time::Duration;

use moka::future::Cache;
use orderfold_events::{
    CustomerId, Keys, SealingKey,
    internal::{KeyAnswer, KeyState, KeysQuestion},
};
use secrecy::ExposeSecret;
use std::sync::Arc;

pub use self::opener::Opener;
use crate::{
    config::ViewKey,
    database::{Database, DatabaseError, keys::KeptKey},
    projections::FoldKeys,
    store::{StoreClient, StoreError},
};

const CACHED_KEYS_MAX: u64 = 50_000;

/// Why keys could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the command service did not give the keys of customers")]
    Store(#[from] StoreError),
    #[error("the key of customer {0} is not known yet")]
    Unknown(CustomerId),
}

/// The keys that are at hand. Cheap to clone.
#[derive(Debug, Clone)]
pub struct KeyRing {
    database: Database,
    store: Arc<StoreClient>,
    shared: SealingKey,
    search: SealingKey,
    cached: Duration,
    /// None for a key that was erased, which is final.
    cache: Cache<CustomerId, Option<SealingKey>>,
}

impl KeyRing {
    /// Keys stay in memory in the clear for `cached` at most.
    #[must_use]
    pub fn new(
        database: Database,
        store: Arc<StoreClient>,
        key: &ViewKey,
        cached: Duration,
    ) -> Self {
        let derive = |purpose| SealingKey::derive(key.bytes().expose_secret(), purpose);
        Self {
            database,
            store,
            shared: derive(SealingKey::SHARED_WRAPPING),
            search: derive(SealingKey::SEARCHING),
            cached,
            cache: Cache::builder()
                .max_capacity(CACHED_KEYS_MAX)
                .time_to_live(cached)
                .build(),
        }
    }

    /// How long a key may still be in memory somewhere after it was erased.
    #[must_use]
    pub fn cached(&self) -> Duration {
        self.cached
    }

    /// The key under which words are searched for, for who may see what is personal.
    #[must_use]
    pub fn search(&self, personal: bool) -> Option<&SealingKey> {
        personal.then_some(&self.search)
    }

    /// What tells the configured key from another.
    #[must_use]
    pub fn check_value(&self) -> [u8; 32] {
        self.search.mac(b"orderfold view key check")
    }

    /// What a fold of events of these customers takes. Those whose keys are erased fold to nothing.
    ///
    /// # Errors
    /// [`KeysError::Unknown`] too: without a key that may come the fold would be another one later.
    pub async fn for_fold(&self, customers: Vec<CustomerId>) -> Result<FoldKeys, KeysError> {
        let (keys, unknown) = self.find(customers).await?;
        match unknown.first() {
            Some(customer) => Err(KeysError::Unknown(*customer)),
            None => Ok(FoldKeys {
                keys,
                search: self.search.clone(),
            }),
        }
    }

    /// What opens the personal data of these customers for a reader, if `personal` says that the reader may see it.
    ///
    /// # Errors
    /// [`KeysError`] when MongoDB or the command service is away.
    pub async fn for_reader(
        &self,
        customers: impl IntoIterator<Item = CustomerId>,
        personal: bool,
    ) -> Result<Opener, KeysError> {
        if !personal {
            return Ok(Opener::blind());
        }
        let (keys, unknown) = self.find(customers.into_iter().collect()).await?;
        for customer in unknown {
            tracing::warn!(%customer, "a customer has no key");
        }
        Ok(Opener::new(keys))
    }

    /// The keys of those customers who have one, and the customers of whom nothing is known.
    async fn find(
        &self,
        mut customers: Vec<CustomerId>,
    ) -> Result<(Keys, Vec<CustomerId>), KeysError> {
        customers.sort_unstable();
        customers.dedup();
        let mut found = Vec::with_capacity(customers.len());
        let mut missing = Vec::new();
        for customer in customers {
            match self.cache.get(&customer).await {
                Some(key) => found.push((customer, key)),
                None => missing.push(customer),
            }
        }
        if !missing.is_empty() {
            let kept = self.database.kept_keys(&missing).await?;
            missing.retain(|customer| !kept.contains_key(customer));
            for (customer, key) in kept {
                found.push((customer, self.remember(customer, &key).await?));
            }
        }
        let mut unknown = Vec::new();
        for customers in missing.chunks(KeysQuestion::CUSTOMERS_MAX) {
            let (fetched, none) = self.fetch(customers).await?;
            found.extend(fetched);
            unknown.extend(none);
        }
        let keys = found
            .into_iter()
            .filter_map(|(customer, key)| Some((customer, key?)));
        Ok((keys.collect(), unknown))
    }

    /// Asks the command service, and keeps what it says.
    async fn fetch(
        &self,
        customers: &[CustomerId],
    ) -> Result<(Vec<(CustomerId, Option<SealingKey>)>, Vec<CustomerId>), KeysError> {
        let mut kept = Vec::with_capacity(customers.len());
        let mut unknown = Vec::new();
        for KeyAnswer { customer_id, state } in self.store.keys(customers).await? {
            match state {
                KeyState::Known { wrapped } => kept.push((customer_id, KeptKey::Wrapped(wrapped))),
                KeyState::Erased => kept.push((customer_id, KeptKey::Erased)),
                KeyState::Unknown => unknown.push(customer_id),
            }
        }
        self.database.keep_keys(&kept).await?;
        let mut found = Vec::with_capacity(kept.len());
        for (customer, key) in &kept {
            found.push((*customer, self.remember(*customer, key).await?));
        }
        Ok((found, unknown))
    }

    async fn remember(
        &self,
        customer: CustomerId,
        key: &KeptKey,
    ) -> Result<Option<SealingKey>, KeysError> {
        let key = match key {
            KeptKey::Erased => None,
            KeptKey::Wrapped(wrapped) => Some(
                self.shared
                    .unwrap(customer, wrapped)
                    .map_err(|_other_key| StoreError::Senseless("a key wrapped otherwise"))?,
            ),
        };
        self.cache.insert(customer, key.clone()).await;
        Ok(key)
    }
}
