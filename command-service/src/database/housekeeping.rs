//! Forgetting answers whose keys have run out.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Database;
use crate::event_sourcing::StoreError;

const CLIENT_KEYS_DAYS: i32 = 30;
const INTERNAL_KEYS_HOURS: i32 = 1;
/// Rows deleted in one statement: small, so that no append waits for it.
const ROWS_MAX: i64 = 1_000;
const PAUSE: Duration = Duration::from_mins(1);

impl Database {
    /// Deletes one batch of answers that have run out, and says how many.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn forget_answers(&self) -> Result<u64, StoreError> {
        let done = sqlx::query(
            "delete from idempotency where key in (
                 select key from idempotency
                  where (internal and created_at < clock_timestamp() - make_interval(hours => $1))
                     or (not internal and created_at < clock_timestamp() - make_interval(days => $2))
                  limit $3)",
        )
        .bind(INTERNAL_KEYS_HOURS)
        .bind(CLIENT_KEYS_DAYS)
        .bind(ROWS_MAX)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }

    /// Goes on forgetting until told to stop.
    pub async fn keep_house(&self, stop: CancellationToken) {
        loop {
            let more = match self.forget_answers().await {
                Ok(rows) => rows >= ROWS_MAX.unsigned_abs(),
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "old answers were not deleted"
                    );
                    false
                }
            };
            if !more {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
    }
}
