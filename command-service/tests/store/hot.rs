//! Decisions that are made on others before those are stored: they fill batches, and none stands on what dropped out.

use std::time::Duration;

use command_service::event_sourcing::{Aggregate, EventStore, Outcome, StoreError, Submission};
use futures::future::join_all;
use orderfold_events::{DecodeError, StreamId};
use tokio::time::Instant;

use crate::{
    counted::Counted,
    proxy::Proxy,
    submissions::{Customer, Varied, email, new_id, new_key, order},
    world::{World, accepted, soon},
};

/// A chain: every event names itself and the one that its decision saw.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Chain {
    last: String,
    broken: usize,
}

impl Aggregate for Chain {
    type Event = (String, String);

    fn initial() -> Self {
        Self {
            last: "none".to_owned(),
            broken: 0,
        }
    }

    fn evolve(self, (name, after): &Self::Event) -> Self {
        let broken = self.broken + usize::from(*after != self.last);
        Self {
            last: name.clone(),
            broken,
        }
    }

    fn decode(_: &str, data: &[u8]) -> Result<Self::Event, DecodeError> {
        serde_json::from_slice(data).map_err(DecodeError::Malformed)
    }
}

/// A decision to add a link to the chain as the store shows it.
async fn link(
    store: &EventStore,
    customer: Customer,
    stream: StreamId,
) -> Result<Submission, StoreError> {
    let chain = store.load::<Chain>(stream).await?;
    let mut submission = customer.appends(stream, chain.version.0);
    let link = (new_id().to_string(), chain.state.last);
    submission.events[0].data = serde_json::to_vec(&link).unwrap().into();
    Ok(submission)
}

async fn settle_link(store: &EventStore, customer: Customer, stream: StreamId) -> Outcome {
    let attempt = async || Ok::<_, StoreError>(((), link(store, customer, stream).await?));
    store.settle(stream, soon(), attempt).await.unwrap().1
}

/// The chain as a replica reads it that knows nothing yet.
async fn prove_chain(world: &World, stream: StreamId, links: u32) {
    let chain = world.replica().load::<Chain>(stream).await.unwrap();
    assert_eq!((chain.version.0, chain.state.broken), (links, 0));
    world.prove().await;
}

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
async fn one_key_is_one_effect_across_replicas_whose_states_are_hot_and_whose_replies_are_cut() {
    let world = World::new().await;
    let proxy = Proxy::start(world.address()).await;
    let cut = world.replica_through(proxy.port);
    let customer = world.customer(0);
    let stream = customer.stream();
    settle_link(&cut, customer, stream).await;
    for round in 0_u32..12 {
        let key = new_key();
        let attempt = |store: EventStore| {
            move || {
                let store = store.clone();
                async move {
                    Ok::<_, StoreError>(((), link(&store, customer, stream).await?.under(key)))
                }
            }
        };
        proxy.cut_next_reply();
        let behind = order();
        let (first, second, other) = tokio::join!(
            cut.settle(stream, soon(), attempt(cut.clone())),
            world
                .store
                .settle(stream, soon(), attempt(world.store.clone())),
            // Decided on the first, and no repetition.
            settle_link(&cut, customer, stream),
        );
        let outcomes = [first.unwrap().1, second.unwrap().1];
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
    let attempt = |store: EventStore| {
        move || {
            let store = store.clone();
            async move { Ok::<_, StoreError>(((), link(&store, customer, stream).await?.under(key))) }
        }
    };
    // Stored, and not answered; nor are those that were decided on it.
    proxy.cut_next_reply();
    let answers = async {
        let behind = settle_link(&dying, customer, stream);
        tokio::join!(dying.settle(stream, soon(), attempt(dying.clone())), behind)
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
        let outcome = world
            .store
            .settle(stream, soon(), attempt(world.store.clone()));
        let outcome = outcome.await.unwrap().1;
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
