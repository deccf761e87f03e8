//! What only one stream may hold, taken, given up and handed on in one batch and between replicas.

use command_service::event_sourcing::{ClaimKind, EventStore, Outcome};

use crate::{
    submissions::{Customer, Varied, email},
    world::{Fate, World, accepted, soon, stale, taken},
};

async fn registered(world: &World, shard: u16, address: &str) -> Customer {
    let customer = world.customer(shard);
    let fate = world
        .store
        .submit(customer.registers().taking(email(address)), soon())
        .await;
    assert!(accepted(&fate), "{fate:?}");
    customer
}

async fn owner(world: &World, address: &str) -> Option<orderfold_events::StreamId> {
    let (kind, key) = email(address);
    world.store.find_claim(kind, &key).await.unwrap()
}

#[tokio::test]
async fn a_claim_that_a_committed_stream_holds_is_taken_and_says_which() {
    let world = World::new().await;
    let first = registered(&world, 0, "a").await;
    let second = world.customer(1);
    let fate = world
        .store
        .submit(second.registers().taking(email("a")), soon())
        .await;
    assert!(
        matches!(
            fate,
            Ok(Outcome::Taken {
                kind: ClaimKind::CustomerEmail,
                ..
            })
        ),
        "{fate:?}"
    );
    assert_eq!(owner(&world, "a").await, Some(first.stream()));
    // Its own claim is nobody else's.
    let fate = world
        .store
        .submit(first.appends(first.stream(), 1).taking(email("a")), soon())
        .await;
    assert!(accepted(&fate), "{fate:?}");
    world.prove().await;
}

#[tokio::test]
async fn one_of_two_takers_in_one_batch_is_stale_and_then_finds_it_taken() {
    let world = World::new().await;
    let (first, second) = (world.customer(0), world.customer(2));
    let fates = world
        .together(vec![
            first.registers().taking(email("a")),
            second.registers().taking(email("a")),
        ])
        .await;
    assert!(accepted(&fates[0]) && stale(&fates[1]), "{fates:?}");
    assert!(taken(
        &world
            .store
            .submit(second.registers().taking(email("a")), soon())
            .await
    ));
    world.prove().await;
}

#[tokio::test]
async fn there_and_back_in_one_batch_leaves_the_claim_where_it_was() {
    let world = World::new().await;
    let customer = registered(&world, 0, "e").await;
    let fates = world
        .together(vec![
            customer
                .appends(customer.stream(), 1)
                .releasing(email("e"))
                .taking(email("f")),
            customer
                .appends(customer.stream(), 2)
                .releasing(email("f"))
                .taking(email("e")),
        ])
        .await;
    assert!(fates.iter().all(accepted), "{fates:?}");
    assert_eq!(owner(&world, "e").await, Some(customer.stream()));
    assert_eq!(owner(&world, "f").await, None);
    world.prove().await;
}

#[tokio::test]
async fn a_claim_changes_hands_within_a_batch() {
    let world = World::new().await;
    let (giver, taker) = (registered(&world, 0, "e").await, world.customer(2));
    let fates = world
        .together(vec![
            giver
                .appends(giver.stream(), 1)
                .releasing(email("e"))
                .taking(email("f")),
            taker.registers().taking(email("e")),
        ])
        .await;
    assert!(fates.iter().all(accepted), "{fates:?}");
    assert_eq!(owner(&world, "e").await, Some(taker.stream()));
    assert_eq!(owner(&world, "f").await, Some(giver.stream()));
    world.prove().await;
}

#[tokio::test]
async fn who_asks_before_it_is_given_up_finds_it_taken() {
    let world = World::new().await;
    let (giver, taker) = (registered(&world, 0, "e").await, world.customer(2));
    let fates = world
        .together(vec![
            taker.registers().taking(email("e")),
            giver.appends(giver.stream(), 1).releasing(email("e")),
        ])
        .await;
    assert!(taken(&fates[0]) && accepted(&fates[1]), "{fates:?}");
    assert_eq!(owner(&world, "e").await, None);
    assert!(accepted(
        &world
            .store
            .submit(taker.registers().taking(email("e")), soon())
            .await
    ));
    world.prove().await;
}

