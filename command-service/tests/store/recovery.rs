//! Kafka and the store contradict each other: the relay halts and says why, a replica that has seen more writes nothing,
//! and an operator's verb is what goes on from there.

use std::collections::HashSet;

use command_service::{
    event_sourcing::StoreError,
    recovery::{RaiseEpoch, Recovery, RecoveryError, Republish, raise_epoch, republish},
    relay::{KafkaConfig, Standing},
};
use orderfold_events::Epoch;
use rdkafka::{
    Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
    config::ClientConfig,
};
use tokio_util::sync::CancellationToken;

use crate::{
    relaying::{DRAINED, register, until, world_with_topic},
    world::{SHARDS, World, accepted, soon},
};

const REPUBLISH: Republish = Republish {
    shard: None,
    from: 1,
    dry_run: false,
};
const RAISE: RaiseEpoch = RaiseEpoch {
    all: false,
    dry_run: false,
};

fn recovery(world: &World, kafka: &KafkaConfig) -> Recovery {
    Recovery {
        database: world.database.clone(),
        kafka: kafka.clone(),
        identity: world.identity,
    }
}

fn admin(kafka: &KafkaConfig) -> AdminClient<DefaultClientContext> {
    ClientConfig::new()
        .set("bootstrap.servers", &kafka.brokers)
        .create()
        .unwrap()
}

async fn delete(kafka: &KafkaConfig) {
    let topics = [kafka.topic.as_str()];
    let results = admin(kafka)
        .delete_topics(&topics, &AdminOptions::new())
        .await;
    assert!(results.unwrap().iter().all(Result::is_ok));
}

/// Deletes what is before an offset, in every partition.
async fn truncate(kafka: &KafkaConfig, before: i64) {
    let mut offsets = TopicPartitionList::new();
    for shard in 0..SHARDS {
        offsets
            .add_partition_offset(&kafka.topic, i32::from(shard), Offset::Offset(before))
            .unwrap();
    }
    admin(kafka)
        .delete_records(&offsets, &AdminOptions::new())
        .await
        .unwrap();
}

