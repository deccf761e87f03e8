//! The log shard by shard: where each ends, and its events in order.

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
pub(crate) struct LogRecord {
    pub envelope: Envelope,
    pub customer: CustomerId,
    pub data: Vec<u8>,
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

    /// The events of a shard after a position, in order, at most so many and about so many bytes of data; the first
    /// is given however long it is. Positions have no gaps, so what comes back is contiguous.
    pub(crate) async fn log_after(
        &self,
        shard: Shard,
        after: Position,
        records_max: u32,
        bytes_max: u32,
    ) -> Result<Vec<LogRecord>, StoreError> {
        // No position is larger: nothing is after it.
        let after = i64::try_from(after.0).unwrap_or(i64::MAX);
        let rows = sqlx::query(
            "with part as materialized (
                 select e.*, (select max(s.epoch) from store_epoch s
                               where s.shard = e.shard and s.from_position <= e.position) as epoch,
                        sum(length(data)) over (order by position) - length(data) as bytes_before
                   from (select * from event where shard = $1 and position > $2 order by position limit $3) e
             )
             select part.*, coalesce(lag(event_id) over (order by position),
                                     (select b.event_id from event b where b.shard = $1 and b.position = $2),
                                     '00000000-0000-0000-0000-000000000000') as previous_id
               from part where bytes_before < $4 order by position",
        )
        .bind(i32::from(shard.0))
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
        data: row.try_get("data")?,
    })
}
