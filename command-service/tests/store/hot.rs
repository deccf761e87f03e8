//! Decisions that are made on others before those are stored: they fill batches, and none stands on what dropped out.

use command_service::event_sourcing::{Outcome, StoreError};
use futures::future::join_all;
use tokio::time::Instant;

use crate::{
    chain::{Chain, link, prove_chain, settle_link},
    counted::Counted,
    submissions::{Varied, email, order},
    world::{World, accepted, soon},
};

#[tokio::test]
async fn decisions_about_one_stream_are_made_on_each_other_and_stored_together() {
    let world = World::new().await;
    let customer = world.customer(0);
    let stream = customer.stream();
    let held = world.hold(0).await;
    let plug = world.customer(0);
    let plugged = world.store.submit(plug.registers(), soon());
    let rest = async {
        world.somebody_waits_for(&held).await;
        let links = (0..50).map(|_| settle_link(&world.store, customer, stream));
        let mut links = Box::pin(join_all(links));
        let deadline = soon();
        while world.store.load::<Chain>(stream).await.unwrap().version.0 < 50 {
            assert!(
                futures::poll!(&mut links).is_pending(),
                "nothing is stored yet"
            );
            assert!(Instant::now() < deadline, "they wait for each other");
            tokio::task::yield_now().await;
        }
        held.release().await;
        links.await
    };
    let (plugged, outcomes) = tokio::join!(plugged, rest);
    assert!(accepted(&plugged));
    for outcome in outcomes {
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    }
    let calls = world
        .count("select count(distinct xmin::text) from event where stream_id like 'customer-%' and version > 1")
        .await;
    assert_eq!(calls, 1, "one call for all of them");
    prove_chain(&world, stream, 50).await;
}

#[tokio::test]
async fn what_was_decided_on_one_that_drops_out_is_decided_again_though_another_took_its_version() {
    let world = World::new().await;
    let other = world.replica();
    let customer = world.customer(0);
    let stream = customer.stream();
    assert!(matches!(
        settle_link(&world.store, customer, stream).await,
        Outcome::Accepted { .. }
    ));
    // Another replica is first in line for the next version; here two are decided, one on the other.
    let held = world.hold(0).await;
    let first = settle_link(&other, customer, stream);
    let rest = async {
        world.somebody_waits_for(&held).await;
        let links = (0..2).map(|_| settle_link(&world.store, customer, stream));
        let mut links = Box::pin(join_all(links));
        let deadline = soon();
        while world.store.load::<Chain>(stream).await.unwrap().version.0 < 3 {
            assert!(
                futures::poll!(&mut links).is_pending(),
                "nothing is stored yet"
            );
            assert!(Instant::now() < deadline, "they wait for each other");
            tokio::task::yield_now().await;
        }
        held.release().await;
        links.await
    };
    let (first, links) = tokio::join!(first, rest);
    for outcome in links.iter().chain([&first]) {
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
    }
    prove_chain(&world, stream, 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_decision_of_three_replicas_stands_on_what_it_saw() {
    let world = World::new().await;
    let customer = world.customer(0);
    let stream = customer.stream();
    let address = email("a@example.com");
    assert!(accepted(
        &world
            .store
            .submit(world.customer(0).registers().taking(address), soon())
            .await
    ));
    let replicas = [world.store.clone(), world.replica(), world.replica()];
    let tasks = (0..24).map(|n| {
        let store = replicas[n % 3].clone();
        tokio::spawn(async move {
            for round in 0..10 {
                let outcome = settle_link(&store, customer, stream).await;
                assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}");
                if round % 3 == n % 3 {
                    // One that always drops out, with others on top of it.
                    let attempt = async || {
                        let link = link(&store, customer, stream).await?;
                        Ok::<_, StoreError>(((), link.taking(address)))
                    };
                    let outcome = store.settle(stream, soon(), attempt).await.unwrap().1;
                    assert!(matches!(outcome, Outcome::Taken { .. }), "{outcome:?}");
                }
            }
        })
    });
    for task in join_all(tasks).await {
        task.unwrap();
    }
    prove_chain(&world, stream, 240).await;
}

#[tokio::test]
async fn what_another_replica_has_stored_is_seen_by_the_next_decision_and_what_did_not_exist_at_once()
 {
    let world = World::new().await;
    let other = world.replica();
    let customer = world.customer(0);
    let stream = customer.stream();
    let absent = world.store.load::<Chain>(stream).await.unwrap();
    assert_eq!(absent.version.0, 0);
    settle_link(&other, customer, stream).await;
    let present = world.store.load::<Chain>(stream).await.unwrap();
    assert_eq!(present.version.0, 1, "its absence was not kept");
    settle_link(&other, customer, stream).await;
    settle_link(&world.store, customer, stream).await;
    prove_chain(&world, stream, 3).await;
}

#[tokio::test]
async fn a_hot_stream_is_what_its_events_fold_into() {
    let world = World::new().await;
    let (customer, order) = (world.customer(0), order());
    for n in 0..5_usize {
        let attempt = async || {
            let seen = world.store.load::<Counted>(order).await?;
            assert_eq!(seen.state.events, 2 * n);
            let mut submission = customer.appends(order, seen.version.0);
            submission.events.push(customer.event(order));
            Ok::<_, StoreError>(((), submission))
        };
        world.store.settle(order, soon(), attempt).await.unwrap();
    }
    let hot = world.store.load::<Counted>(order).await.unwrap();
    let cold = world.replica().load::<Counted>(order).await.unwrap();
    assert_eq!((hot.version, hot.state), (cold.version, cold.state));
    world.prove().await;
}
