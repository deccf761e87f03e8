//! The vault: makes a customer's key when it is first needed, keeps keys in the clear for a minute at most, and seals
//! and opens with them.

use std::{borrow::Cow, time::Duration};

use moka::future::Cache;
use orderfold_events::{
    CustomerId, EventId, Keys, Personal, SealingKey,
    internal::{KeyAnswer, KeyState},
    personal::PlainData,
};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::de::DeserializeOwned;

use super::{SecretError, secret};
use crate::{
    database::{KeyDatabase, KeyRow},
    event_sourcing::StoreError,
};

/// How long a key stays in memory in the clear.
const CACHED: Duration = Duration::from_mins(1);
const CACHED_KEYS_MAX: u64 = 50_000;
/// How often a key is looked for that another call is making.
const ATTEMPTS: usize = 10;

/// The configured keys that customers' keys are wrapped with.
#[derive(Clone)]
pub struct VaultKeys {
    master: SealingKey,
    shared: SealingKey,
}

impl VaultKeys {
    /// `master` is this service's own, `view` is shared with the query service.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn parse(master: &SecretString, view: &SecretString) -> Result<Self, SecretError> {
        let derive =
            |secret: SecretSlice<u8>, purpose| SealingKey::derive(secret.expose_secret(), purpose);
        Ok(Self {
            master: derive(secret("MASTER_KEY", master)?, "orderfold customer keys"),
            shared: derive(secret("VIEW_KEY", view)?, SealingKey::SHARED_WRAPPING),
        })
    }

    /// What tells this master key from another.
    #[must_use]
    pub fn check_value(&self) -> [u8; 32] {
        self.master.mac(b"orderfold master key check")
    }
}

/// Customers' keys. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    database: KeyDatabase,
    keys: VaultKeys,
    /// None for a key that was destroyed, which is final.
    cache: Cache<CustomerId, Option<SealingKey>>,
}

impl Vault {
    #[must_use]
    pub fn new(database: KeyDatabase, keys: VaultKeys) -> Self {
        let cache = Cache::builder()
            .max_capacity(CACHED_KEYS_MAX)
            .time_to_live(CACHED)
            .build();
        Self {
            database,
            keys,
            cache,
        }
    }

    /// The data of an event with its personal part sealed, if it has one. Of an erased customer's nothing can be kept:
    /// it is sealed with a key that nobody has.
    ///
    /// # Errors
    /// [`StoreError`] when the keys cannot be had; nothing may be recorded then.
    pub async fn seal<'a>(
        &self,
        customer: CustomerId,
        event: EventId,
        data: &'a [u8],
    ) -> Result<Cow<'a, [u8]>, StoreError> {
        let Some(plain) = PlainData::read(data).map_err(corrupt)? else {
            return Ok(Cow::Borrowed(data));
        };
        let key = match self.settled(customer).await? {
            Some(key) => key,
            None => SealingKey::new(random()?),
        };
        let sealed = plain.seal(event, customer, &key).map_err(corrupt)?;
        Ok(Cow::Owned(sealed))
    }

    /// What a recorded personal part says; nothing where its key was destroyed.
    ///
    /// # Errors
    /// [`StoreError`] when the key cannot be had, or does not open it.
    pub async fn open<T>(&self, personal: &Personal<T>) -> Result<Option<T>, StoreError>
    where
        T: DeserializeOwned + Clone,
    {
        let keys: Keys = match personal.key() {
            None => Keys::default(),
            Some(customer) => {
                let key = self.known(customer).await?;
                key.map(|key| (customer, key)).into_iter().collect()
            }
        };
        personal.open(&keys).map_err(corrupt)
    }

    /// The key of a customer, as a value; none where it was destroyed, or never made.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be had.
    pub async fn keys(&self, customer: CustomerId) -> Result<Keys, StoreError> {
        let key = self.settled(customer).await?;
        Ok(key.map(|key| (customer, key)).into_iter().collect())
    }

    /// What the query service is told of some keys; read anew, because what is destroyed must not be given away.
    ///
    /// # Errors
    /// [`StoreError`] when the keys cannot be had.
    pub async fn answer(&self, customers: &[CustomerId]) -> Result<Vec<KeyAnswer>, StoreError> {
        let rows = self.database.find(customers).await?;
        customers
            .iter()
            .map(|&customer_id| {
                let row = rows.iter().find(|row| row.customer == customer_id);
                let state = match row.map(|row| self.unwrapped(row)).transpose()? {
                    None => KeyState::Unknown,
                    Some(None) => KeyState::Erased,
                    Some(Some(key)) => KeyState::Known {
                        wrapped: wrap(&self.keys.shared, customer_id, &key)?,
                    },
                };
                Ok(KeyAnswer { customer_id, state })
            })
            .collect()
    }

    /// Destroys keys, for good.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn destroy(&self, customers: &[CustomerId]) -> Result<(), StoreError> {
        self.database.destroy(customers).await?;
        for customer in customers {
            self.cache.insert(*customer, None).await;
        }
        Ok(())
    }

    /// The key of a customer, made where there is none; none once it is destroyed.
    async fn settled(&self, customer: CustomerId) -> Result<Option<SealingKey>, StoreError> {
        if let Some(key) = self.cache.get(&customer).await {
            return Ok(key);
        }
        let offered = SealingKey::new(random()?);
        let wrapped = wrap(&self.keys.master, customer, &offered)?;
        for _ in 0..ATTEMPTS {
            if let Some(row) = self.database.settle(customer, &wrapped).await? {
                return self.remember(&row).await;
            }
        }
        Err(StoreError::Unavailable(None))
    }

    /// The key of a customer who has or had one.
    async fn known(&self, customer: CustomerId) -> Result<Option<SealingKey>, StoreError> {
        if let Some(key) = self.cache.get(&customer).await {
            return Ok(key);
        }
        match self.database.find(&[customer]).await?.first() {
            Some(row) => self.remember(row).await,
            None => Err(StoreError::Corrupt(
                format!("the key of customer {customer} is gone").into(),
            )),
        }
    }

    async fn remember(&self, row: &KeyRow) -> Result<Option<SealingKey>, StoreError> {
        let key = self.unwrapped(row)?;
        self.cache.insert(row.customer, key.clone()).await;
        Ok(key)
    }

    fn unwrapped(&self, row: &KeyRow) -> Result<Option<SealingKey>, StoreError> {
        let unwrap = |wrapped: &Vec<u8>| self.keys.master.unwrap(row.customer, wrapped);
        row.wrapped
            .as_ref()
            .map(unwrap)
            .transpose()
            .map_err(corrupt)
    }
}

fn wrap(with: &SealingKey, customer: CustomerId, key: &SealingKey) -> Result<Vec<u8>, StoreError> {
    with.wrap(customer, key, random()?).map_err(corrupt)
}

fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_unspecified| StoreError::Corrupt("the random source failed".into()))?;
    Ok(bytes)
}

fn corrupt(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Corrupt(Box::new(error))
}
