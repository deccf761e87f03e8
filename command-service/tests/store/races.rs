//! Replicas that append to the same shards at the same time, and a reader that looks on.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use command_service::event_sourcing::EventStore;
use tokio::time::Instant;

use crate::{
    checker::broken_chains,
    submissions::{Customer, Varied, new_key, order},
    world::{LIMIT, SHARDS, World, accepted, position, soon},
};

/// Registers so many customers of these shards, several at a time.
async fn register(store: &EventStore, customers: Vec<Customer>) {
    let all = customers
        .into_iter()
        .map(|customer| store.submit(customer.registers(), soon()));
    for fate in futures::future::join_all(all).await {
        assert!(accepted(&fate), "{fate:?}");
    }
}

/// PostgreSQL 18.1 skips rows in `update … from unnest(…)` that were changed while it waited for their lock.
#[tokio::test]
async fn no_head_stays_behind_when_replicas_wait_for_each_others_shards() {
    let world = World::new().await;
    let replicas = [world.store.clone(), world.replica()];
    for round in 0..25 {
        let held = world.hold(0).await;
        let batch = |n: u16| (0..6).map(|m| world.customer((n + m) % 2 * 2)).collect();
        let both = async {
            tokio::join!(
                register(&replicas[0], batch(0)),
                register(&replicas[1], batch(1))
            );
        };
        tokio::join!(both, async {
            both_wait(&world).await;
            held.release().await;
        });
        assert_eq!(
            world.count("select count(*) from event").await,
            (round + 1) * 12
        );
        world.prove().await;
    }
}

async fn both_wait(world: &World) {
    let deadline = Instant::now() + LIMIT;
    let waiting = "select count(*) from pg_stat_activity
                    where datname = current_database() and wait_event_type = 'Lock'";
    while world.count(waiting).await < 2 {
        assert!(Instant::now() < deadline, "they do not wait");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_never_sees_a_later_position_before_an_earlier_one() {
    let world = Arc::new(World::new().await);
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (world, done) = (world.clone(), done.clone());
        async move {
            let mut seen = [0; SHARDS as usize];
            while !done.load(Ordering::Relaxed) {
                for shard in 0..SHARDS {
                    let feed = world.feed(shard).await;
                    assert_eq!(broken_chains(&feed), Vec::<String>::new());
                    let before = std::mem::replace(&mut seen[usize::from(shard)], feed.len());
                    assert!(before <= feed.len(), "the end of a shard went back");
                }
            }
        }
    });
    let appending = [world.store.clone(), world.replica()].map(|store| {
        let world = world.clone();
        tokio::spawn(async move {
            for round in 0..25 {
                let customers = (0..8).map(|n| world.customer((n + round) % SHARDS));
                register(&store, customers.collect()).await;
            }
        })
    });
    for task in appending {
        task.await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    reader.await.unwrap();
    assert_eq!(world.count("select count(*) from event").await, 2 * 25 * 8);
    world.prove().await;
}

#[tokio::test]
async fn an_append_that_is_held_back_holds_its_shard_back_and_no_other() {
    let world = World::new().await;
    let (other_replica, key) = (world.replica(), new_key());
    let (slow, behind, elsewhere) = (world.customer(0), world.customer(0), world.customer(1));
    // The key is somebody's who has not committed: the append has its positions by then, and waits.
    let mut held = world.hold(3).await;
    held.use_key(key).await;
    let appending = world.store.submit(slow.registers().under(key), soon());
    let waiting = async {
        world.somebody_waits_for(&held).await;
        let fate = other_replica.submit(elsewhere.registers(), soon()).await;
        assert_eq!(position(&fate), 1);
        let mut next = Box::pin(other_replica.submit(behind.registers(), soon()));
        let entered = futures::poll!(&mut next);
        assert!(entered.is_pending(), "it did not wait: {entered:?}");
        both_wait(&world).await;
        assert!(world.feed(0).await.is_empty());
        assert_eq!(world.feed(1).await.len(), 1);
        held.abandon().await;
        next.await
    };
    let (first, second) = tokio::join!(appending, waiting);
    assert_eq!((position(&first), position(&second)), (1, 2));
    world.prove().await;
}

#[tokio::test]
async fn commands_of_one_stream_at_two_replicas_leave_no_version_out() {
    let world = World::new().await;
    let replicas = [world.store.clone(), world.replica()];
    let (customer, order) = (world.customer(0), order());
    for seen in 0..50 {
        let (first, second) = tokio::join!(
            replicas[0].submit(customer.appends(order, seen), soon()),
            replicas[1].submit(customer.appends(order, seen), soon()),
        );
        let both = [first, second];
        let number = both.iter().filter(|fate| accepted(fate)).count();
        assert_eq!(number, 1, "{both:?}");
    }
    world.prove().await;
}
