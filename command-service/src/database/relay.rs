//! The relay's lease and its progress, both on the database's clock.

use std::time::Duration;

use orderfold_events::{Position, Shard};
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::{
    Database,
    connection::answered,
    streams::{corrupt, large, short},
};
use crate::event_sourcing::StoreError;

/// The right to publish, held by one replica; a later owner has a higher epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    pub epoch: i64,
}

/// How far a shard is on Kafka: the end of the contiguous acknowledged prefix, and where it lies in its partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    pub shard: Shard,
    pub position: Position,
    /// The offset of the last record; -1 while nothing was published.
    pub kafka_offset: i64,
    /// The partition may begin at this offset at most.
    pub kafka_start: i64,
}

/// How the relay stands, whoever publishes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RelayState {
    /// Events that no quorum of brokers is known to have.
    pub lag_events: u64,
    /// The age of the oldest of them.
    pub lag_seconds: f64,
    pub halted: Option<String>,
}

impl Database {
    /// Takes the lease when it is free or run out, or renews one's own; `None` while another replica holds it.
    pub(crate) async fn hold_lease(
        &self,
        owner: Uuid,
        duration: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let epoch = sqlx::query_scalar(
            "insert into relay_lease as held (owner, epoch, expires_at)
             values ($1, 1, clock_timestamp() + make_interval(secs => $2))
             on conflict (only_one) do update
                set owner = excluded.owner, expires_at = excluded.expires_at,
                    epoch = held.epoch + case when held.owner = excluded.owner then 0 else 1 end
              where held.owner = excluded.owner or held.expires_at < clock_timestamp()
             returning epoch",
        )
        .bind(owner)
        .bind(duration.as_secs_f64())
        .fetch_optional(&self.pool);
        let epoch: Option<i64> = answered(epoch).await?;
        Ok(epoch.map(|epoch| Lease { epoch }))
    }

    /// Gives the lease up, so that another replica need not wait for its end.
    pub(crate) async fn release_lease(&self, owner: Uuid) -> Result<(), StoreError> {
        let release =
            sqlx::query("update relay_lease set expires_at = '-infinity' where owner = $1")
                .bind(owner)
                .execute(&self.pool);
        answered(release).await?;
        Ok(())
    }

    /// Writes down why the holder of this lease publishes nothing, or that it does.
    pub(crate) async fn record_halt(
        &self,
        lease: Lease,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        let record = sqlx::query(
            "update relay_lease set halted = $2 where epoch = $1 and halted is distinct from $2",
        )
        .bind(lease.epoch)
        .bind(reason)
        .execute(&self.pool);
        answered(record).await?;
        Ok(())
    }

    pub(crate) async fn relay_state(&self) -> Result<RelayState, StoreError> {
        let row = sqlx::query(
            "select coalesce(sum(greatest(h.position - p.position, 0)), 0)::bigint as lag_events,
                    coalesce(extract(epoch from max(clock_timestamp() - e.recorded_at)), 0)::float8 as lag_seconds,
                    (select halted from relay_lease) as halted
               from shard_head h join relay_progress p using (shard)
               left join lateral (select recorded_at from event
                                   where event.shard = h.shard and event.position = p.position + 1 limit 1) e on true",
        )
        .fetch_one(&self.pool);
        let row = answered(row).await?;
        Ok(RelayState {
            lag_events: large(&row, "lag_events")?,
            lag_seconds: row.try_get("lag_seconds")?,
            halted: row.try_get("halted")?,
        })
    }

    pub(crate) async fn relay_progress(&self) -> Result<Vec<Progress>, StoreError> {
        let rows = sqlx::query(
            "select shard, position, kafka_offset, kafka_start from relay_progress order by shard",
        )
        .fetch_all(&self.pool);
        let rows = answered(rows).await?;
        rows.iter().map(progress).collect()
    }

    /// Moves the progress of some shards on; `false`, and nothing changed, when the lease is no longer this one.
    pub(crate) async fn save_relay_progress(
        &self,
        lease: Lease,
        progress: &[Progress],
    ) -> Result<bool, StoreError> {
        let columns = Columns::of(progress)?;
        let held = sqlx::query_scalar(
            "with held as (select 1 from relay_lease where epoch = $1 for share),
                  moved as (
                      update relay_progress r set position = given.position, kafka_offset = given.kafka_offset
                        from unnest($2, $3, $4) as given (shard, position, kafka_offset), held
                       where r.shard = given.shard and r.position < given.position)
             select exists (select 1 from held)",
        )
        .bind(lease.epoch)
        .bind(columns.shards)
        .bind(columns.positions)
        .bind(columns.offsets)
        .fetch_one(&self.pool);
        answered(held).await
    }

    /// Sets the progress of some shards, back or forth, and takes the lease from whoever publishes, so that it begins
    /// again from there.
    ///
    /// # Errors
    /// [`StoreError`], and then nothing has changed.
    pub(crate) async fn reset_relay_progress(
        &self,
        progress: &[Progress],
    ) -> Result<(), StoreError> {
        let columns = Columns::of(progress)?;
        let starts: Vec<i64> = progress.iter().map(|p| p.kafka_start).collect();
        let mut transaction = self.pool.begin().await?;
        void_lease(&mut transaction).await?;
        sqlx::query(
            "update relay_progress r
                set position = given.position, kafka_offset = given.kafka_offset, kafka_start = given.kafka_start
               from unnest($1, $2, $3, $4) as given (shard, position, kafka_offset, kafka_start)
              where r.shard = given.shard",
        )
        .bind(columns.shards)
        .bind(columns.positions)
        .bind(columns.offsets)
        .bind(starts)
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }
}

/// Ends the present lease: what its owner still wants to write has no effect.
pub(super) async fn void_lease(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update relay_lease set owner = '00000000-0000-0000-0000-000000000000', epoch = epoch + 1,
                                expires_at = '-infinity', halted = null",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Progress as parallel arrays.
struct Columns {
    shards: Vec<i32>,
    positions: Vec<i64>,
    offsets: Vec<i64>,
}

impl Columns {
    fn of(progress: &[Progress]) -> Result<Self, StoreError> {
        let positions = progress.iter().map(|p| i64::try_from(p.position.0));
        Ok(Self {
            shards: progress.iter().map(|p| i32::from(p.shard.0)).collect(),
            positions: positions.collect::<Result<_, _>>().map_err(corrupt)?,
            offsets: progress.iter().map(|p| p.kafka_offset).collect(),
        })
    }
}

fn progress(row: &PgRow) -> Result<Progress, StoreError> {
    Ok(Progress {
        shard: Shard(short(row, "shard")?),
        position: Position(large(row, "position")?),
        kafka_offset: row.try_get("kafka_offset")?,
        kafka_start: row.try_get("kafka_start")?,
    })
}
