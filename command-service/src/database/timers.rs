//! Timers that are due: claimed for a while, and deleted when what they stand for is settled.

use std::time::Duration;

use orderfold_events::StreamId;
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::{Database, connection::answered, streams::corrupt};
use crate::event_sourcing::StoreError;

/// A timer that this replica has claimed.
#[derive(Debug, Clone)]
pub(crate) struct DueTimer {
    pub id: Uuid,
    pub stream: StreamId,
    pub kind: String,
}

impl Database {
    /// Claims timers that are due, the longest due first. Nobody else gets them before the claim has run out: whoever
    /// claimed them may have died.
    pub(crate) async fn claim_timers(
        &self,
        timers_max: u32,
        claim: Duration,
    ) -> Result<Vec<DueTimer>, StoreError> {
        let rows = sqlx::query(
            "update timer set claimed_until = clock_timestamp() + $2 * interval '1 millisecond'
              where stream_id = any (array(
                    select stream_id from timer
                     where due_at <= statement_timestamp()
                       and (claimed_until is null or claimed_until < statement_timestamp())
                     order by due_at limit $1 for update skip locked))
             returning id, stream_id, kind",
        )
        .bind(i64::from(timers_max))
        .bind(i64::try_from(claim.as_millis()).unwrap_or(i64::MAX))
        .fetch_all(&self.pool);
        let rows = answered(rows).await?;
        rows.iter().map(due).collect()
    }

    /// Whether a timer is still the one that it was when it was claimed.
    pub(crate) async fn has_timer(&self, timer: &DueTimer) -> Result<bool, StoreError> {
        let has = sqlx::query_scalar(
            "select exists (select from timer where stream_id = $1 and id = $2)",
        )
        .bind(timer.stream.to_string())
        .bind(timer.id)
        .fetch_one(&self.pool);
        answered(has).await
    }

    /// Deletes a timer; one that was armed anew since is another.
    pub(crate) async fn delete_timer(&self, timer: &DueTimer) -> Result<(), StoreError> {
        let delete = sqlx::query("delete from timer where stream_id = $1 and id = $2")
            .bind(timer.stream.to_string())
            .bind(timer.id)
            .execute(&self.pool);
        answered(delete).await?;
        Ok(())
    }
}

fn due(row: &PgRow) -> Result<DueTimer, StoreError> {
    Ok(DueTimer {
        id: row.try_get("id")?,
        stream: row
            .try_get::<String, _>("stream_id")?
            .parse()
            .map_err(corrupt)?,
        kind: row.try_get("kind")?,
    })
}
