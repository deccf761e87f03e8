//! Fills the store by SQL with whole lives of orders: for each a copy of all events of an order that its customer really
//! has, placed some time within three months. What is personal in them is in plain: it is sealed for one event only.

use orderfold_stack::{Result, progress::Step};

use super::in_chunks;
use crate::stage::Stage;

const CHUNK: u64 = 2_000;

/// A chunk's orders are all placed before the first of them is paid, and so on: no event of an order lies beside
/// another. 7919 is prime, so that orders that follow one another are spread over all of the 90 days.
const LIVES: &str = "
with life as materialized (
    select place, shard, stream_id, version, customer_id, type, actor, traceparent,
           case when data ? 'personal' then jsonb_set(data, '{personal}', $4::jsonb) else data end::text as data,
           data ->> 'placed_at' as placed_at, date_trunc('milliseconds', clock_timestamp()) as now
      from (select place, e.shard, e.stream_id, version, customer_id, type, actor, traceparent,
                   convert_from(e.data, 'UTF8')::jsonb as data
              from unnest($1::text[]) with ordinality template (stream_id, place) join event e using (stream_id)) given),
orders as materialized (
    select n, 1 + n % cardinality($1::text[]) as place, uuidv7() as order_id,
           timestamptz '2026-01-01 00:00:00Z' + n * 7919 % 129600 * interval '1 minute' as placed_at
      from generate_series($2::bigint + 1, $2 + $3) n),
made as materialized (
    select life.*, order_id, orders.placed_at as at, uuidv7() as event_id,
           position + row_number() over (partition by life.shard order by version, n) as position
      from orders join life using (place) join shard_head using (shard)),
events as (
    insert into event (shard, position, stream_id, version, event_id, customer_id, type, occurred_at, recorded_at,
                       correlation_id, causation_id, actor, traceparent, data)
    select shard, position, 'order-' || order_id, version, event_id, customer_id, type,
           at + (version - 1) * interval '1 hour', now, event_id, event_id, actor, traceparent,
           convert_to(replace(replace(data, substr(stream_id, 7), order_id::text), placed_at,
                              to_char(at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')), 'UTF8')
      from made),
streams as (
    insert into stream (stream_id, shard, version, last_event_id)
    select 'order-' || order_id, shard, max(version), (array_agg(event_id order by version desc))[1]
      from made group by order_id, shard)
update shard_head h set position = last.position, last_event_id = last.event_id, last_recorded_at = last.now
  from (select distinct on (shard) shard, position, event_id, now from made order by shard, position desc) last
 where h.shard = last.shard";

/// Of a placed order, the only event of such a life that holds anything personal.
const PERSONAL: &str = r#"{"plain": {
    "ship_to": {"name": "Claire Gute", "company": null, "line1": "1 Main St", "line2": null, "city": "Henderson",
                "region": "KY", "postal_code": "42420", "country": "US", "phone": null, "phone_e164": null, "tax_id": null},
    "bill_to": {"name": "Claire Gute", "company": null, "line1": "1 Main St", "line2": null, "city": "Henderson",
                "region": "KY", "postal_code": "42420", "country": "US", "phone": null, "phone_e164": null, "tax_id": null},
    "contact": {"name": "Claire Gute", "email": null, "phone": null, "phone_e164": null}}}"#;

/// The moments between which all of them are placed, as reports take them.
pub const PLACED_FROM: &str = "2026-01-01";
pub const PLACED_TO: &str = "2026-04-01";

/// Adds orders that live as the templates did, which are streams, in turn.
///
/// # Errors
/// When the store refuses.
pub async fn lives(
    stage: &Stage,
    templates: &[String],
    (before, count): (u64, u64),
    step: &Step,
) -> Result<()> {
    in_chunks(
        stage,
        (count, CHUNK),
        step,
        async |transaction, done, chunk| {
            sqlx::query(LIVES)
                .bind(templates)
                .bind(i64::try_from(before + done).unwrap_or(i64::MAX))
                .bind(i64::try_from(chunk).unwrap_or(i64::MAX))
                .bind(PERSONAL)
                .execute(transaction)
                .await
        },
    )
    .await
}

#[cfg(test)]
mod tests {
    use orderfold_events::order::OrderEvent;
    use serde_json::Value;

    use super::*;

    const PLACED: &str =
        include_str!("../../../../shared-events/golden/events/orderfold.order.placed.v1.json");

    #[test]
    fn a_copy_in_plain_is_an_event_of_the_contract() {
        let mut placed: Value = serde_json::from_str(PLACED).unwrap();
        placed["personal"] = serde_json::from_str(PERSONAL).unwrap();
        let event = OrderEvent::decode("orderfold.order.placed.v1", placed.to_string().as_bytes());
        assert!(event.is_ok(), "{event:?}");
    }
}
