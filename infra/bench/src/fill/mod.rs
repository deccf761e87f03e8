//! Fills the store by SQL, with the rows that placing orders would have written: copies of one placed order, each with
//! ids of its own, in the shards of its customers, gapless behind the heads.

mod lives;

use orderfold_stack::{Result, progress::Step};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection, postgres::PgQueryResult};
use uuid::Uuid;

use crate::stage::{Stage, store_error};

pub use lives::{PLACED_FROM, PLACED_TO, lives};

const CHUNK: u64 = 10_000;

const PLACED: &str = "
with template as materialized (
    select e.stream_id, e.customer_id, e.type, e.actor, e.traceparent, convert_from(e.data, 'UTF8') as data,
           i.fingerprint, i.status, i.body, date_trunc('milliseconds', clock_timestamp()) as now
      from event e join idempotency i on i.stream_id = e.stream_id and i.version = 1
     where e.type = 'orderfold.order.placed.v1' limit 1),
made as materialized (
    select n, customer, h.shard, uuidv7() as order_id, uuidv7() as event_id,
           h.position + row_number() over (partition by h.shard order by n) as position
      from (select n, ($2)[1 + n % cardinality($2)] as customer, ($3)[1 + n % cardinality($3)] as shard
              from generate_series(1, $1) n) given
      join shard_head h on h.shard = given.shard),
events as (
    insert into event (shard, position, stream_id, version, event_id, customer_id, type, occurred_at, recorded_at,
                       correlation_id, causation_id, actor, traceparent, data)
    select shard, position, 'order-' || order_id, 1, event_id, customer, type, now, now, event_id, event_id, actor,
           traceparent,
           convert_to(replace(replace(data, substr(stream_id, 7), order_id::text), customer_id::text, customer::text),
                      'UTF8')
      from made, template),
streams as (
    insert into stream (stream_id, shard, version, last_event_id)
    select 'order-' || order_id, shard, 1, event_id from made),
answers as (
    insert into idempotency (key, fingerprint, internal, status, body, stream_id, version, epoch, shard, position,
                             created_at)
    select sha256(uuid_send(event_id)), fingerprint, false, status, body, 'order-' || order_id, 1, 1, shard, position,
           now
      from made, template)
update shard_head h set position = last.position, last_event_id = last.event_id, last_recorded_at = template.now
  from template, (select distinct on (shard) shard, position, event_id from made order by shard, position desc) last
 where h.shard = last.shard";

const NOTES: &str = "
with stood as materialized (
    select s.stream_id, s.version, h.shard, h.position, e.customer_id, e.actor, e.traceparent,
           date_trunc('milliseconds', clock_timestamp()) as now
      from stream s join shard_head h on h.shard = s.shard
      join event e on e.stream_id = s.stream_id and e.version = 1
     where s.stream_id = $1),
made as materialized (
    select n, uuidv7() as event_id from generate_series(1, $2) n),
last as (
    select event_id from made order by n desc limit 1),
events as (
    insert into event (shard, position, stream_id, version, event_id, customer_id, type, occurred_at, recorded_at,
                       correlation_id, causation_id, actor, traceparent, data)
    select shard, position + n, stream_id, version + n, event_id, customer_id, 'orderfold.order.note_added.v1', now, now,
           event_id, event_id, actor, traceparent, $3
      from made, stood),
streams as (
    update stream set version = stood.version + $2, last_event_id = last.event_id
      from stood, last where stream.stream_id = stood.stream_id)
update shard_head h set position = h.position + $2, last_recorded_at = stood.now, last_event_id = last.event_id
  from stood, last where h.shard = stood.shard";

/// # Errors
/// When the store refuses.
pub async fn orders(stage: &Stage, count: u64, step: &Step) -> Result<()> {
    let customers: Vec<Uuid> = stage.customers.iter().map(|customer| customer.id).collect();
    let shards: Vec<i32> = stage
        .customers
        .iter()
        .map(|customer| customer.shard)
        .collect();
    in_chunks(
        stage,
        (count, CHUNK),
        step,
        async |transaction, _, chunk| {
            sqlx::query(AssertSqlSafe(typed(PLACED)))
                .bind(i32::try_from(chunk).unwrap_or(i32::MAX))
                .bind(&customers)
                .bind(&shards)
                .execute(transaction)
                .await
        },
    )
    .await
}

