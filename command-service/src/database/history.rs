//! The histories of the store: which event stands at a position, and the step into a new epoch where a restored backup
//! has forked a shard.

use orderfold_events::{Epoch, EventId, Position, Shard};
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::{Database, connection::answered, order_numbers, relay::void_lease, streams::corrupt};
use crate::event_sourcing::StoreError;

/// From which position on a shard is in a new epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NewEpoch {
    pub shard: Shard,
    pub epoch: Epoch,
    pub from: Position,
}

impl Database {
    /// The ids of the events at these places, in their order; `None` where the store has no event.
    pub(crate) async fn ids_at(
        &self,
        places: &[(Shard, Position)],
    ) -> Result<Vec<Option<EventId>>, StoreError> {
        let shards: Vec<i32> = places.iter().map(|(shard, _)| i32::from(shard.0)).collect();
        // No position is larger: nothing is there.
        let positions: Vec<i64> = places
            .iter()
            .map(|(_, position)| i64::try_from(position.0).unwrap_or(i64::MAX))
            .collect();
        let rows = sqlx::query(
            "select e.event_id from unnest($1, $2) with ordinality as given (shard, position, n)
               left join lateral (select event_id from event
                                   where event.shard = given.shard and event.position = given.position limit 1) e
                      on true
              order by n",
        )
        .bind(shards)
        .bind(positions)
        .fetch_all(&self.pool);
        let rows = answered(rows).await?;
        rows.iter()
            .map(|row| Ok(row.try_get::<Option<Uuid>, _>("event_id")?.map(EventId)))
            .collect()
    }

    /// Begins new epochs, all of them or none: answers that were kept beyond a fork move into its new epoch, the relay
    /// starts again, and order numbers go on beyond `last_number` and whatever running replicas have drawn.
    ///
    /// # Errors
    /// [`StoreError`], and then nothing has changed.
    pub(crate) async fn raise_epochs(
        &self,
        raised: &[NewEpoch],
        last_number: u64,
    ) -> Result<(), StoreError> {
        let shards: Vec<i32> = raised.iter().map(|new| i32::from(new.shard.0)).collect();
        let epochs = raised.iter().map(|new| i32::try_from(new.epoch.0));
        let epochs: Vec<i32> = epochs.collect::<Result<_, _>>().map_err(corrupt)?;
        let positions = raised.iter().map(|new| i64::try_from(new.from.0));
        let positions: Vec<i64> = positions.collect::<Result<_, _>>().map_err(corrupt)?;
        let run = order_numbers::run_beyond(last_number)?;

        let mut transaction = self.pool.begin().await?;
        // Appends wait meanwhile; the kept answers have no index by place.
        sqlx::query("set local statement_timeout = 0")
            .execute(&mut *transaction)
            .await?;
        lock_heads(&mut transaction, &shards).await?;
        for statement in RAISE {
            sqlx::query(*statement)
                .bind(&shards)
                .bind(&epochs)
                .bind(&positions)
                .execute(&mut *transaction)
                .await?;
        }
        move_numbers_on(&mut transaction, run).await?;
        void_lease(&mut transaction).await?;
        Ok(transaction.commit().await?)
    }
}

/// Each gets shards, epochs and first positions as parallel arrays.
const RAISE: &[&str] = &[
    "insert into store_epoch (shard, epoch, from_position) select * from unnest($1, $2, $3)",
    "update shard_head h set epoch = given.epoch
       from unnest($1, $2, $3) as given (shard, epoch, from_position) where h.shard = given.shard",
    "update idempotency i set epoch = given.epoch
       from unnest($1, $2, $3) as given (shard, epoch, from_position)
      where i.shard = given.shard and i.position >= given.from_position",
    "update relay_progress r set position = least(r.position, given.from_position - 1)
       from unnest($1, $2, $3) as given (shard, epoch, from_position) where r.shard = given.shard",
];

/// In the order in which appends lock them.
async fn lock_heads(connection: &mut PgConnection, shards: &[i32]) -> Result<(), sqlx::Error> {
    sqlx::query("select 1 from shard_head where shard = any ($1) order by shard for update")
        .bind(shards)
        .execute(connection)
        .await?;
    Ok(())
}

async fn move_numbers_on(connection: &mut PgConnection, run: i64) -> Result<(), sqlx::Error> {
    sqlx::query("select setval('order_number', greatest(last_value, $1) + $2) from order_number")
        .bind(run)
        .bind(order_numbers::RUNS_SKIPPED)
        .execute(connection)
        .await?;
    Ok(())
}
