//! What an append does with decisions that were made on top of, beside, or against each other.

use command_service::event_sourcing::{Outcome, StoreError};
use orderfold_events::Version;

use crate::{
    counted::Counted,
    submissions::{Varied, order},
    world::{World, accepted, position, soon, stale},
};

#[tokio::test]
async fn a_command_may_append_to_several_streams_and_what_it_wrote_is_read_back() {
    let world = World::new().await;
    let (customer, order) = (world.customer(1), order());
    let mut submission = customer.registers().also_reading(order, 0);
    submission.events.push(customer.event(order));
    submission.events.push(customer.event(order));
    let written = submission.events.clone();
    let fate = world.store.submit(submission, soon()).await;
    assert_eq!(
        position(&fate),
        3,
        "the coordinate is that of the last event"
    );

    let loaded = world.store.load::<Counted>(order).await.unwrap();
    assert_eq!((loaded.version, loaded.state.events), (Version(2), 2));
    assert_eq!(loaded.state.last, written[2].data);
    let loaded = world
        .store
        .load::<Counted>(customer.stream())
        .await
        .unwrap();
    assert_eq!(loaded.version, Version(1));
    let feed = world.feed(1).await;
    for (record, event) in feed.iter().zip(&written) {
        assert_eq!(record.envelope.event_id, event.event_id);
        assert_eq!(record.envelope.occurred_at, event.occurred_at);
        assert_eq!(record.envelope.actor, event.actor);
        assert_eq!(record.data.get().as_bytes(), event.data);
    }
    world.prove().await;
}

#[tokio::test]
async fn positions_follow_each_other_over_many_batches_and_shards() {
    let world = World::new().await;
    for round in 0..5 {
        let submissions = (0..40)
            .map(|n| world.customer((n % 2) * 2).registers())
            .collect();
        let fates = world.together(submissions).await;
        let mut positions: Vec<u64> = fates.iter().step_by(2).map(position).collect();
        assert!(
            positions.is_sorted(),
            "a batch keeps the order of its commands"
        );
        assert_eq!(
            (positions.remove(0), positions.pop()),
            (round * 20 + 1, Some(round * 20 + 20))
        );
    }
    world.prove().await;
}

#[tokio::test]
async fn what_waits_together_is_committed_together() {
    let world = World::new().await;
    let submissions = (0..64).map(|_| world.customer(0).registers()).collect();
    assert!(world.together(submissions).await.iter().all(accepted));
    assert_eq!(
        world
            .count("select count(distinct xmin::text) from event")
            .await,
        1
    );
}

#[tokio::test]
async fn of_two_decisions_on_one_version_in_one_batch_one_is_stale() {
    let world = World::new().await;
    let (customer, order) = (world.customer(0), order());
    let fates = world
        .together(vec![customer.appends(order, 0), customer.appends(order, 0)])
        .await;
    assert!(accepted(&fates[0]) && stale(&fates[1]), "{fates:?}");
    assert_eq!(world.count("select count(*) from event").await, 1);
    world.prove().await;
}

#[tokio::test]
async fn decisions_made_on_top_of_each_other_pass_in_one_batch() {
    let world = World::new().await;
    let (customer, order) = (world.customer(0), order());
    let submissions = (0..100).map(|seen| customer.appends(order, seen)).collect();
    let fates = world.together(submissions).await;
    let positions: Vec<u64> = fates.iter().map(position).collect();
    assert_eq!(positions, (1..=100).collect::<Vec<u64>>());
    world.prove().await;
}

#[tokio::test]
async fn a_stale_decision_in_the_middle_takes_only_those_behind_it_along_that_built_on_it() {
    let world = World::new().await;
    let (customer, order, other) = (world.customer(0), order(), order());
    let fates = world
        .together(vec![
            customer.appends(order, 0),
            customer.appends(order, 7),
            customer.appends(order, 8),
            customer.appends(order, 1),
            customer.appends(other, 0),
        ])
        .await;
    let expected = [true, false, false, true, true];
    assert_eq!(
        fates.iter().map(accepted).collect::<Vec<_>>(),
        expected,
        "{fates:?}"
    );
    assert!(stale(&fates[1]) && stale(&fates[2]));
    world.prove().await;
}

#[tokio::test]
async fn a_decision_that_saw_no_stream_is_stale_when_there_is_one_and_the_reverse() {
    let world = World::new().await;
    let (customer, existing, missing) = (world.customer(0), order(), order());
    assert!(accepted(
        &world
            .store
            .submit(customer.appends(existing, 0), soon())
            .await
    ));
    // Refusals and repetitions are only true of what they looked at, too.
    for (seen, stream) in [(0, existing), (2, existing), (1, missing)] {
        let fate = world
            .store
            .submit(customer.looks_at(stream, seen), soon())
            .await;
        assert!(stale(&fate), "{stream} at {seen}: {fate:?}");
    }
    let both = customer.looks_at(existing, 1).also_reading(missing, 0);
    let fate = world.store.submit(both, soon()).await;
    assert_eq!(
        position(&fate),
        1,
        "the coordinate of what records nothing is the shard's head"
    );
    world.prove().await;
}

#[tokio::test]
async fn an_order_belongs_to_one_shard_only() {
    let world = World::new().await;
    let (mine, other, order) = (world.customer(0), world.customer(2), order());
    assert!(accepted(
        &world.store.submit(mine.appends(order, 0), soon()).await
    ));
    let fate = world.store.submit(other.appends(order, 1), soon()).await;
    assert!(matches!(fate, Err(StoreError::Corrupt(_))), "{fate:?}");
    world.prove().await;
}

#[tokio::test]
async fn a_stale_decision_is_made_again_until_it_stands() {
    let world = World::new().await;
    let (customer, order) = (world.customer(0), order());
    let replicas = [world.store.clone(), world.replica()];
    let tasks = (0..40).map(|n| {
        let store = replicas[n % 2].clone();
        tokio::spawn(async move {
            let attempt = async || {
                let loaded = store.load::<Counted>(order).await?;
                Ok::<_, StoreError>(((), customer.appends(order, loaded.version.0)))
            };
            store.settle(order, soon(), attempt).await.unwrap().1
        })
    });
    for outcome in futures::future::join_all(tasks).await {
        assert!(matches!(outcome.unwrap(), Outcome::Accepted { .. }));
    }
    // One that knows nothing yet: the others may be behind each other.
    let loaded = world.replica().load::<Counted>(order).await.unwrap();
    assert_eq!(loaded.version, Version(40));
    world.prove().await;
}
