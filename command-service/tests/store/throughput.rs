//! How fast it goes, printed for whoever looks (`--nocapture`); nothing is asserted about time.

use std::time::{Duration, Instant};

use command_service::event_sourcing::{Outcome, StoreError};

use crate::{
    counted::Counted,
    submissions::{Varied, order},
    world::{World, accepted, soon},
};

const SUBMITTERS: u16 = 64;
const EACH: u16 = 100;

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_many_submitters_at_once_is_accepted() {
    let world = World::new().await;
    let begun = Instant::now();
    let tasks = (0..SUBMITTERS).map(|n| {
        let (store, customer) = (world.store.clone(), world.customer(n % 4));
        tokio::spawn(async move {
            for _ in 0..EACH {
                let fate = store
                    .submit(customer.appends(order(), 0).with_data(400), soon())
                    .await;
                assert!(accepted(&fate), "{fate:?}");
            }
        })
    });
    for task in futures::future::join_all(tasks).await {
        task.unwrap();
    }
    println!("{}", report("to streams of their own", begun.elapsed()));
    world.prove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_decision_of_many_submitters_about_one_stream_is_accepted() {
    let world = World::new().await;
    let customer = world.customer(0);
    let begun = Instant::now();
    let tasks = (0..SUBMITTERS).map(|_| {
        let store = world.store.clone();
        tokio::spawn(async move {
            for _ in 0..EACH {
                let stream = customer.stream();
                let attempt = async || {
                    let seen = store.load::<Counted>(stream).await?.version;
                    Ok::<_, StoreError>(((), customer.appends(stream, seen.0).with_data(400)))
                };
                let settled = store.settle(stream, soon(), attempt).await;
                assert!(
                    matches!(settled, Ok(((), Outcome::Accepted { .. }))),
                    "{settled:?}"
                );
            }
        })
    });
    for task in futures::future::join_all(tasks).await {
        task.unwrap();
    }
    println!("{}", report("to one stream", begun.elapsed()));
    let loaded = world.store.load::<Counted>(customer.stream()).await;
    assert_eq!(
        loaded.unwrap().state.events,
        usize::from(SUBMITTERS) * usize::from(EACH)
    );
    world.prove().await;
}

fn report(what: &str, took: Duration) -> String {
    let commands = u64::from(SUBMITTERS) * u64::from(EACH);
    let per_second = u128::from(commands) * 1000 / took.as_millis().max(1);
    format!("{commands} commands {what} in {took:?}: {per_second} a second")
}
