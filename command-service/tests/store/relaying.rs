//! The relay on a real Kafka: everything arrives, in order, whoever publishes.

use std::time::Duration;

use command_service::relay::KafkaConfig;
use orderfold_stack::TestServers;
use tokio::time::Instant;

use crate::{
    submissions::{Customer, Varied, order},
    world::{LIMIT, World, accepted, soon},
};

pub async fn world_with_topic() -> (World, KafkaConfig) {
    let world = World::new().await;
    let brokers = TestServers::shared().kafka_brokers().await.unwrap();
    let kafka = world.topic(brokers).await;
    (world, kafka)
}

pub async fn register(world: &World, customers: u16) -> Vec<Customer> {
    let all: Vec<Customer> = (0..customers).map(|n| world.customer(n % 4)).collect();
    let submissions = all
        .iter()
        .map(|customer| world.store.submit(customer.registers(), soon()));
    assert!(
        futures::future::join_all(submissions)
            .await
            .iter()
            .all(accepted)
    );
    all
}

pub async fn until(what: &str, world: &World, sql: &'static str) {
    let deadline = Instant::now() + LIMIT;
    while world.count(sql).await == 0 {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Between two looks, so that what is looked at can go on.
const PAUSE: Duration = Duration::from_millis(10);

pub const DRAINED: &str =
    "select (not exists (select from shard_head h join relay_progress r using (shard)
                                            where h.position <> r.position))::int::bigint";

#[tokio::test]
async fn every_event_arrives_once_in_order_with_its_headers_and_key_on_its_partition() {
    let (world, kafka) = world_with_topic().await;
    let customers = register(&world, 40).await;
    let publishing = world.publish(&kafka);
    let with_trace = {
        let customer = customers[1];
        let mut submission = customer.appends(order(), 0);
        submission.events[0].traceparent =
            Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
        assert!(accepted(&world.store.submit(submission, soon()).await));
        customer
    };
    let arrived = world.prove_published(&kafka).await;
    assert_eq!(arrived.len(), 41, "nothing came twice");
    for record in &arrived {
        let id = str::from_utf8(&record.key).unwrap().parse().unwrap();
        assert_eq!(i32::from(world.store.shard_of(id).0), record.partition);
        let source = format!("/orderfold/{}", world.identity.store_id);
        assert_eq!(record.headers["ce_source"], source);
        assert_eq!(record.headers["ce_specversion"], "1.0");
        assert_eq!(record.headers["content-type"], "application/json");
    }
    let traced: Vec<_> = arrived
        .iter()
        .filter(|record| record.headers.contains_key("traceparent"))
        .collect();
    assert_eq!(traced.len(), 1);
    assert_eq!(traced[0].key, with_trace.id.to_string().as_bytes());

    until("the progress is saved", &world, DRAINED).await;
    publishing.stop().await;
    let free = "select (expires_at = '-infinity')::int::bigint from relay_lease";
    assert_eq!(world.count(free).await, 1, "the lease was given up");
    world.prove().await;
}

#[tokio::test]
async fn what_is_appended_while_it_publishes_arrives_as_it_is_stored() {
    let (world, kafka) = world_with_topic().await;
    // From then on it knows the last event of every shard, and need not read what follows.
    let customers = register(&world, 4).await;
    let publishing = world.publish(&kafka);
    until("the first events are there", &world, DRAINED).await;
    let mut appended = 4;
    for round in 0..20 {
        let submissions = customers.iter().map(|customer| {
            let (first, second) = (customer.stream(), order());
            let mut submission = customer
                .appends(first, 1 + 2 * round)
                .also_reading(second, 0);
            for stream in [second, second, first] {
                submission.events.push(customer.event(stream));
            }
            world.store.submit(submission, soon())
        });
        let outcomes = futures::future::join_all(submissions).await;
        assert!(outcomes.iter().all(accepted));
        appended += 4 * 4;
    }
    let arrived = world.prove_published(&kafka).await;
    assert_eq!(arrived.len(), appended, "nothing came twice");
    publishing.stop().await;
    world.prove().await;
}

#[tokio::test]
async fn one_of_two_replicas_publishes_and_the_other_takes_over_when_it_is_gone() {
    let (world, kafka) = world_with_topic().await;
    let first = world.publish(&kafka);
    until(
        "somebody publishes",
        &world,
        "select count(*) from relay_lease",
    )
    .await;
    let second = world.publish(&kafka);
    register(&world, 40).await;
    assert_eq!(
        world.prove_published(&kafka).await.len(),
        40,
        "only one publishes"
    );

    // Gone without a word, as after a crash; perhaps in the middle.
    register(&world, 40).await;
    first.task.abort();
    register(&world, 40).await;
    let arrived = world.prove_published(&kafka).await;
    assert!(arrived.len() >= 120);
    until(
        "the other publishes",
        &world,
        "select epoch - 1 from relay_lease",
    )
    .await;
    until("the progress is saved", &world, DRAINED).await;
    second.stop().await;
    world.prove().await;
}

#[tokio::test]
async fn an_owner_that_lost_its_lease_moves_nothing_on() {
    let (world, kafka) = world_with_topic().await;
    let publishing = world.publish(&kafka);
    register(&world, 8).await;
    until("the progress is saved", &world, DRAINED).await;
    // Another replica has taken the lease while this one was frozen.
    world
        .execute(
            "update relay_lease set owner = gen_random_uuid(), epoch = epoch + 1,
                                    expires_at = clock_timestamp() + interval '1 hour'",
        )
        .await;
    register(&world, 8).await;
    // It notices at its next renewal at the latest. What it still sends are duplicates to everybody.
    let deadline = Instant::now() + Duration::from_secs(3);
    while Instant::now() < deadline {
        let saved = "select sum(position)::bigint from relay_progress";
        assert_eq!(world.count(saved).await, 8);
    }

    world
        .execute("update relay_lease set expires_at = '-infinity'")
        .await;
    until("it publishes again", &world, DRAINED).await;
    assert_eq!(world.count("select epoch from relay_lease").await, 3);
    world.prove_published(&kafka).await;
    publishing.stop().await;
    world.prove().await;
}
