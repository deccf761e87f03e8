//! The checker itself: bugs are seeded into the store, one at a time in a transaction that never commits, and each has
//! to be found.

use orderfold_system_tests::{checker, journal::Journal};
use sqlx::{Connection, PgConnection};

use crate::world::World;

/// What the bug is, the statements that seed it, and a part of what is found.
const SEEDED: &[(&str, &str, &str)] = &[
    (
        "a dropped event",
        "delete from event where (shard, position) in
             (select shard, min(position) from event group by shard having count(*) > 2 limit 1)",
        "positions of a shard are 1..n",
    ),
    (
        "a dropped last event",
        "delete from event where (shard, position) in (select shard, max(position) from event group by shard limit 1)",
        "heads stand at the last event",
    ),
    (
        "a doubled event",
        "alter table event drop constraint event_stream_version;
         insert into event select shard, (select max(position) + 1 from event l where l.shard = e.shard), stream_id,
                version, event_id, customer_id, type, occurred_at, recorded_at, correlation_id, causation_id, actor,
                traceparent, data from event e limit 1",
        "no event id stands twice",
    ),
    (
        "a swapped pair",
        "alter table event drop constraint event_pkey;
         with pair as (select a.shard, a.position as first, b.position as second
                         from event a join event b on b.stream_id = a.stream_id and b.version = a.version + 1 limit 1)
         update event e set position = case e.position when first then second else first end
           from pair where e.shard = pair.shard and e.position in (first, second)",
        "versions and positions agree",
    ),
    (
        "a reissued position",
        "alter table event drop constraint event_pkey;
         insert into event select shard, position, 'order-reissued', 1, gen_random_uuid(), customer_id, type,
                occurred_at, recorded_at, correlation_id, causation_id, actor, traceparent, data from event e limit 1",
        "positions of a shard are 1..n",
    ),
    (
        "a relay that is ahead",
        "update relay_progress set position = position + 1000",
        "the relay is never ahead",
    ),
    (
        "an answer about what never was",
        "update idempotency set version = version + 1000 where status < 300",
        "an answer of success names a version that exists",
    ),
];

pub async fn every_seeded_bug_is_found(world: &World, journal: &Journal) {
    let url = &world.shop.stack.backends().database_url;
    for (bug, seeding, promise) in SEEDED {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql("begin")
            .execute(&mut connection)
            .await
            .unwrap();
        sqlx::raw_sql(*seeding)
            .execute(&mut connection)
            .await
            .expect(bug);
        let found = checker::findings(&mut connection).await.join("; ");
        assert!(found.contains(promise), "{bug} is not found: {found}");
        connection.close().await.unwrap();
    }
    an_event_that_is_lost_without_a_trace_is_missed_by_its_caller(world, journal).await;
}

/// The whole store agrees that it never was; only whoever was told of it knows better.
async fn an_event_that_is_lost_without_a_trace_is_missed_by_its_caller(
    world: &World,
    journal: &Journal,
) {
    let order = journal
        .settle(&world.replicas, world.order(0))
        .await
        .expect(201);
    world.drained().await;
    for unit in [0, 1] {
        world.command(unit).stop().await.unwrap();
    }
    let stream = format!("order-{}", order.json()["order_id"].as_str().unwrap());
    sqlx::query("delete from event where stream_id = $1")
        .bind(stream)
        .execute(&world.pool)
        .await
        .unwrap();
    let found = journal.findings(&world.pool).await.join("; ");
    assert!(found.contains("took effect 0 times"), "{found}");
    assert!(found.contains("lacks"), "{found}");
}
