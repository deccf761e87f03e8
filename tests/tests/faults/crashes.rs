//! One system through every crash: they share it, and take turns.

use futures::future::join_all;
use orderfold_stack::{
    State,
    process::{Identity, Signal},
};
use orderfold_system_tests::{journal::Journal, views::Checkpoints};
use sqlx::Connection;

use crate::{
    proxy::Proxy,
    seeded,
    world::{World, kill_and_start, until},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_crash_loses_or_doubles_what_was_acknowledged() {
    let world = World::open().await;
    let journal = Journal::default();
    let checkpoints = Checkpoints::watch(world.shop.stack.backends().mongodb_uri.clone());
    world.trade(&journal, 12).await;
    world.prove(&[&journal]).await;

    killed_before_the_commit(&world, &journal).await;
    cut_off_after_the_commit(&world, &journal).await;
    world.prove(&[&journal]).await;
    relay_killed_before_it_wrote_down_its_progress(&world, &journal).await;
    world.prove(&[&journal]).await;
    relay_frozen_beyond_its_lease(&world, &journal).await;
    world.prove(&[&journal]).await;
    database_shut_down_at_once(&world, &journal).await;
    kill_and_start(world.shop.stack.query(0).unwrap()).await;
    world.prove(&[&journal]).await;
    brokers_away_for_a_while(&world, &journal).await;
    world.prove(&[&journal]).await;

    world.prove_answers(&journal).await;
    let moved = checkpoints.findings().await;
    assert!(moved.is_empty(), "{moved:#?}");
    seeded::every_seeded_bug_is_found(&world, &journal).await;
}

/// A replica dies while its commands wait in the append. Some callers try again, others never learn what became of them.
async fn killed_before_the_commit(world: &World, journal: &Journal) {
    let mut held = world.hold("select 1 from shard_head for update").await;
    let process: i32 = sqlx::query_scalar("select pg_backend_pid()")
        .fetch_one(&mut held)
        .await
        .unwrap();
    let orders: Vec<_> = (0..8).map(|n| world.order(n)).collect();
    let sending = join_all(
        orders
            .iter()
            .map(|order| journal.send_once(&world.replicas[0], order.clone())),
    );
    let killing = async {
        until("an append waits", async || {
            let waiting = "select exists (select from pg_stat_activity where $1 = any (pg_blocking_pids(pid)))";
            let waits = sqlx::query_scalar(waiting).bind(process);
            waits.fetch_one(&world.pool).await.unwrap()
        })
        .await;
        world.command(0).kill().await.unwrap();
    };
    let (answers, ()) = tokio::join!(sending, killing);
    assert!(answers.iter().all(Option::is_none), "nobody was answered");
    sqlx::raw_sql("rollback").execute(&mut held).await.unwrap();
    held.close().await.unwrap();
    world.command(0).start().await.unwrap();
    for order in orders.into_iter().take(4) {
        journal.settle(&world.replicas, order).await.expect(201);
    }
}

/// The command took effect and its caller does not know.
async fn cut_off_after_the_commit(world: &World, journal: &Journal) {
    let proxy = Proxy::losing_an_answer_of(&world.shop.stack.command_urls()[1]).await;
    let through = world
        .shop
        .commands
        .at(&proxy.url, std::time::Duration::from_secs(20));
    let order = world.order(0);
    assert!(journal.send_once(&through, order.clone()).await.is_none());
    assert!(proxy.has_cut());
    let answer = journal.settle(&world.replicas, order).await.expect(201);
    assert_eq!(answer.header("idempotency-replayed"), "true");
}

/// Kafka has records that the relay's progress does not know of: they are sent again.
async fn relay_killed_before_it_wrote_down_its_progress(world: &World, journal: &Journal) {
    let leader = world.leader().await;
    let mut held = world.hold("select 1 from relay_progress for update").await;
    let before = world.records().len();
    world.trade(journal, 4).await;
    until("Kafka has records", async || world.records().len() > before).await;
    world.command(leader).kill().await.unwrap();
    // What it has asked the database for must not happen once it is dead.
    let waiting = "select pg_terminate_backend(pid) from pg_stat_activity where query like '%relay_progress r set%'
                      and wait_event_type = 'Lock'";
    sqlx::query(waiting).execute(&mut held).await.unwrap();
    sqlx::raw_sql("rollback").execute(&mut held).await.unwrap();
    held.close().await.unwrap();
    world.drained().await;
    let events = world.count("select count(*) from event").await;
    let records = i64::try_from(world.records().len()).unwrap();
    assert!(records > events, "what was on Kafka already came again");
    world.command(leader).start().await.unwrap();
}

/// Another replica takes over; the one that wakes up changes nothing.
async fn relay_frozen_beyond_its_lease(world: &World, journal: &Journal) {
    let frozen = world.command(world.leader().await);
    let epoch = "select epoch from relay_lease";
    let before = world.count(epoch).await;
    frozen.freeze().await.unwrap();
    world.trade(journal, 4).await;
    world.drained().await;
    let after = world.count(epoch).await;
    assert!(after > before, "another replica publishes");
    frozen.resume().await.unwrap();
    world.trade(journal, 4).await;
    world.drained().await;
    assert_eq!(world.count(epoch).await, after, "it does so still");
}

async fn database_shut_down_at_once(world: &World, journal: &Journal) {
    let postgres = world.shop.stack.postgres().unwrap();
    let shutting_down = async {
        let process = postgres.pid().and_then(Identity::of).unwrap();
        process.signal(Signal::QUIT);
        until("PostgreSQL is gone", async || {
            postgres.state() == State::Stopped
        })
        .await;
        postgres.start().await.unwrap();
    };
    tokio::join!(world.trade(journal, 12), shutting_down);
}

/// Commands go on, readiness warns, and the backlog arrives.
async fn brokers_away_for_a_while(world: &World, journal: &Journal) {
    for broker in world.shop.stack.brokers().unwrap() {
        broker.kill().await.unwrap();
    }
    world.trade(journal, 6).await;
    world
        .ready_when("readiness warns", 0, |status, body| {
            status == 200 && body["warnings"]["relay"].is_string()
        })
        .await;
    world.trade(journal, 6).await;
    for broker in world.shop.stack.brokers().unwrap() {
        broker.start().await.unwrap();
    }
    world.drained().await;
    world
        .ready_when("readiness is content", 0, |status, body| {
            status == 200 && body["warnings"]["relay"].is_null()
        })
        .await;
}
