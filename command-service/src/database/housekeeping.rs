//! Forgetting answers whose keys have run out.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Database, connection::answered};
use crate::event_sourcing::StoreError;

const CLIENT_KEYS_HOURS: i32 = 30 * 24;
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
        let mut rows = 0;
        for (internal, hours) in [(true, INTERNAL_KEYS_HOURS), (false, CLIENT_KEYS_HOURS)] {
            // Not `clock_timestamp()`, which is never looked up in an index.
            let delete = sqlx::query(
                "delete from idempotency where key = any (array(
                     select key from idempotency
                      where internal = $1 and created_at < statement_timestamp() - make_interval(hours => $2)
                      order by created_at limit $3))",
            )
            .bind(internal)
            .bind(hours)
            .bind(ROWS_MAX)
            .execute(&self.pool);
            rows += answered(delete).await?.rows_affected();
        }
        Ok(rows)
    }

    /// Goes on forgetting until told to stop.
    pub async fn keep_house(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
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
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
        }
    }
}