#[tokio::test]
async fn nobody_gives_up_the_claim_of_another() {
    let world = World::new().await;
    let (holder, other) = (registered(&world, 0, "e").await, world.customer(2));
    assert!(accepted(
        &world
            .store
            .submit(other.registers().releasing(email("e")), soon())
            .await
    ));
    assert_eq!(owner(&world, "e").await, Some(holder.stream()));
    world.prove().await;
}

#[tokio::test]
async fn a_refused_command_leaves_no_claim_of_its_own_behind() {
    let world = World::new().await;
    registered(&world, 0, "e").await;
    let (refused, next) = (world.customer(0), world.customer(0));
    let fates = world
        .together(vec![
            refused.registers().taking(email("f")).taking(email("e")),
            next.registers().taking(email("f")),
        ])
        .await;
    assert!(taken(&fates[0]) && accepted(&fates[1]), "{fates:?}");
    assert_eq!(owner(&world, "f").await, Some(next.stream()));
    world.prove().await;
}

/// What two replicas say to the same question, each for a customer of its own.
async fn raced(
    world: &World,
    other: &EventStore,
    round: u16,
    address: &str,
) -> ([Customer; 2], [Fate; 2]) {
    let both = [
        world.customer(round % 4),
        world.customer((round + 1 + round / 4) % 4),
    ];
    let (first, second) = tokio::join!(
        world
            .store
            .submit(both[0].registers().taking(email(address)), soon()),
        other.submit(both[1].registers().taking(email(address)), soon()),
    );
    (both, [first, second])
}

#[tokio::test]
async fn one_email_registered_at_once_by_two_replicas_is_one_customers() {
    let world = World::new().await;
    let other = world.replica();
    for round in 0..60 {
        let address = format!("race-{round}");
        let (both, fates) = raced(&world, &other, round, &address).await;
        assert_eq!(
            fates.iter().filter(|fate| accepted(fate)).count(),
            1,
            "{fates:?}"
        );
        let winner = fates.iter().position(accepted).unwrap();
        let loser = both[1 - winner];
        assert_eq!(owner(&world, &address).await, Some(both[winner].stream()));
        let again = world
            .store
            .submit(loser.registers().taking(email(&address)), soon())
            .await;
        assert!(taken(&again), "{again:?}");
    }
    world.prove().await;
}

#[tokio::test]
async fn an_email_that_is_freed_while_another_waits_is_never_lost_nor_held_twice() {
    let world = World::new().await;
    let other = world.replica();
    let mut holder = registered(&world, 0, "e").await;
    for round in 0..60 {
        let taker = world.customer(1 + round % 3);
        let (freed, asked) = tokio::join!(
            world.store.submit(
                holder.appends(holder.stream(), 1).releasing(email("e")),
                soon()
            ),
            other.submit(taker.registers().taking(email("e")), soon()),
        );
        assert!(accepted(&freed), "{freed:?}");
        if !accepted(&asked) {
            assert!(taken(&asked) || stale(&asked), "{asked:?}");
            assert_eq!(owner(&world, "e").await, None);
            let again = other
                .submit(taker.registers().taking(email("e")), soon())
                .await;
            assert!(accepted(&again), "{again:?}");
        }
        assert_eq!(owner(&world, "e").await, Some(taker.stream()));
        holder = taker;
    }
    world.prove().await;
}

#[tokio::test]
async fn who_waits_for_a_claim_that_is_not_committed_after_all_gets_it() {
    let world = World::new().await;
    let customer = world.customer(0);
    let mut other = world.hold(1).await;
    let (kind, key) = email("e");
    sqlx::query("insert into claim (kind, key, owner) values ($1, $2, 'customer-of-another-call')")
        .bind(kind.as_str())
        .bind(key.as_slice())
        .execute(&mut other.connection)
        .await
        .unwrap();
    let (fate, ()) = tokio::join!(
        world
            .store
            .submit(customer.registers().taking((kind, key)), soon()),
        async {
            world.somebody_waits_for(&other).await;
            other.abandon().await;
        }
    );
    assert!(accepted(&fate), "{fate:?}");
    assert_eq!(owner(&world, "e").await, Some(customer.stream()));
    world.prove().await;
}
