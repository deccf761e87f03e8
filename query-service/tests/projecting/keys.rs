//! Keys on their way to the folds: fetched once, in batches, and waited for where they are not known yet.

use crate::world::World;

#[tokio::test]
async fn a_batch_waits_for_keys_that_are_not_known_yet() {
    let world = World::new().await;
    let (customer, events) = world.record(|history| {
        let customer = history.register("Claire");
        history.place(customer, &[(1, 100)]);
        customer
    });
    world.store.lock().unwrap().unknown.insert(customer);
    world.publish(&events).await;
    let replica = world.replica();
    let asked = |world: &World| world.store.lock().unwrap().questions;
    replica
        .wait_until("a second question", |_| asked(&world) >= 2)
        .await;
    let customers = world.database.customer_list();
    let rows = customers.count_documents(bson::doc! {}).await.unwrap();
    assert_eq!(rows, 0, "nothing is folded without the key");
    world.store.lock().unwrap().unknown.clear();
    world.settle().await;
    replica.stop().await;
}

#[tokio::test]
async fn a_rebuild_after_an_erasure_finds_nobody_by_a_name_that_is_gone() {
    let world = World::new().await;
    let ((), events) = world.record(|history| {
        let customer = history.register("Claire");
        history.erase(customer);
        history.destroy_key(customer);
    });
    world.publish(&events).await;
    let replica = world.replica();
    world.settle().await;
    replica.stop().await;
}

#[tokio::test]
async fn keys_are_asked_for_in_batches_and_once() {
    let world = World::new().await;
    let ((), events) = world.record(|history| {
        for number in 0..300 {
            history.register(&format!("Customer {number}"));
        }
    });
    world.publish(&events).await;
    let replica = world.replica();
    world.settle().await;
    let questions = world.store.lock().unwrap().questions;
    assert!(questions < 100, "{questions} questions for 300 customers");
    replica.stop().await;
    let again = world.replica();
    let ((), more) = world.record(|history| {
        history.register("One more");
    });
    world.publish(&more).await;
    world.settle().await;
    assert!(world.store.lock().unwrap().questions <= questions + 1);
    again.stop().await;
}
