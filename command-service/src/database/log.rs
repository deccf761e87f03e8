//! The log shard by shard: where each ends, and its events in order.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use orderfold_events::{
    Actor, Coordinate, CustomerId, Envelope, Epoch, EventId, Position, Shard, Timestamp, Version,
    internal::{EpochStart, Head},
};
use sqlx::{Row, postgres::PgRow};

use super::{
    Database,
    connection::answered,
    streams::{corrupt, large, number, short},
};
use crate::event_sourcing::StoreError;

/// An event of the log with the bytes of its data.
#[derive(Debug)]
pub(crate) struct LogRecord {
    pub envelope: Envelope,
    pub customer: CustomerId,
    pub data: Bytes,
}

impl Database {
    /// The end of every shard, in the order of shards.
    pub(crate) async fn heads(&self) -> Result<Vec<Head>, StoreError> {
        let rows = sqlx::query(
            "select shard, epoch, position, last_event_id,
                    case when position > 0 then last_recorded_at end as last_recorded_at
               from shard_head order by shard",
        )
        .fetch_all(&self.pool);
        let rows = answered(rows).await?;
        rows.iter().map(head).collect()
    }

    pub(crate) async fn epochs(&self) -> Result<Vec<EpochStart>, StoreError> {
        let rows = sqlx::query(
            "select shard, epoch, from_position from store_epoch order by shard, epoch",
        )
        .fetch_all(&self.pool);
        let rows = answered(rows).await?;
        rows.iter()
            .map(|row| {
                Ok(EpochStart {
                    shard: Shard(short(row, "shard")?),
                    epoch: Epoch(number(row, "epoch")?),
                    from_position: Position(large(row, "from_position")?),
                })
            })
            .collect()
    }

    /// The events of some shards, each after a position, in this order of shards and in the order of the log: of each at
    /// most so many and about so many bytes of data; its first is given however long it is. Positions have no gaps, so
    /// what comes back of a shard is contiguous.
    pub(crate) async fn log_after(
        &self,
        shards: &[(Shard, Position)],
        records_max: u32,
        bytes_max: u32,
    ) -> Result<Vec<LogRecord>, StoreError> {
        let (shards, after): (Vec<i32>, Vec<i64>) = shards
            .iter()
            // No position is larger: nothing is after it.
            .map(|(shard, after)| {
                (
                    i32::from(shard.0),
                    i64::try_from(after.0).unwrap_or(i64::MAX),
                )
            })
            .unzip();
        let rows = sqlx::query(
            "select part.*, coalesce(lag(event_id) over (partition by place order by position),
                                     (select b.event_id from event b
                                       where b.shard = asked.shard and b.position = asked.after),
                                     '00000000-0000-0000-0000-000000000000') as previous_id
               from unnest($1::int[], $2::bigint[]) with ordinality as asked (shard, after, place)
              cross join lateral (
                  select e.*, (select max(s.epoch) from store_epoch s
                                where s.shard = e.shard and s.from_position <= e.position) as epoch,
                         sum(length(data)) over (order by position) - length(data) as bytes_before
                    from (select * from event where shard = asked.shard and position > asked.after
                           order by position limit $3) e
              ) part
              where bytes_before < $4 order by place, position",
        )
        .bind(shards)
        .bind(after)
        .bind(i64::from(records_max))
        .bind(i64::from(bytes_max))
        .fetch_all(&self.pool);
        let rows = answered(rows).await?;
        rows.iter().map(record).collect()
    }
}

fn head(row: &PgRow) -> Result<Head, StoreError> {
    let last_recorded_at: Option<DateTime<Utc>> = row.try_get("last_recorded_at")?;
    Ok(Head {
        shard: Shard(short(row, "shard")?),
        epoch: Epoch(number(row, "epoch")?),
        position: Position(large(row, "position")?),
        last_event_id: EventId(row.try_get("last_event_id")?),
        last_recorded_at: last_recorded_at.map(Timestamp::from),
    })
}

fn record(row: &PgRow) -> Result<LogRecord, StoreError> {
    let time = |column| row.try_get::<DateTime<Utc>, _>(column).map(Timestamp::from);
    let envelope = Envelope {
        event_id: EventId(row.try_get("event_id")?),
        event_type: row.try_get("type")?,
        stream: row
            .try_get::<String, _>("stream_id")?
            .parse()
            .map_err(corrupt)?,
        version: Version(number(row, "version")?),
        coordinate: Coordinate {
            epoch: Epoch(number(row, "epoch")?),
            shard: Shard(short(row, "shard")?),
            position: Position(large(row, "position")?),
        },
        previous_id: EventId(row.try_get("previous_id")?),
        occurred_at: time("occurred_at")?,
        recorded_at: time("recorded_at")?,
        correlation_id: row.try_get("correlation_id")?,
        causation_id: row.try_get("causation_id")?,
        actor: Actor(row.try_get("actor")?),
        traceparent: row.try_get("traceparent")?,
    };
    let customer = CustomerId(row.try_get("customer_id")?);
    Ok(LogRecord {
        envelope,
        customer,
        data: row.try_get::<Vec<u8>, _>("data")?.into(),
    })
}
