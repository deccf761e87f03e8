//! A log that cannot be followed, and databases that belong to something else.

use orderfold_events::{Epoch, Position, Shard, internal::EpochStart};
use query_service::projections::ReadModel;
use uuid::Uuid;

use crate::{
    expected::assert_exact,
    history::Recorded,
    world::{World, ZONE},
};

const POISONED: Shard = Shard(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_only_kafka_garbled_is_taken_from_the_store() {
    let world = World::new().await;
    let replica = world.replica();
    let ((), events) = world.record(|history| {
        let customer = history.register_in(POISONED);
        history.place(customer, &[(3, 1000)]);
    });
    let mut garbled = events.clone();
    garbled[1].data = b"{\"order_id\": 1".to_vec();
    world.publish(&garbled).await;
    world.settle().await;
    assert!(
        replica.health.problems().is_empty(),
        "{:?}",
        replica.health.problems()
    );
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_the_store_does_not_have_halts_its_shard() {
    let world = World::new().await;
    let replica = world.replica();
    let (order, events) = world.record(|history| {
        let customer = history.register_in(POISONED);
        history.place(customer, &[(3, 1000)])
    });
    world.publish(&events).await;
    world.settle().await;
    let mut invented: Vec<Recorded> = world.history_ahead(|history| {
        history.confirm(order);
        history.pay(order, 3000);
    });
    world.publish(&invented.split_off(1)).await;
    replica
        .wait_until("six halts", |replica| {
            replica.health.halted().len() == ReadModel::ALL.len()
        })
        .await;
    assert_exact(&world.database, &world.history()).await;
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_neither_kafka_nor_the_feed_gives_halts_its_shard_behind_what_is_before_it() {
    let world = World::new().await;
    let ((), mut events) = world.record(|history| {
        let customer = history.register_in(POISONED);
        let order = history.place(customer, &[(3, 1000)]);
        history.confirm(order);
        history.pay(order, 3000);
    });
    world.store.lock().unwrap().garbled = Some(events[2].envelope.event_id);
    world.publish(&events.split_off(3)).await;
    let replica = world.replica();
    replica
        .wait_until("six halts", |replica| {
            replica.health.halted().len() == ReadModel::ALL.len()
        })
        .await;
    for (_, shard, halt) in replica.health.halted() {
        assert_eq!((shard, halt.position), (POISONED, Position(3)));
    }
    world
        .wait_for_positions("what is before it", |_, shard, position| {
            position == Position(if shard == POISONED { 2 } else { 0 })
        })
        .await;
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_was_forked_below_what_is_folded_halts_the_shard() {
    let world = World::new().await;
    let replica = world.replica();
    let ((), events) = world.record(|history| {
        let customer = history.register_in(POISONED);
        history.place(customer, &[(3, 1000)]);
    });
    world.publish(&events).await;
    world.settle().await;
    world.store.lock().unwrap().forks.push(EpochStart {
        shard: POISONED,
        epoch: Epoch(2),
        from_position: Position(2),
    });
    replica
        .wait_until("six halts", |replica| {
            replica.health.halted().len() == ReadModel::ALL.len()
        })
        .await;
    assert!(replica.health.problems()[0].contains("rebuilt"));
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_another_store_or_zone_is_not_touched() {
    let world = World::new().await;
    let replica = world.replica();
    world.settle().await;
    replica.stop().await;

    let replica = world.replica_in(chrono_tz::UTC);
    replica
        .wait_until("the refusal of the zone", |replica| {
            replica.health.refusal().is_some()
        })
        .await;
    assert!(replica.health.problems()[0].contains("UTC"));
    replica.stop().await;

    world.store.lock().unwrap().id = Uuid::from_u128(2);
    let replica = world.replica_in(ZONE);
    replica
        .wait_until("the refusal of the store", |replica| {
            replica.health.refusal().is_some()
        })
        .await;
    assert!(!replica.health.is_running());
    replica.stop().await;
}
