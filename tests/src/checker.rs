//! Proves from PostgreSQL alone that the log is what it promises: positions 1..n per shard, versions 1..n per stream,
//! both orders agreeing, heads and streams at their ends, and one set of events per idempotency key.

use sqlx::{PgConnection, PgPool, Row};

/// How many events, streams and answers the store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    pub events: i64,
    pub streams: i64,
    pub claims: i64,
    pub answers: i64,
}

/// # Panics
/// When the store cannot be read.
pub async fn contents(pool: &PgPool) -> Contents {
    let row = sqlx::query(
        "select (select count(*) from event) as events, (select count(*) from stream) as streams,
                (select count(*) from claim) as claims,
                (select count(*) from idempotency where not internal) as answers",
    )
    .fetch_one(pool)
    .await
    .expect("the counts");
    Contents {
        events: row.get("events"),
        streams: row.get("streams"),
        claims: row.get("claims"),
        answers: row.get("answers"),
    }
}

/// Each finds rows that break a promise.
const BROKEN: &[(&str, &str)] = &[
    (
        "positions of a shard are 1..n",
        "select shard from event group by shard having min(position) <> 1 or max(position) <> count(*)",
    ),
    (
        "versions of a stream are 1..n",
        "select stream_id from event group by stream_id having min(version) <> 1 or max(version) <> count(*)",
    ),
    (
        "versions and positions agree",
        "select stream_id from (select stream_id, version,
             lag(version) over (partition by stream_id order by shard, position) as before from event) e
          where version <> coalesce(before, 0) + 1",
    ),
    (
        "a stream lives in one shard",
        "select stream_id from event group by stream_id having count(distinct shard) > 1",
    ),
    (
        "the recorded time never goes back",
        "select shard from (select shard, recorded_at,
             lag(recorded_at) over (partition by shard order by position) as before from event) e
          where recorded_at < before",
    ),
    (
        "heads stand at the last event",
        "select h.shard from shard_head h left join event e on e.shard = h.shard and e.position = h.position
          where h.position <> (select count(*) from event where event.shard = h.shard)
             or (h.position > 0 and h.last_event_id is distinct from e.event_id)",
    ),
    (
        "streams stand at their last version",
        "select coalesce(s.stream_id, e.stream_id) from stream s full join
             (select stream_id, max(version) as version from event group by stream_id) e using (stream_id)
          where s.version is distinct from e.version",
    ),
    (
        "no event id stands twice",
        "select event_id from event group by event_id having count(*) > 1",
    ),
    (
        "an answer of success names a version that exists",
        "select encode(key, 'hex') from idempotency i where status < 300 and not exists
             (select 1 from stream s where s.stream_id = i.stream_id and s.version >= i.version)",
    ),
    (
        "the relay is never ahead of the log",
        "select p.shard from relay_progress p join shard_head h using (shard) where p.position > h.position",
    ),
    (
        "an answer is no further than its shard",
        "select i.shard from idempotency i join shard_head h using (shard) where i.position > h.position",
    ),
    (
        "a shard is in the newest of its epochs",
        "select h.shard from shard_head h where h.epoch <> (select max(e.epoch) from store_epoch e where e.shard = h.shard)",
    ),
    (
        "every claim has an owner",
        "select owner from claim where not exists (select 1 from stream where stream_id = owner)",
    ),
];

/// Every promise that is broken, and in how many places.
///
/// # Panics
/// When the store cannot be read.
pub async fn findings(connection: &mut PgConnection) -> Vec<String> {
    let mut found = Vec::new();
    for (promise, broken) in BROKEN {
        let rows = sqlx::query(*broken)
            .fetch_all(&mut *connection)
            .await
            .expect(promise);
        if !rows.is_empty() {
            found.push(format!("broken: {promise}, in {} places", rows.len()));
        }
    }
    found
}

/// # Panics
/// With the promises that are broken.
pub async fn check_store(pool: &PgPool) {
    let mut connection = pool.acquire().await.expect("a connection");
    let found = findings(&mut connection).await;
    assert!(found.is_empty(), "{found:#?}");
}
