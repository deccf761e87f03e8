//! One key, one effect, one answer.

use command_service::event_sourcing::{Outcome, StoredAnswer};
use orderfold_events::Coordinate;

use crate::{
    submissions::{Varied, email, new_key, order},
    world::{Fate, World, accepted, soon, stale},
};

fn coordinate(fate: &Fate) -> Coordinate {
    match fate {
        Ok(Outcome::Accepted { coordinate, .. }) => *coordinate,
        other => panic!("not accepted: {other:?}"),
    }
}

fn replayed(fate: Fate) -> StoredAnswer {
    match fate {
        Ok(Outcome::Replayed(answer)) => answer,
        other => panic!("not replayed: {other:?}"),
    }
}

#[tokio::test]
async fn a_repeated_key_gets_the_first_answer_and_coordinate_and_has_no_effect() {
    let world = World::new().await;
    let (customer, order, key) = (world.customer(0), order(), new_key());
    let first = customer
        .appends(order, 0)
        .under(key)
        .saying(201, r#"{"order":1}"#);
    let fate = world.store.submit(first, soon()).await;
    // The shard goes on; the answer keeps its coordinate.
    assert!(accepted(
        &world.store.submit(customer.appends(order, 1), soon()).await
    ));

    // Replay outranks staleness: a retried success must not become a conflict.
    let again = customer.appends(order, 0).under(key).saying(409, "{}");
    let answer = replayed(world.store.submit(again, soon()).await);
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (201, br#"{"order":1}"#.as_slice())
    );
    assert_eq!((answer.stream, answer.version.0), (Some(order), 1));
    assert_eq!(answer.coordinate, coordinate(&fate));
    let looked_up = world.store.find_answer(&key).await.unwrap().unwrap();
    assert_eq!(looked_up.fingerprint, Some([1; 32]));
    assert_eq!(
        StoredAnswer {
            fingerprint: None,
            ..looked_up
        },
        answer
    );
    assert_eq!(world.count("select count(*) from event").await, 2);
    world.prove().await;
}

#[tokio::test]
async fn a_key_with_other_content_is_reused() {
    let world = World::new().await;
    let (customer, key) = (world.customer(0), new_key());
    assert!(accepted(
        &world
            .store
            .submit(customer.registers().under(key), soon())
            .await
    ));
    let mut other = world.customer(2).registers().under(key);
    other.idempotency.fingerprint = [2; 32];
    let fate = world.store.submit(other, soon()).await;
    assert!(matches!(fate, Ok(Outcome::KeyReused)), "{fate:?}");
    world.prove().await;
}

#[tokio::test]
async fn a_refusal_is_kept_where_asked_for_and_forgotten_where_not() {
    let world = World::new().await;
    let customer = world.customer(0);
    let (kept, not_kept) = (new_key(), new_key());
    let refusal = |key| {
        customer
            .looks_at(customer.stream(), 0)
            .under(key)
            .saying(409, r#"{"code":"x"}"#)
    };
    assert!(accepted(&world.store.submit(refusal(kept), soon()).await));
    assert!(accepted(
        &world
            .store
            .submit(refusal(not_kept).not_kept(), soon())
            .await
    ));
    assert_eq!(
        replayed(world.store.submit(refusal(kept), soon()).await).status,
        409
    );
    assert!(accepted(
        &world
            .store
            .submit(customer.registers().under(not_kept), soon())
            .await
    ));
    world.prove().await;
}

#[tokio::test]
async fn what_has_an_effect_is_recognised_again_even_where_its_answer_was_not_to_be_kept() {
    let world = World::new().await;
    let (customer, key) = (world.customer(0), new_key());
    let mut submission = customer.registers().under(key).not_kept();
    submission.idempotency.internal = true;
    assert!(accepted(
        &world.store.submit(submission.clone(), soon()).await
    ));
    replayed(world.store.submit(submission, soon()).await);
    world.prove().await;
}

#[tokio::test]
async fn a_key_twice_in_one_batch_acts_once_and_the_second_is_replayed_when_it_comes_again() {
    let world = World::new().await;
    let key = new_key();
    // In one shard, and in two shards of one writer.
    for shard in [0, 2] {
        let key = if shard == 0 { key } else { new_key() };
        let (first, second) = (world.customer(0), world.customer(shard));
        let fates = world
            .together(vec![
                first.registers().under(key),
                second.registers().under(key),
            ])
            .await;
        assert!(accepted(&fates[0]) && stale(&fates[1]), "{fates:?}");
        replayed(
            world
                .store
                .submit(second.registers().under(key), soon())
                .await,
        );
        let mut reused = second.registers().under(key);
        reused.idempotency.fingerprint = [2; 32];
        let fate = world.store.submit(reused, soon()).await;
        assert!(matches!(fate, Ok(Outcome::KeyReused)), "{fate:?}");
    }
    assert_eq!(world.count("select count(*) from event").await, 2);
    world.prove().await;
}

#[tokio::test]
async fn one_key_used_at_once_for_different_customers_acts_once() {
    let world = World::new().await;
    let other = world.replica();
    for round in 0..60 {
        let key = new_key();
        let (one, two) = (
            world.customer(round % 4),
            world.customer((round + 1 + round / 4) % 4),
        );
        let (first, second) = tokio::join!(
            world.store.submit(one.registers().under(key), soon()),
            other.submit(two.registers().under(key), soon()),
        );
        let fates = [first, second];
        assert_eq!(
            fates.iter().filter(|fate| accepted(fate)).count(),
            1,
            "{fates:?}"
        );
        let loser = fates.into_iter().find(|fate| !accepted(fate)).unwrap();
        assert!(
            matches!(loser, Ok(Outcome::Stale | Outcome::Replayed(_))),
            "{loser:?}"
        );
        replayed(other.submit(two.registers().under(key), soon()).await);
        assert_eq!(
            world.count("select count(*) from event").await,
            i64::from(round) + 1
        );
    }
    world.prove().await;
}

#[tokio::test]
async fn who_drops_out_for_its_key_takes_its_claim_and_what_was_built_on_it_along() {
    let world = World::new().await;
    let (key, address) = (new_key(), email("a@example.com"));
    let (one, two) = (world.customer(0), world.customer(0));
    // Another call has used the key and is about to commit.
    let mut other = world.hold(1).await;
    other.use_key(key).await;
    let batch = vec![
        one.registers().under(key).taking(address),
        one.appends(one.stream(), 1),
        two.registers().taking(address),
        world.customer(2).registers(),
    ];
    let (fates, ()) = tokio::join!(world.together(batch), async {
        world.somebody_waits_for(&other).await;
        other.release().await;
    });
    assert!(stale(&fates[0]), "its key is another's: {:?}", fates[0]);
    assert!(
        stale(&fates[1]),
        "it was built on the first: {:?}",
        fates[1]
    );
    assert!(
        stale(&fates[2]),
        "no committed row holds the claim: {:?}",
        fates[2]
    );
    assert!(
        accepted(&fates[3]),
        "it has nothing to do with them: {:?}",
        fates[3]
    );
    assert_eq!(world.count("select count(*) from claim").await, 0);

    replayed(
        world
            .store
            .submit(one.registers().under(key).taking(address), soon())
            .await,
    );
    assert!(accepted(
        &world
            .store
            .submit(two.registers().taking(address), soon())
            .await
    ));
    world.prove().await;
}
