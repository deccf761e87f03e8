//! Commands and connections that break: one bad command fails alone, and a lost reply is never taken for an answer.

use std::time::Duration;

use command_service::event_sourcing::{EventStore, Outcome, StoreError, Submission};
use orderfold_events::{Actor, EventId};
use tokio::time::Instant;

use crate::{
    proxy::Proxy,
    submissions::{Varied, order},
    world::{Fate, World, accepted, soon},
};

fn refused(fate: &Fate) -> bool {
    matches!(fate, Err(StoreError::Corrupt(_)))
}

#[tokio::test]
async fn a_command_that_the_database_cannot_read_fails_alone() {
    let world = World::new().await;
    let mut submissions: Vec<Submission> = (0..33).map(|_| world.customer(0).registers()).collect();
    submissions[13].events[0].actor = Actor("nul\0nul".to_owned());
    let fates = world.together(submissions).await;
    for (n, fate) in fates.iter().enumerate() {
        assert_eq!(
            (accepted(fate), refused(fate)),
            (n != 13, n == 13),
            "{n}: {fate:?}"
        );
    }
    world.prove().await;
}

#[tokio::test]
async fn a_command_that_meets_a_damaged_stream_fails_alone() {
    let world = World::new().await;
    let (customer, order) = (world.customer(0), order());
    for seen in 0..2 {
        assert!(accepted(
            &world
                .store
                .submit(customer.appends(order, seen), soon())
                .await
        ));
    }
    // The stream's row says less than its events: the next version is there already.
    world.execute("update stream set version = 1").await;
    let mut submissions: Vec<Submission> = (0..20).map(|_| world.customer(0).registers()).collect();
    submissions.insert(7, customer.appends(order, 1));
    let fates = world.together(submissions).await;
    for (n, fate) in fates.iter().enumerate() {
        assert_eq!(
            (accepted(fate), refused(fate)),
            (n != 7, n == 7),
            "{n}: {fate:?}"
        );
    }
    assert_ne!(
        world.findings().await,
        Vec::<String>::new(),
        "the proof finds the damage"
    );
    world
        .execute("update stream set version = 2 where version = 1 and stream_id like 'order-%'")
        .await;
    world.prove().await;
}

/// Submits under one key until there is an answer.
pub async fn settled(store: &EventStore, submission: Submission, patience: Duration) -> EventId {
    let event = submission.events[0].event_id;
    let end = soon();
    loop {
        let fate = store
            .submit(submission.clone(), Instant::now() + patience)
            .await;
        match fate {
            Ok(Outcome::Accepted { .. } | Outcome::Replayed(_)) => return event,
            Err(StoreError::Unavailable(_) | StoreError::Overloaded) if Instant::now() < end => {}
            other => panic!("{other:?}"),
        }
        tokio::task::yield_now().await;
    }
}

/// Cuts the connections that are appending, once there are more events than were seen; says how many there are now, and
/// how many connections were cut.
async fn cut_writers(world: &World, seen: i64) -> (i64, i64) {
    let events = world.count("select count(*) from event").await;
    if events <= seen {
        return (events, 0);
    }
    let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                where datname = current_database() and state = 'active' and query like 'select * from append_batch%'";
    (events, world.count(cut).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_survive_writers_whose_connections_are_cut_again_and_again() {
    let world = World::new().await;
    let submitters = (0..16).map(|n| {
        let (store, customer) = (world.store.clone(), world.customer(n % 4));
        tokio::spawn(async move {
            let mut events = Vec::new();
            for _ in 0..60 {
                events.push(
                    settled(
                        &store,
                        customer.appends(order(), 0),
                        Duration::from_secs(20),
                    )
                    .await,
                );
            }
            events
        })
    });
    let mut submitters = Box::pin(futures::future::join_all(submitters));
    let (mut cut, mut seen) = (0, -1);
    let acknowledged = loop {
        tokio::select! {
            done = &mut submitters => break done,
            (events, cuts) = cut_writers(&world, seen) => {
                cut += cuts;
                // A little progress between two cuts.
                seen = if cuts > 0 { events + 10 } else { seen };
            }
        }
    };
    assert!(cut > 0, "no connection was cut");
    let events: Vec<EventId> = acknowledged.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(world.count("select count(*) from event").await, 16 * 60);
    world.prove_recorded(&events).await;
    world.prove().await;
}

#[tokio::test]
async fn a_reply_that_is_cut_off_after_the_commit_is_asked_for_again_under_the_same_key() {
    let world = World::new().await;
    let proxy = Proxy::start(world.address()).await;
    let replica = world.replica_through(proxy.port);
    let customer = world.customer(0);
    // The statement is prepared by then: one request, one reply.
    assert!(accepted(
        &replica.submit(customer.registers(), soon()).await
    ));
    for seen in 1..=10 {
        proxy.cut_next_reply();
        let mut submission = customer
            .appends(customer.stream(), seen)
            .saying(201, r#"{"n":1}"#);
        submission.idempotency.internal = seen % 2 == 0;
        let fate = replica.submit(submission, soon()).await;
        let Ok(Outcome::Replayed(answer)) = fate else {
            panic!("{fate:?}")
        };
        assert_eq!(
            (answer.status, answer.coordinate.position.0),
            (201, u64::from(seen) + 1)
        );
        assert!(!proxy.cuts(), "no reply was cut");
    }
    assert_eq!(world.count("select count(*) from event").await, 11);
    world.prove().await;
}
