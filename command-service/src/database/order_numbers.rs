//! Order numbers: drawn from the database's sequence in blocks, so that few orders wait for it. What a replica has
//! drawn and not used when it stops is a gap; numbers are unique, not gapless.

use std::{ops::Range, sync::Arc};

use tokio::sync::Mutex;

use super::{Database, connection::answered};
use crate::event_sourcing::StoreError;

/// Numbers drawn at once.
const BLOCK: i64 = 32;
/// Runs left out when the store was restored from an older backup: orders that the backup does not hold have numbers
/// of them, and running replicas have drawn some.
pub(super) const RUNS_SKIPPED: i64 = 1_024;

#[derive(Clone, Default)]
pub(super) struct OrderNumbers(Arc<Mutex<Range<u64>>>);

impl Database {
    pub(crate) async fn next_order_sequence(&self) -> Result<u64, StoreError> {
        let mut block = self.order_numbers.0.lock().await;
        if let Some(next) = block.next() {
            return Ok(next);
        }
        // Numbers of one call need not follow each other, so each replica takes a run by multiplying one.
        let run = sqlx::query_scalar("select nextval('order_number')").fetch_one(&self.pool);
        let run: i64 = answered(run).await?;
        let first = (run - 1) * BLOCK + 1;
        let bound = |number: i64| u64::try_from(number).map_err(super::streams::corrupt);
        *block = bound(first)?..bound(first + BLOCK)?;
        block
            .next()
            .ok_or_else(|| StoreError::Corrupt("an empty block of order numbers".into()))
    }
}

/// The run that a number is of.
pub(super) fn run_beyond(number: u64) -> Result<i64, StoreError> {
    let number = i64::try_from(number).map_err(super::streams::corrupt)?;
    Ok(number / BLOCK + 1)
}
