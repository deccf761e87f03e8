//! The database of customers' keys, apart from the event store. It holds them wrapped, and knows nothing of what they
//! seal.

use orderfold_events::CustomerId;
use sqlx::{Connection, FromRow, PgConnection, PgPool, Row, postgres::PgRow};
use uuid::Uuid;

use super::{
    DatabaseConfig, IdentityError,
    connection::{answered, warm_up},
};
use crate::event_sourcing::StoreError;

/// Few: a key is read once a minute at most.
const CONNECTIONS_MAX: u32 = 6;

/// The keys' database. Cheap to clone.
#[derive(Clone)]
pub struct KeyDatabase {
    pool: PgPool,
}

/// One customer's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyRow {
    pub customer: CustomerId,
    /// None once it is destroyed.
    pub wrapped: Option<Vec<u8>>,
}

impl FromRow<'_, PgRow> for KeyRow {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            customer: CustomerId(row.try_get("customer_id")?),
            wrapped: row.try_get("wrapped")?,
        })
    }
}

impl KeyDatabase {
    /// Opens the database; connections are made when they are first needed.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the URL cannot be read.
    pub fn open(config: &DatabaseConfig) -> Result<Self, StoreError> {
        config.pool(CONNECTIONS_MAX).map(|pool| Self { pool })
    }

    /// Brings the tables up to date and makes the database that of a store, or checks that it is.
    ///
    /// # Errors
    /// [`IdentityError::OtherKeys`] when it holds those of another store.
    pub async fn migrate(
        &self,
        config: &DatabaseConfig,
        store_id: Uuid,
    ) -> Result<(), IdentityError> {
        let connecting = async { PgConnection::connect_with(&config.options()?).await };
        let mut connection = answered(connecting).await?;
        sqlx::migrate!("./migrations-keys")
            .run(&mut connection)
            .await
            .map_err(IdentityError::Migration)?;
        let settle =
            sqlx::query("insert into key_store (store_id) values ($1) on conflict do nothing")
                .bind(store_id)
                .execute(&self.pool);
        answered(settle).await?;
        self.check(store_id).await
    }

    /// Checks that the database holds the keys of a store.
    ///
    /// # Errors
    /// [`IdentityError::MissingKeys`] where it was never made, [`IdentityError::OtherKeys`].
    pub async fn check(&self, store_id: Uuid) -> Result<(), IdentityError> {
        let exists = sqlx::query_scalar("select to_regclass('key_store') is not null");
        let exists: bool = answered(exists.fetch_one(&self.pool)).await?;
        if !exists {
            return Err(IdentityError::MissingKeys);
        }
        let stored = sqlx::query_scalar("select store_id from key_store");
        let stored: Option<Uuid> = answered(stored.fetch_optional(&self.pool)).await?;
        match stored {
            None => Err(IdentityError::MissingKeys),
            Some(stored) if stored == store_id => Ok(()),
            Some(_) => Err(IdentityError::OtherKeys),
        }
    }

    /// Opens all connections, so that no command has to wait for one.
    pub async fn warm_up(&self) {
        warm_up(&self.pool).await;
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        answered(sqlx::query("select 1").execute(&self.pool)).await?;
        Ok(())
    }

    /// Offers a key for a customer who may have none, and answers the one that holds; none when another call is making
    /// it at this moment.
    pub(crate) async fn settle(
        &self,
        customer: CustomerId,
        wrapped: &[u8],
    ) -> Result<Option<KeyRow>, StoreError> {
        let row = sqlx::query_as(
            "with made as (
                 insert into customer_key (customer_id, wrapped) values ($1, $2)
                 on conflict do nothing returning customer_id, wrapped
             )
             select customer_id, wrapped from made
             union all
             select customer_id, wrapped from customer_key where customer_id = $1",
        )
        .bind(customer.0)
        .bind(wrapped)
        .fetch_optional(&self.pool);
        answered(row).await
    }

    pub(crate) async fn find(&self, customers: &[CustomerId]) -> Result<Vec<KeyRow>, StoreError> {
        let rows = sqlx::query_as(
            "select customer_id, wrapped from customer_key where customer_id = any ($1)",
        )
        .bind(ids(customers))
        .fetch_all(&self.pool);
        answered(rows).await
    }

    /// Destroys keys for good, also those that are not there.
    pub(crate) async fn destroy(&self, customers: &[CustomerId]) -> Result<(), StoreError> {
        let destroy = sqlx::query(
            "insert into customer_key (customer_id, confirmed, destroyed_at)
             select customer_id, true, clock_timestamp() from unnest($1::uuid[]) as given (customer_id)
              order by customer_id
             on conflict (customer_id) do update
                set wrapped = null, confirmed = true, destroyed_at = clock_timestamp()
              where customer_key.destroyed_at is null",
        )
        .bind(ids(customers))
        .execute(&self.pool);
        answered(destroy).await?;
        Ok(())
    }

    /// Customers whose keys were made more than some hours ago, and whose streams were not seen yet.
    pub(crate) async fn unconfirmed(
        &self,
        hours: i32,
        rows_max: i64,
    ) -> Result<Vec<CustomerId>, StoreError> {
        let rows = sqlx::query_scalar(
            "select customer_id from customer_key
              where not confirmed and created_at < statement_timestamp() - make_interval(hours => $1)
              order by created_at limit $2",
        )
        .bind(hours)
        .bind(rows_max)
        .fetch_all(&self.pool);
        let rows: Vec<Uuid> = answered(rows).await?;
        Ok(rows.into_iter().map(CustomerId).collect())
    }

    /// Takes note that the customers exist.
    pub(crate) async fn confirm(&self, customers: &[CustomerId]) -> Result<(), StoreError> {
        let confirm =
            sqlx::query("update customer_key set confirmed = true where customer_id = any ($1)")
                .bind(ids(customers))
                .execute(&self.pool);
        answered(confirm).await?;
        Ok(())
    }

    /// Removes keys of customers that never came to be.
    pub(crate) async fn remove(&self, customers: &[CustomerId]) -> Result<(), StoreError> {
        let remove =
            sqlx::query("delete from customer_key where customer_id = any ($1) and not confirmed")
                .bind(ids(customers))
                .execute(&self.pool);
        answered(remove).await?;
        Ok(())
    }
}

fn ids(customers: &[CustomerId]) -> Vec<Uuid> {
    customers.iter().map(|customer| customer.0).collect()
}
