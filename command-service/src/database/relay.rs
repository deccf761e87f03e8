//! The relay's lease and its progress, both on the database's clock.

use std::time::Duration;

use orderfold_events::{Position, Shard};
use sqlx::Row;
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

/// How far a shard is on Kafka: the end of the contiguous acknowledged prefix, and the offset of its last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    pub shard: Shard,
    pub position: Position,
    /// -1 while nothing was published.
    pub kafka_offset: i64,
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

    pub(crate) async fn relay_progress(&self) -> Result<Vec<Progress>, StoreError> {
        let rows =
            sqlx::query("select shard, position, kafka_offset from relay_progress order by shard")
                .fetch_all(&self.pool);
        let rows = answered(rows).await?;
        rows.iter()
            .map(|row| {
                Ok(Progress {
                    shard: Shard(short(row, "shard")?),
                    position: Position(large(row, "position")?),
                    kafka_offset: row.try_get("kafka_offset")?,
                })
            })
            .collect()
    }

    /// Moves the progress of some shards on; `false`, and nothing changed, when the lease is no longer this one.
    pub(crate) async fn save_relay_progress(
        &self,
        lease: Lease,
        progress: &[Progress],
    ) -> Result<bool, StoreError> {
        let shards: Vec<i32> = progress.iter().map(|p| i32::from(p.shard.0)).collect();
        let positions: Vec<i64> = progress
            .iter()
            .map(|p| i64::try_from(p.position.0))
            .collect::<Result<_, _>>()
            .map_err(corrupt)?;
        let offsets: Vec<i64> = progress.iter().map(|p| p.kafka_offset).collect();
        let held = sqlx::query_scalar(
            "with held as (select 1 from relay_lease where epoch = $1 for share),
                  moved as (
                      update relay_progress r set position = given.position, kafka_offset = given.kafka_offset
                        from unnest($2, $3, $4) as given (shard, position, kafka_offset), held
                       where r.shard = given.shard and r.position < given.position)
             select exists (select 1 from held)",
        )
        .bind(lease.epoch)
        .bind(shards)
        .bind(positions)
        .bind(offsets)
        .fetch_one(&self.pool);
        answered(held).await
    }
}
