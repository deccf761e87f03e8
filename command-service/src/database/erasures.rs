//! Which customers were erased, and which exist at all: what the keeper of their keys has to know.

use orderfold_events::{CustomerId, Position, Shard, StreamId, Version};
use sqlx::{FromRow, Row, postgres::PgRow};

use super::{
    Database,
    connection::answered,
    streams::{corrupt, large, number, short},
};
use crate::event_sourcing::StoreError;

/// A customer who was erased.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Erasure {
    /// Where its `erased` stands.
    pub shard: Shard,
    pub position: Position,
    pub customer: CustomerId,
    /// The version of the customer's stream now.
    pub version: Version,
    /// Whether `key_destroyed` is recorded.
    pub settled: bool,
}

impl FromRow<'_, PgRow> for Erasure {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            shard: Shard(short(row, "shard")?),
            position: Position(large(row, "position")?),
            customer: CustomerId(row.try_get("customer_id")?),
            version: Version(number(row, "version")?),
            settled: row.try_get("settled")?,
        })
    }
}

impl Database {
    /// Customers who were erased after a position of each shard, in the order of positions.
    pub(crate) async fn erasures(
        &self,
        after: &[(Shard, Position)],
        rows_max: i64,
    ) -> Result<Vec<Erasure>, StoreError> {
        let shards: Vec<i32> = after.iter().map(|(shard, _)| shard.0.into()).collect();
        let positions = after
            .iter()
            .map(|(_, position)| i64::try_from(position.0).map_err(corrupt))
            .collect::<Result<Vec<_>, _>>()?;
        let rows = sqlx::query_as(
            "select e.shard, e.position, e.customer_id, s.version,
                    exists (select from event d where d.stream_id = e.stream_id and d.version > e.version
                               and d.type = 'orderfold.customer.key_destroyed.v1') as settled
               from unnest($1::integer[], $2::bigint[]) as seen (shard, position)
               join event e on e.shard = seen.shard and e.position > seen.position
               join stream s on s.stream_id = e.stream_id
              where e.type = 'orderfold.customer.erased.v1'
              order by e.shard, e.position limit $3",
        )
        .bind(shards)
        .bind(positions)
        .bind(rows_max)
        .fetch_all(&self.pool);
        answered(rows).await
    }

    /// Those of some customers that exist.
    pub(crate) async fn existing(
        &self,
        customers: &[CustomerId],
    ) -> Result<Vec<CustomerId>, StoreError> {
        let streams: Vec<String> = customers
            .iter()
            .map(|customer| StreamId::Customer(*customer).to_string())
            .collect();
        let found = sqlx::query_scalar("select stream_id from stream where stream_id = any ($1)")
            .bind(streams)
            .fetch_all(&self.pool);
        let found: Vec<String> = answered(found).await?;
        found
            .iter()
            .map(|stream| match stream.parse().map_err(corrupt)? {
                StreamId::Customer(customer) => Ok(customer),
                StreamId::Credit(_) | StreamId::Order(_) => {
                    Err(StoreError::Corrupt("a stream of another kind".into()))
                }
            })
            .collect()
    }
}
