//! Several replicas on one database: they join, leave and die, and readers ask any of them.

use std::time::Duration;

use orderfold_events::{ConsistencyToken, Coordinate, Epoch, Shard};
use query_service::{
    progress::{Freshness, Wait},
    projections::ReadModel,
};
use tokio::time::Instant;

use crate::{
    history::History,
    world::{SHARDS, World},
};

/// Some more business in every shard.
fn trade(history: &mut History) {
    for shard in 0..SHARDS {
        let customer = history.register_in(Shard(shard));
        for units in 1..8 {
            let order = history.place(customer, &[(units, 1000), (1, 250)]);
            history.pay(order, units * 500);
            history.ship(order, 1);
            history.cancel(order, 1);
        }
    }
}

async fn record_and_publish(world: &World) {
    let ((), events) = world.record(trade);
    world.publish(&events).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_join_and_leave_lose_nothing_and_repeat_nothing() {
    let world = World::new().await;
    let first = world.replica();
    record_and_publish(&world).await;
    let second = world.replica();
    record_and_publish(&world).await;
    // Both work now: neither has all shards.
    first
        .wait_until("shards to move", |first| {
            (1..usize::from(SHARDS)).contains(&first.shards())
                && (1..usize::from(SHARDS)).contains(&second.shards())
        })
        .await;
    record_and_publish(&world).await;
    let third = world.replica();
    record_and_publish(&world).await;
    first.stop().await;
    record_and_publish(&world).await;
    world.settle().await;
    second.stop().await;
    record_and_publish(&world).await;
    world.settle().await;
    third.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_are_killed_at_any_moment_leave_exact_documents() {
    let world = World::new().await;
    for round in 0..6 {
        let ((), events) = world.record(trade);
        let replica = world.replica();
        let reached = world.heads()[&Shard(round)];
        for events in events.chunks(20) {
            world.publish(events).await;
        }
        // Somewhere in the middle: one projection has got to the end of one shard.
        let read_model = ReadModel::ALL[usize::from(round) % ReadModel::ALL.len()];
        let token = ConsistencyToken::from(Coordinate {
            epoch: Epoch::FIRST,
            shard: Shard(round),
            position: reached,
        });
        let deadline = Instant::now() + Duration::from_mins(1);
        replica
            .progress
            .wait_for(&[read_model], &token, deadline)
            .await;
        replica.kill().await;
    }
    let replica = world.replica();
    world.settle().await;
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_consumers_that_both_hold_a_shard_do_not_write_twice() {
    let world = World::new().await;
    let one = world.replica();
    // Another group gets every shard as well: as a zombie that has not noticed yet.
    let zombie = world.zombie();
    for _ in 0..3 {
        record_and_publish(&world).await;
    }
    world.settle().await;
    one.stop().await;
    record_and_publish(&world).await;
    world.settle().await;
    zombie.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_waits_on_a_replica_that_owns_no_shard() {
    let world = World::new().await;
    let working = world.replica();
    let idle = world.watcher();
    let ((), events) = world.record(trade);
    let last = events.last().unwrap().envelope.coordinate;
    let token = ConsistencyToken::from(last);
    let past = Instant::now();
    assert_ne!(
        idle.progress.wait_for(ReadModel::ALL, &token, past).await,
        Wait::Reached
    );

    let deadline = Instant::now() + Duration::from_mins(1);
    let (outcome, ()) = tokio::join!(
        idle.progress.wait_for(ReadModel::ALL, &token, deadline),
        world.publish(&events)
    );
    assert_eq!(outcome, Wait::Reached);
    world.settle().await;
    idle.wait_until("no lag", |idle| {
        let Freshness {
            lag_events, as_of, ..
        } = idle.progress.freshness(ReadModel::ALL);
        lag_events == Some(0) && as_of.is_some()
    })
    .await;
    working.stop().await;
    idle.stop().await;
}
