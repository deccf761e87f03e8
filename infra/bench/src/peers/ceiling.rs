//! The ceiling: the same rows by group commit in plain SQL. Two connections with disjoint shards, a batch of commands
//! in each statement, nothing decided and nothing answered; the rows are made on the server.

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use orderfold_stack::Result;
use sqlx::{Connection, PgConnection};

use super::{database::SHARDS, sample::Sample};
use crate::stage::store_error;

const WRITERS: i32 = 2;
/// As many commands as a writer finds waiting when all callers wait.
const BATCH: i32 = 32;

const APPEND: &str = "
with head as (
    update shard_head set position = position + $2, last_event_id = uuidv7(), last_recorded_at = clock_timestamp()
     where shard = $1 returning position - $2 as before, last_recorded_at as now),
made as materialized (select before + n as position, uuidv7() as id, now from head, generate_series(1, $2) n),
streams as (
    insert into stream (stream_id, shard, version) select 'order-' || id, $1, 1 from made),
answers as (
    insert into idempotency (key, fingerprint, internal, status, body, stream_id, version, epoch, shard, position,
                             created_at)
    select sha256(uuid_send(id)), sha256(uuid_send(id)), false, $3, $4, 'order-' || id, 1, 1, $1, position, now
      from made)
insert into event (shard, position, stream_id, version, event_id, customer_id, type, occurred_at, recorded_at,
                   correlation_id, causation_id, actor, traceparent, data)
select $1, position, 'order-' || id, 1, id, $5, $6, now, now, id, id, $7, $8, $9 from made";

/// Commands written in the time.
///
/// # Errors
/// When the server refuses.
pub async fn write(database_url: &str, sample: &Sample, during: Duration) -> Result<u64> {
    let end = Instant::now() + during;
    let writers = (0..WRITERS).map(|writer| write_alone(database_url, sample, writer, end));
    let written = try_join_all(writers).await.map_err(store_error)?;
    Ok(written.into_iter().sum())
}

async fn write_alone(
    database_url: &str,
    sample: &Sample,
    writer: i32,
    end: Instant,
) -> std::result::Result<u64, sqlx::Error> {
    let mut connection = PgConnection::connect(database_url).await?;
    let mut written = 0;
    let mut shard = writer;
    while Instant::now() < end {
        let done = sqlx::query(APPEND)
            .bind(shard)
            .bind(BATCH)
            .bind(sample.status)
            .bind(sample.answer.as_bytes())
            .bind(sample.customer)
            .bind(&sample.event_type)
            .bind(&sample.actor)
            .bind(&sample.traceparent)
            .bind(sample.data.as_bytes())
            .execute(&mut connection)
            .await?;
        written += done.rows_affected();
        shard = (shard + WRITERS) % SHARDS;
    }
    connection.close().await?;
    Ok(written)
}
