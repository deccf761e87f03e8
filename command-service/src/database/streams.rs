//! Rows of one stream, owners of claims, and answers that were kept.

use orderfold_events::{Coordinate, Epoch, EventId, Position, Shard, StreamId, Version};
use sqlx::{FromRow, Row, postgres::PgRow};

use super::{Database, connection::answered};
use crate::event_sourcing::{ClaimKey, ClaimKind, StoreError, StoredAnswer};

/// One event of a stream, as far as folding needs it.
pub(crate) struct StreamRow {
    pub version: Version,
    pub event_id: EventId,
    pub event_type: String,
    pub data: Vec<u8>,
}

impl FromRow<'_, PgRow> for StreamRow {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            version: Version(number(row, "version")?),
            event_id: EventId(row.try_get("event_id")?),
            event_type: row.try_get("type")?,
            data: row.try_get("data")?,
        })
    }
}

impl Database {
    pub(crate) async fn stream_events(
        &self,
        stream: StreamId,
    ) -> Result<Vec<StreamRow>, StoreError> {
        let rows = sqlx::query_as(
            "select version, event_id, type, data from event where stream_id = $1 order by version",
        )
        .bind(stream.to_string())
        .fetch_all(&self.pool);
        answered(rows).await
    }

    pub(crate) async fn claim_owner(
        &self,
        kind: ClaimKind,
        key: &ClaimKey,
    ) -> Result<Option<StreamId>, StoreError> {
        let owner = sqlx::query_scalar("select owner from claim where kind = $1 and key = $2")
            .bind(kind.as_str())
            .bind(key.as_slice())
            .fetch_optional(&self.pool);
        let owner: Option<String> = answered(owner).await?;
        owner
            .map(|owner| owner.parse().map_err(corrupt))
            .transpose()
    }

    pub(crate) async fn answer(&self, key: &[u8; 32]) -> Result<Option<StoredAnswer>, StoreError> {
        let row = sqlx::query(
            "select fingerprint, status, body, stream_id, version, epoch, shard, position
               from idempotency where key = $1",
        )
        .bind(key.as_slice())
        .fetch_optional(&self.pool);
        let row = answered(row).await?;
        row.map(|row| stored_answer(&row)).transpose()
    }
}

fn stored_answer(row: &PgRow) -> Result<StoredAnswer, StoreError> {
    let fingerprint: Vec<u8> = row.try_get("fingerprint")?;
    let fingerprint = <[u8; 32]>::try_from(fingerprint.as_slice()).map_err(corrupt)?;
    Ok(StoredAnswer {
        fingerprint: Some(fingerprint),
        ..answer_columns(row)?
    })
}

/// Reads the columns that an answer has in a table and in the result of an append alike.
pub(super) fn answer_columns(row: &PgRow) -> Result<StoredAnswer, StoreError> {
    let stream: Option<String> = row.try_get("stream_id")?;
    let version: Option<i32> = row.try_get("version")?;
    Ok(StoredAnswer {
        fingerprint: None,
        status: u16::try_from(row.try_get::<i32, _>("status")?).map_err(corrupt)?,
        body: row.try_get("body")?,
        stream: stream
            .map(|stream| stream.parse().map_err(corrupt))
            .transpose()?,
        version: Version(u32::try_from(version.unwrap_or(0)).map_err(corrupt)?),
        coordinate: coordinate(row)?,
    })
}

pub(super) fn coordinate(row: &PgRow) -> Result<Coordinate, sqlx::Error> {
    Ok(Coordinate {
        epoch: Epoch(number(row, "epoch")?),
        shard: Shard(short(row, "shard")?),
        position: Position(large(row, "position")?),
    })
}

pub(super) fn number(row: &PgRow, column: &str) -> Result<u32, sqlx::Error> {
    u32::try_from(row.try_get::<i32, _>(column)?).map_err(|error| sqlx::Error::Decode(error.into()))
}

pub(super) fn short(row: &PgRow, column: &str) -> Result<u16, sqlx::Error> {
    u16::try_from(row.try_get::<i32, _>(column)?).map_err(|error| sqlx::Error::Decode(error.into()))
}

pub(super) fn large(row: &PgRow, column: &str) -> Result<u64, sqlx::Error> {
    u64::try_from(row.try_get::<i64, _>(column)?).map_err(|error| sqlx::Error::Decode(error.into()))
}

pub(super) fn corrupt(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Corrupt(Box::new(error))
}
