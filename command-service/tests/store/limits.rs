//! What is too much, too large or too late, and numbers that are nobody else's.

use std::{collections::HashSet, time::Duration};

use command_service::event_sourcing::{NewEvent, Outcome, StoreError};
use futures::future::{join_all, poll_fn};
use tokio::time::Instant;

use crate::{
    submissions::{Varied, new_key, order},
    world::{World, accepted, soon},
};

/// More than one writer lets wait, with what it works on.
const TOO_MANY: usize = 2_048 + 256 + 100;

#[tokio::test]
async fn what_finds_no_room_is_told_so_at_once_and_the_rest_is_done() {
    let world = World::new().await;
    let customer = world.customer(0);
    let held = world.hold(0).await;
    let submissions =
        (0..TOO_MANY).map(|_| world.store.submit(customer.looks_at(order(), 0), soon()));
    let mut all: Vec<_> = submissions.map(Box::pin).collect();
    let mut refused = 0;
    let mut waiting = Vec::new();
    for mut submission in all.drain(..) {
        match futures::poll!(&mut submission) {
            std::task::Poll::Pending => waiting.push(submission),
            std::task::Poll::Ready(Err(StoreError::Overloaded)) => refused += 1,
            std::task::Poll::Ready(other) => panic!("{other:?}"),
        }
    }
    assert!(refused >= 100, "only {refused} were refused");
    // The other writer is not concerned.
    let fate = world
        .store
        .submit(world.customer(1).registers(), soon())
        .await;
    assert!(accepted(&fate), "{fate:?}");
    held.release().await;
    for fate in join_all(waiting).await {
        assert!(accepted(&fate), "{fate:?}");
    }
    world.prove().await;
}

#[tokio::test]
async fn whoever_waits_longer_than_allowed_is_told_so_and_the_same_key_settles_it() {
    let world = World::new().await;
    let (customer, key) = (world.customer(0), new_key());
    let held = world.hold(0).await;
    let late = Instant::now() + Duration::from_millis(200);
    let behind = world.customer(2);
    let (first, second) = tokio::join!(
        world.store.submit(customer.registers().under(key), late),
        // In the queue of the same writer, with a longer patience of its own.
        async {
            let mut second = Box::pin(world.store.submit(behind.registers(), soon()));
            poll_fn(|cx| std::task::Poll::Ready(second.as_mut().poll(cx).is_pending())).await;
            tokio::time::sleep_until(late).await;
            held.release().await;
            second.await
        },
    );
    assert!(
        matches!(first, Err(StoreError::Unavailable(_))),
        "{first:?}"
    );
    assert!(accepted(&second), "{second:?}");
    let again = world
        .store
        .submit(customer.registers().under(key), soon())
        .await;
    assert!(
        matches!(again, Ok(Outcome::Accepted { .. } | Outcome::Replayed(_))),
        "{again:?}"
    );
    assert_eq!(world.count("select count(*) from event").await, 2);
    world.prove().await;
}

#[tokio::test]
async fn a_batch_of_too_many_bytes_goes_in_several_calls() {
    let world = World::new().await;
    let large = 400 * 1024;
    let submissions = (0..48).map(|_| world.customer(0).registers().with_data(large));
    let fates = world.together(submissions.collect()).await;
    assert!(fates.iter().all(accepted));
    let calls = world
        .count("select count(distinct xmin::text) from event")
        .await;
    assert!(calls >= 3, "18 MiB in {calls} calls");
    world.prove().await;
}

#[tokio::test]
async fn an_event_of_512_kib_is_stored_and_a_larger_one_refused() {
    let world = World::new().await;
    let customer = world.customer(0);
    let fits = customer.registers().with_data(NewEvent::DATA_BYTES_MAX);
    assert!(accepted(&world.store.submit(fits, soon()).await));
    let larger = customer
        .appends(order(), 0)
        .with_data(NewEvent::DATA_BYTES_MAX + 1);
    let fate = world.store.submit(larger, soon()).await;
    assert!(
        matches!(
            fate,
            Err(StoreError::EventTooLarge {
                bytes_max: 524_288,
                bytes: 524_289
            })
        ),
        "{fate:?}"
    );
    world.prove().await;
}

#[tokio::test]
async fn order_numbers_of_two_replicas_at_once_are_all_different() {
    let world = World::new().await;
    let replicas = [world.store.clone(), world.replica()];
    let placed_at = "2026-03-01T00:00:00.000Z".parse().unwrap();
    let drawing = (0..400).map(|n| replicas[n % 2].next_order_number(placed_at));
    let numbers: HashSet<String> = join_all(drawing)
        .await
        .into_iter()
        .map(|number| number.unwrap().to_string())
        .collect();
    assert_eq!(numbers.len(), 400);
}

#[tokio::test]
async fn answers_are_forgotten_when_they_have_run_out_and_not_before() {
    let world = World::new().await;
    let (customer, client, internal) = (world.customer(0), new_key(), new_key());
    let by_client = customer.appends(order(), 0).under(client);
    let mut by_nobody = customer.appends(order(), 0).under(internal);
    by_nobody.idempotency.internal = true;
    assert!(accepted(&world.store.submit(by_client, soon()).await));
    assert!(accepted(&world.store.submit(by_nobody, soon()).await));

    for (hours, client_left, internal_left) in [
        (0_i32, true, true),
        (2, true, false),
        (31 * 24, false, false),
    ] {
        sqlx::query("update idempotency set created_at = created_at - make_interval(hours => $1)")
            .bind(hours)
            .execute(world.database.pool())
            .await
            .unwrap();
        world.database.forget_answers().await.unwrap();
        let found = [
            world.store.find_answer(&client).await.unwrap().is_some(),
            world.store.find_answer(&internal).await.unwrap().is_some(),
        ];
        assert_eq!(found, [client_left, internal_left], "after {hours} hours");
    }
}