/// What readiness says of the relay.
async fn warning(world: &World) -> String {
    let (standing, stop) = (Standing::default(), CancellationToken::new());
    let following = tokio::spawn(
        standing
            .clone()
            .follow(world.database.clone(), stop.clone()),
    );
    let deadline = soon();
    while standing.warning().is_ok() && tokio::time::Instant::now() < deadline {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    following.await.unwrap();
    standing.warning().unwrap_err()
}

async fn published(customers: u16) -> (World, KafkaConfig) {
    let (world, kafka) = world_with_topic().await;
    let publishing = world.publish(&kafka);
    register(&world, customers).await;
    until("the progress is saved", &world, DRAINED).await;
    publishing.stop().await;
    (world, kafka)
}

#[tokio::test]
async fn a_topic_that_is_deleted_halts_the_relay_and_made_anew_it_is_published_again() {
    let (world, kafka) = published(8).await;
    let publishing = world.publish(&kafka);
    until("it publishes", &world, "select count(*) from relay_lease").await;
    // Nothing is appended: the relay notices by looking.
    delete(&kafka).await;
    let missing = "select count(*) from relay_lease where halted like '%does not exist%'";
    until("the relay misses the topic", &world, missing).await;
    assert!(warning(&world).await.starts_with("halted: the topic"));
    let refused = republish(&recovery(&world, &kafka), REPUBLISH).await;
    assert!(
        matches!(refused, Err(RecoveryError::Topic(_))),
        "{refused:?}"
    );

    kafka.create_topic(world.identity.shards, 1).await.unwrap();
    let shortened = "select count(*) from relay_lease where halted like '%made anew%'";
    until("the relay misses its records", &world, shortened).await;
    register(&world, 4).await;
    let report = republish(&recovery(&world, &kafka), REPUBLISH)
        .await
        .unwrap();
    assert!(
        report.contains("shard 0: 3 events from position 1 on, behind offset 0"),
        "{report}"
    );
    until("it publishes again", &world, DRAINED).await;
    assert_eq!(world.prove_published(&kafka).await.len(), 12);
    let halted = "select count(*) from relay_lease where halted is not null";
    assert_eq!(world.count(halted).await, 0);
    publishing.stop().await;
    world.prove().await;
}

#[tokio::test]
async fn a_topic_that_lost_its_first_records_halts_the_relay_until_they_are_published_again() {
    let (world, kafka) = published(12).await;
    truncate(&kafka, 2).await;
    let publishing = world.publish(&kafka);
    let truncated = "select count(*) from relay_lease where halted like '%begins at offset 2%'";
    until("the relay misses the first records", &world, truncated).await;
    register(&world, 4).await;
    let drained = "select count(*) from relay_progress r join shard_head using (shard, position)";
    assert_eq!(world.count(drained).await, 0, "it publishes nothing");

    let recovery = recovery(&world, &kafka);
    let rehearsal = Republish {
        dry_run: true,
        ..REPUBLISH
    };
    let report = republish(&recovery, rehearsal).await.unwrap();
    assert!(report.ends_with("nothing has changed."), "{report}");
    assert_eq!(
        world
            .count("select count(*) from relay_progress where position > 0")
            .await,
        4
    );
    republish(&recovery, REPUBLISH).await.unwrap();
    until("it publishes again", &world, DRAINED).await;
    // One of the first three of each shard is left; then all four of each.
    assert_eq!(world.arrived(&kafka, 4 * (1 + 4)).await.len(), 20);
    publishing.stop().await;
    world.prove().await;
}

#[tokio::test]
async fn one_shard_is_published_again_from_a_chosen_position_and_not_from_beyond_its_end() {
    let (world, kafka) = published(20).await;
    let recovery = recovery(&world, &kafka);
    let ask = |shard, from| {
        let asked = Republish {
            shard: Some(shard),
            from,
            dry_run: false,
        };
        republish(&recovery, asked)
    };
    let unknown = ask(SHARDS, 1).await.unwrap_err();
    assert!(matches!(unknown, RecoveryError::NoSuchShard { .. }));
    let beyond = ask(1, 7).await.unwrap_err();
    assert!(matches!(beyond, RecoveryError::BeyondEnd { .. }));
    ask(1, 4).await.unwrap();
    let publishing = world.publish(&kafka);
    until("it publishes again", &world, DRAINED).await;
    assert_eq!(world.arrived(&kafka, 22).await.len(), 22);
    publishing.stop().await;
    world.prove_published(&kafka).await;
}

/// A store of which Kafka has more than it does: it was restored to an older backup.
async fn forked() -> (World, KafkaConfig) {
    let (world, kafka) = published(8).await;
    world.back_up().await;
    let publishing = world.publish(&kafka);
    register(&world, 20).await;
    until("the progress is saved", &world, DRAINED).await;
    publishing.stop().await;
    world.restore().await;
    (world, kafka)
}

#[tokio::test]
async fn after_a_restore_the_relay_halts_and_a_new_epoch_begins_where_the_histories_part() {
    let (world, kafka) = forked().await;
    // A replica that has not seen the lost history reissues positions in one shard.
    let newcomer = world.replica();
    for _ in 0..3 {
        assert!(accepted(
            &newcomer.submit(world.customer(2).registers(), soon()).await
        ));
    }
    let publishing = world.publish(&kafka);
    let halted =
        "select count(*) from relay_lease where halted like '%part in shard 0 at position 3%'";
    until("the fork shows", &world, halted).await;
    assert!(warning(&world).await.contains("raise-epoch"));

    let recovery = recovery(&world, &kafka);
    let rehearsal = RaiseEpoch {
        dry_run: true,
        ..RAISE
    };
    let report = raise_epoch(&recovery, rehearsal).await.unwrap();
    assert!(
        report.contains(
            "shard 2: epoch 2 from position 3 on; Kafka has 5 events that the store lacks, the store 3 others"
        ),
        "{report}"
    );
    assert_eq!(world.count("select count(*) from store_epoch").await, 4);
    raise_epoch(&recovery, RAISE).await.unwrap();
    let answers = "select count(*) from idempotency where epoch = 2 and position > 2";
    assert_eq!(world.count(answers).await, 3, "kept answers move along");
    until("the new history is published", &world, DRAINED).await;
    register(&world, 4).await;
    until("so is what follows", &world, DRAINED).await;
    let arrived = world.prove_published(&kafka).await;
    // Where a lease changes hands meanwhile, one may come again.
    let newer: HashSet<_> = arrived
        .iter()
        .filter(|record| record.envelope.coordinate.epoch == Epoch(2))
        .map(|record| record.envelope.event_id)
        .collect();
    assert_eq!(newer.len(), 3 + 4);
    let again = raise_epoch(&recovery, RAISE).await;
    assert!(matches!(again, Err(RecoveryError::NoFork)), "{again:?}");
    publishing.stop().await;
    world.prove().await;
}

#[tokio::test]
async fn a_replica_that_has_seen_more_than_a_restored_store_holds_writes_nothing_until_the_epoch_is_raised()
 {
    let (world, kafka) = forked().await;
    let number = world
        .store
        .next_order_number("2026-01-01T00:00:00.000Z".parse().unwrap())
        .await
        .unwrap();
    let contradicted = world.database.contradicted_shard().await.unwrap();
    assert!(contradicted.is_some(), "readiness tells");
    for shard in 0..SHARDS {
        let fate = world
            .store
            .submit(world.customer(shard).registers(), soon())
            .await;
        assert!(matches!(fate, Err(StoreError::Unavailable(_))), "{fate:?}");
    }
    assert_eq!(world.count("select count(*) from event").await, 8);

    raise_epoch(&recovery(&world, &kafka), RAISE).await.unwrap();
    assert_eq!(world.database.contradicted_shard().await.unwrap(), None);
    register(&world, 4).await;
    let lowest = "select min(last_value) from order_number";
    assert!(
        world.count(lowest).await > 1_000,
        "numbers go on far beyond"
    );
    assert!(number.sequence() < 1_000);
    let publishing = world.publish(&kafka);
    until("the new history is published", &world, DRAINED).await;
    world.prove_published(&kafka).await;
    publishing.stop().await;
    world.prove().await;
}

#[tokio::test]
async fn events_that_were_lost_before_they_reached_kafka_leave_no_fork_and_every_shard_can_begin_an_epoch()
 {
    let (world, kafka) = published(8).await;
    world.back_up().await;
    register(&world, 8).await;
    world.restore().await;
    let recovery = recovery(&world, &kafka);
    let refused = raise_epoch(&recovery, RAISE).await;
    assert!(matches!(refused, Err(RecoveryError::NoFork)), "{refused:?}");
    assert!(world.database.contradicted_shard().await.unwrap().is_some());
    let report = raise_epoch(&recovery, RaiseEpoch { all: true, ..RAISE })
        .await
        .unwrap();
    assert!(
        report.contains("shard 3: epoch 2 from position 3 on; no fork shows"),
        "{report}"
    );
    register(&world, 4).await;
    let first = "select count(*) from idempotency where epoch = 2 and position = 3";
    assert_eq!(world.count(first).await, 4);
    world.prove().await;
}
