//! Hot streams where replies are cut, replicas die and time runs out: one key is one effect all the same.

use std::time::Duration;

use command_service::event_sourcing::{EventStore, Outcome, StoreError, Submission};
use orderfold_events::StreamId;
use tokio::time::Instant;

use crate::{
    chain::{Chain, link, settle_link},
    proxy::Proxy,
    submissions::{Customer, Varied, new_key, order},
    world::{World, accepted, soon},
};

/// A decision to add a link under a key.
async fn keyed_link(
    store: &EventStore,
    (customer, stream): (Customer, StreamId),
    key: [u8; 32],
) -> Result<((), Submission), StoreError> {
    Ok(((), link(store, customer, stream).await?.under(key)))
}

#[tokio::test]
async fn one_key_is_one_effect_across_replicas_whose_states_are_hot_and_whose_replies_are_cut() {
    let world = World::new().await;
    let proxy = Proxy::start(world.address()).await;
    let cut = world.replica_through(proxy.port);
    let customer = world.customer(0);
    let stream = customer.stream();
    settle_link(&cut, customer, stream).await;
    for round in 0_u32..12 {
        let key = new_key();
        let keyed = async |store: &EventStore| {
            let attempt = async || keyed_link(store, (customer, stream), key).await;
            store.settle(stream, soon(), attempt).await.unwrap().1
        };
        proxy.cut_next_reply();
        let behind = order();
        let (first, second, other) = tokio::join!(
            keyed(&cut),
            keyed(&world.store),
            // Decided on the first, and no repetition.
            settle_link(&cut, customer, stream),
        );
        let outcomes = [first, second];
        let effects = |outcome: &&Outcome| matches!(outcome, Outcome::Accepted { .. });
        assert!(outcomes.iter().filter(effects).count() <= 1, "{outcomes:?}");
        for outcome in outcomes {
            assert!(
                matches!(outcome, Outcome::Accepted { .. } | Outcome::Replayed(_)),
                "{outcome:?}"
            );
        }
        assert!(
            matches!(other, Outcome::Accepted { .. } | Outcome::Replayed(_)),
            "{other:?}"
        );
        assert!(!proxy.cuts(), "no reply was cut");
        assert!(accepted(
            &cut.submit(customer.appends(behind, 0), soon()).await
        ));
        let links = world.replica().load::<Chain>(stream).await.unwrap();
        assert_eq!((links.version.0, links.state.broken), (3 + 2 * round, 0));
    }
    world.prove().await;
}

#[tokio::test]
async fn what_a_replica_stored_before_it_died_is_told_by_the_next_one() {
    let world = World::new().await;
    let proxy = Proxy::start(world.address()).await;
    let (dying, writers) = world.mortal_replica_through(proxy.port);
    let (customer, key) = (world.customer(0), new_key());
    let stream = customer.stream();
    settle_link(&dying, customer, stream).await;
    settle_link(&world.store, customer, stream).await;
    let keyed = async |store: &EventStore| {
        let attempt = async || keyed_link(store, (customer, stream), key).await;
        store.settle(stream, soon(), attempt).await.unwrap().1
    };
    // Stored, and not answered; nor are those that were decided on it.
    proxy.cut_next_reply();
    let answers = async {
        let behind = settle_link(&dying, customer, stream);
        tokio::join!(keyed(&dying), behind)
    };
    let death = async {
        let deadline = soon();
        while proxy.cuts() {
            assert!(Instant::now() < deadline, "nothing was stored");
            tokio::task::yield_now().await;
        }
        writers.abandon.cancel();
    };
    tokio::select! {
        biased;
        () = death => {}
        _ = answers => {}
    }
    drop(dying);
    writers.tasks.close();
    writers.tasks.wait().await;
    // What comes again under the key has one effect, whether the dead replica's call was stale or stored.
    for _ in 0..2 {
        let outcome = keyed(&world.store).await;
        assert!(
            matches!(outcome, Outcome::Accepted { .. } | Outcome::Replayed(_)),
            "{outcome:?}"
        );
    }
    let keyed = world.store.find_answer(&key).await.unwrap().unwrap();
    let chain = world.replica().load::<Chain>(stream).await.unwrap();
    assert!((keyed.version.0..=keyed.version.0 + 2).contains(&chain.version.0));
    assert_eq!(chain.state.broken, 0);
    world.prove().await;
}

#[tokio::test]
async fn a_command_that_ran_out_of_time_in_the_queue_leaves_nothing_behind() {
    let world = World::new().await;
    let customer = world.customer(0);
    let stream = customer.stream();
    let held = world.hold(0).await;
    let late = Instant::now() + Duration::from_millis(200);
    let attempt = async || {
        let link = link(&world.store, customer, stream).await?;
        Ok::<_, StoreError>(((), link))
    };
    let given_up = world.store.settle(stream, late, attempt).await;
    assert!(
        matches!(given_up, Err(StoreError::Unavailable(_))),
        "{given_up:?}"
    );
    held.release().await;
    settle_link(&world.store, customer, stream).await;
    let chain = world.replica().load::<Chain>(stream).await.unwrap();
    assert!((1..=2).contains(&chain.version.0));
    assert_eq!(chain.state.broken, 0);
    world.prove().await;
}
