//! Snapshots: what a stream had folded into at some version, so that not all of it has to be read.

use orderfold_events::{EventId, StreamId, Version};
use sqlx::Row;

use super::{
    Database,
    connection::answered,
    streams::{StreamRow, number},
};
use crate::event_sourcing::StoreError;

/// A state in the form of its aggregate, and the event that led to it.
pub(crate) struct SnapshotRow {
    pub version: Version,
    pub event_id: EventId,
    pub state: Vec<u8>,
}

impl Database {
    /// The snapshot of a stream, where there is one of this schema, and the events after it, or all of them.
    pub(crate) async fn stream_since_snapshot(
        &self,
        stream: StreamId,
        schema: i32,
    ) -> Result<(Option<SnapshotRow>, Vec<StreamRow>), StoreError> {
        let rows = sqlx::query(
            "with newest as materialized (
                 select version, event_id, state from snapshot where stream_id = $1 and schema = $2
             )
             select version, event_id, null as type, state as data from newest
             union all
             (select version, event_id, type, data from event
               where stream_id = $1 and version > coalesce((select version from newest), 0)
               order by version)",
        )
        .bind(stream.to_string())
        .bind(schema)
        .fetch_all(&self.pool);
        let rows = answered(rows).await?;
        let mut snapshot = None;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            let version = Version(number(row, "version")?);
            let event_id = EventId(row.try_get("event_id")?);
            let data = row.try_get("data")?;
            match row.try_get::<Option<String>, _>("type")? {
                None => {
                    snapshot = Some(SnapshotRow {
                        version,
                        event_id,
                        state: data,
                    });
                }
                Some(event_type) => events.push(StreamRow {
                    version,
                    event_id,
                    event_type,
                    data,
                }),
            }
        }
        Ok((snapshot, events))
    }

    /// Keeps a snapshot, unless there is a newer one of the same schema, or the event that it ends with is not in the
    /// stream.
    pub(crate) async fn save_snapshot(
        &self,
        stream: StreamId,
        schema: i32,
        row: &SnapshotRow,
    ) -> Result<(), StoreError> {
        let save = sqlx::query(
            "insert into snapshot as known (stream_id, schema, version, event_id, state)
             select $1, $2, $3, $4, $5
              where exists (select from event where stream_id = $1 and version = $3 and event_id = $4)
             on conflict (stream_id) do update
                set schema = excluded.schema, version = excluded.version, event_id = excluded.event_id,
                    state = excluded.state
              where known.schema <> excluded.schema or known.version < excluded.version",
        )
        .bind(stream.to_string())
        .bind(schema)
        .bind(i32::try_from(row.version.0).unwrap_or(i32::MAX))
        .bind(row.event_id.0)
        .bind(row.state.as_slice())
        .execute(&self.pool);
        answered(save).await?;
        Ok(())
    }
}