/// Fills in transactions of at most so many orders each. `fill` is told how many there are already, and how many to add.
async fn in_chunks(
    stage: &Stage,
    (count, chunk_max): (u64, u64),
    step: &Step,
    fill: impl AsyncFn(&mut PgConnection, u64, u64) -> sqlx::Result<PgQueryResult>,
) -> Result<()> {
    let mut done = 0;
    while done < count {
        let chunk = chunk_max.min(count - done);
        let made = async {
            let mut transaction = stage.store.begin().await?;
            lock_heads(&mut transaction).await?;
            fill(&mut transaction, done, chunk).await?;
            transaction.commit().await
        };
        made.await.map_err(store_error)?;
        done += chunk;
        step.set(done);
    }
    settle(stage).await
}

/// Adds notes to an order until its stream holds so many events.
///
/// # Errors
/// When the store refuses.
pub async fn notes(stage: &Stage, order: Uuid, events: u32) -> Result<()> {
    let stream = format!("order-{order}");
    let made = async {
        let placed: String = sqlx::query_scalar(
            "select convert_from(data, 'UTF8') from event where stream_id = $1 and version = 1",
        )
        .bind(&stream)
        .fetch_one(&stage.store)
        .await?;
        let version: i32 = sqlx::query_scalar("select version from stream where stream_id = $1")
            .bind(&stream)
            .fetch_one(&stage.store)
            .await?;
        let missing = i32::try_from(events).unwrap_or(i32::MAX) - version;
        let mut transaction = stage.store.begin().await?;
        lock_heads(&mut transaction).await?;
        sqlx::query(NOTES)
            .bind(&stream)
            .bind(missing)
            .bind(note(&placed).into_bytes())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    };
    made.await.map_err(store_error)?;
    settle(stage).await
}

/// As the append does: whoever numbers in a shard holds its head.
async fn lock_heads(connection: &mut PgConnection) -> std::result::Result<(), sqlx::Error> {
    sqlx::query("select 1 from shard_head order by shard for update")
        .execute(connection)
        .await?;
    Ok(())
}

/// What autovacuum would have done by the time that so much was written one by one.
async fn settle(stage: &Stage) -> Result<()> {
    sqlx::query("vacuum analyze")
        .execute(&stage.store)
        .await
        .map_err(store_error)?;
    Ok(())
}

fn typed(statement: &str) -> String {
    statement
        .replace("$2", "$2::uuid[]")
        .replace("$3", "$3::int[]")
}

/// A note on an order, made of the event that placed it: the same summary, and nothing changed.
fn note(placed: &str) -> String {
    let mut event: Value = serde_json::from_str(placed).unwrap_or_default();
    if let Some(members) = event.as_object_mut() {
        for member in [
            "lines",
            "adjustments",
            "tags",
            "metadata",
            "digital",
            "prices_include_tax",
            "due_on",
            "reference",
            "customer_reference",
        ] {
            members.remove(member);
        }
        members.insert(
            "personal".to_owned(),
            json!({"plain": {"note": "called, will call again"}}),
        );
    }
    if let Some(change) = event["change"].as_object_mut() {
        for (_, figure) in change.iter_mut() {
            *figure = if figure.is_array() {
                json!([])
            } else {
                json!(0)
            };
        }
    }
    event.to_string()
}

#[cfg(test)]
mod tests {
    use orderfold_events::order::OrderEvent;

    use super::*;

    const PLACED: &str =
        include_str!("../../../../shared-events/golden/events/orderfold.order.placed.v1.json");

    #[test]
    fn a_note_made_of_a_placed_order_is_an_event_of_the_contract() {
        let note = note(PLACED);
        let event = OrderEvent::decode("orderfold.order.note_added.v1", note.as_bytes());
        assert!(event.is_ok(), "{event:?}");
        let change: Value = serde_json::from_str::<Value>(&note).unwrap()["change"].take();
        assert_eq!(change["total_sales"], 0);
        assert_eq!(change["lines"], json!([]));
    }
}
