//! How fast it goes, printed for whoever looks (`--nocapture`); nothing is asserted about time.

use std::time::{Duration, Instant};

use crate::{
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
    let took = begun.elapsed();
    let commands = u64::from(SUBMITTERS) * u64::from(EACH);
    println!(
        "{commands} commands in {took:?}: {} a second",
        per_second(commands, took)
    );
    world.prove().await;
}

fn per_second(count: u64, took: Duration) -> u128 {
    u128::from(count) * 1000 / took.as_millis().max(1)
}
