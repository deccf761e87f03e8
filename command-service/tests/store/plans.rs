//! What the database reads to do its work: single rows by their keys, however many there are, and also where plans
//! were made while the tables were empty.

use command_service::event_sourcing::{Aggregate, TimerEffect};
use orderfold_events::DecodeError;
use sqlx::{Connection, PgConnection};
use tokio::time::Instant;

use crate::{
    submissions::{Customer, Varied, email, new_key, order},
    timers::{Timed, armed},
    world::{LIMIT, World, accepted, soon},
};

/// A hundred thousand events, with everything that belongs to them, in shard 3. It reads nothing itself.
const FILL: &str = "
    insert into event
    select 3, n, 'order-' || md5(n::text)::uuid, 1, md5(n::text)::uuid, md5(n::text)::uuid, 'test', now(), now(),
           md5(n::text)::uuid, md5(n::text)::uuid, 'test', null, '{}' from generate_series(1, 100000) n;
    insert into stream select 'order-' || md5(n::text)::uuid, 3, 1, md5(n::text)::uuid from generate_series(1, 100000) n;
    insert into timer select 'order-' || md5(n::text)::uuid, md5(n::text)::uuid, 'unpaid', now() + n * interval '1 hour', null
      from generate_series(1, 100000) n;
    insert into claim select 'customer_email', md5(n::text)::bytea, 'order-' || md5(n::text)::uuid
      from generate_series(1, 100000) n;
    insert into idempotency
    select md5(n::text)::bytea, '', n % 2 = 0, 200, '{}', 'order-' || md5(n::text)::uuid, 1, 1, 3, n,
           now() - n % 100 * interval '1 second' from generate_series(1, 100000) n;
    update shard_head set position = 100000, last_event_id = md5('100000')::uuid, last_recorded_at = now()
     where shard = 3";

/// Making an index counts as one reading of the table.
const SCANNED: &str = "select coalesce(string_agg(format('%s: %s', relname, seq_scan), ', '), '')
    from pg_stat_user_tables t
   where seq_scan > (select count(*) from pg_stat_user_indexes i where i.relid = t.relid)
     and relname in ('event', 'stream', 'timer', 'claim', 'idempotency')";

const ROWS_READ: &str =
    "select coalesce(string_agg(format('%s: %s', indexrelname, idx_tup_read), ', '), '')
    from pg_stat_user_indexes
   where idx_tup_read > 2000 and relname in ('event', 'stream', 'timer', 'claim', 'idempotency')";

#[tokio::test]
async fn nothing_reads_more_than_it_needs_where_there_are_many_events() {
    let world = World::new().await;
    let customer = world.customer(1);
    assert!(accepted(
        &world.store.submit(customer.registers(), soon()).await
    ));
    // Plans are kept after a few calls, and these are made for tables with next to nothing in them.
    work(&world, customer, 1).await;
    let mut filling = world.connection().await;
    sqlx::raw_sql(FILL).execute(&mut filling).await.unwrap();
    filling.close().await.unwrap();
    work(&world, customer, 21).await;

    let mut connection = world.connection().await;
    world.leave().await;
    alone(&mut connection).await;
    for (what, sql) in [
        ("tables read as a whole", SCANNED),
        ("rows of indexes read", ROWS_READ),
    ] {
        let found: String = sqlx::query_scalar(sql)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert!(found.is_empty(), "{what}: {found}");
    }
}

#[derive(Clone)]
struct Ignored;

impl Aggregate for Ignored {
    type Event = ();

    fn initial() -> Self {
        Self
    }

    fn evolve(self, (): &()) -> Self {
        self
    }

    fn decode(_: &str, _: &[u8]) -> Result<(), DecodeError> {
        Ok(())
    }
}

/// Everything that the service asks of the database, often enough that its plans stay.
async fn work(world: &World, customer: Customer, seen: u32) {
    for n in 0..20 {
        let key = new_key();
        let address = email(&format!("{}", seen + n));
        let appended = customer
            .appends(customer.stream(), seen + n)
            .also_reading(order(), 0);
        let effect = match n % 3 {
            0 => TimerEffect::Begins(Some(armed("unpaid"))),
            1 => TimerEffect::Follows(Some(armed("grace"))),
            _ => TimerEffect::Ends,
        };
        let appended = appended.timing(customer.stream(), effect);
        let appended = appended.under(key).taking(address);
        for _first_and_repeated in 0..2 {
            world.store.submit(appended.clone(), soon()).await.unwrap();
        }
        let taker = world.customer(1);
        world
            .store
            .submit(taker.registers().taking(address), soon())
            .await
            .unwrap();
        world
            .store
            .load::<Ignored>(customer.stream())
            .await
            .unwrap();
        world.store.find_answer(&key).await.unwrap().unwrap();
        world
            .store
            .find_claim(address.0, &address.1)
            .await
            .unwrap()
            .unwrap();
        world.ask_well("/internal/heads").await;
        world
            .ask_well("/internal/feed/3?after=50000&limit=10")
            .await;
        world
            .ask_well(&format!("/internal/feed/1?after={}&limit=10", seen + n))
            .await;
        assert_eq!(world.database.forget_answers().await.unwrap(), 0);
    }
}

/// Waits until nobody else is connected: what they have read is counted when they leave.
async fn alone(connection: &mut PgConnection) {
    let deadline = Instant::now() + LIMIT;
    let others = "select count(*) from pg_stat_activity
                   where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";
    while sqlx::query_scalar::<_, i64>(others)
        .fetch_one(&mut *connection)
        .await
        .unwrap()
        > 0
    {
        assert!(Instant::now() < deadline, "somebody stays connected");
        tokio::task::yield_now().await;
    }
}
