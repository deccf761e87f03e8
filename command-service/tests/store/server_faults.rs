//! Servers that are killed, frozen or away for a while. They belong to these tests alone, which take turns.

use std::time::Duration;

use command_service::event_sourcing::StoreError;
use orderfold_events::EventId;
use orderfold_stack::{ServersFor, Stack, StackOptions, process::Unit};
use sqlx::{Connection, PgConnection};
use tokio::{
    sync::{Mutex, MutexGuard, OnceCell},
    time::Instant,
};

use crate::{
    faults::settled,
    submissions::{Varied, new_id, new_key, order},
    world::{World, accepted, soon},
};

/// The turn of one test; never dropped, the servers end with the program.
async fn servers() -> MutexGuard<'static, Stack> {
    static SERVERS: OnceCell<Mutex<Stack>> = OnceCell::const_new();
    let start = async || {
        let options = StackOptions {
            servers: ServersFor::ThisTest,
            command_replicas: 0,
            query_replicas: 0,
            ..StackOptions::default()
        };
        Mutex::new(Stack::start(options).await.unwrap())
    };
    let servers = SERVERS.get_or_init(start).await.lock().await;
    // Whatever a test that failed has left behind.
    for unit in [servers.postgres().unwrap(), servers.kafka().unwrap()] {
        let _not_running = unit.resume().await;
        unit.start().await.unwrap();
    }
    servers
}

async fn world(servers: &Stack) -> World {
    let url = &servers.backends().database_url;
    let name = format!("test_{}", new_id().simple());
    let mut connection = PgConnection::connect(url).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("create database {name} template template0"));
    sqlx::raw_sql(create)
        .execute(&mut connection)
        .await
        .unwrap();
    let (server, _) = url.rsplit_once('/').unwrap();
    World::at(format!("{server}/{name}")).await
}

fn soon_enough() -> Instant {
    Instant::now() + Duration::from_millis(500)
}

/// Two crashes while commands come in; those that give up early try again under their keys.
async fn crash_twice(postgres: &Unit, world: &World) {
    for goal in [100, 300] {
        while world.database.ping().await.is_err()
            || world.count("select count(*) from event").await < goal
        {
            tokio::task::yield_now().await;
        }
        postgres.kill().await.unwrap();
        postgres.start().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_takes_effect_once_across_crashes_of_the_database() {
    let servers = servers().await;
    let world = world(&servers).await;
    let submitters = (0..16).map(|n| {
        let (store, customer) = (world.store.clone(), world.customer(n % 4));
        // Some wait for the database to come back, some give up and come again.
        let patience = Duration::from_millis(if n % 2 == 0 { 20_000 } else { 100 });
        tokio::spawn(async move {
            let mut events = Vec::new();
            for _ in 0..60 {
                events.push(settled(&store, customer.appends(order(), 0), patience).await);
            }
            events
        })
    });
    let submitters = futures::future::join_all(submitters);
    let (acknowledged, ()) =
        tokio::join!(submitters, crash_twice(servers.postgres().unwrap(), &world));
    let events: Vec<EventId> = acknowledged.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(world.count("select count(*) from event").await, 16 * 60);
    world.prove_recorded(&events).await;
    world.prove().await;
}

#[tokio::test]
async fn while_the_database_is_frozen_commands_end_at_their_deadline_and_afterwards_all_is_well() {
    let servers = servers().await;
    let world = world(&servers).await;
    let (customer, key) = (world.customer(0), new_key());
    assert!(accepted(
        &world
            .store
            .submit(world.customer(0).registers(), soon())
            .await
    ));
    servers.postgres().unwrap().freeze().await.unwrap();

    let working = world
        .store
        .submit(customer.registers().under(key), soon_enough());
    let queued = world
        .store
        .submit(world.customer(2).registers(), soon_enough());
    let reading = async {
        let attempt = async || {
            world.store.find_answer(&key).await?;
            Ok::<_, StoreError>(((), customer.looks_at(customer.stream(), 0)))
        };
        world
            .store
            .settle(customer.stream(), soon_enough(), attempt)
            .await
    };
    let (working, queued, reading) = tokio::join!(working, queued, reading);
    assert!(
        matches!(working, Err(StoreError::Unavailable(_))),
        "{working:?}"
    );
    assert!(
        matches!(queued, Err(StoreError::Unavailable(_))),
        "{queued:?}"
    );
    assert!(
        matches!(reading, Err(StoreError::Unavailable(_))),
        "{reading:?}"
    );

    servers.postgres().unwrap().resume().await.unwrap();
    let patience = Duration::from_secs(20);
    settled(&world.store, customer.registers().under(key), patience).await;
    let mine = "select count(*) from stream where version = 1";
    assert!((2..=3).contains(&world.count(mine).await));
    assert!(accepted(
        &world
            .store
            .submit(world.customer(1).registers(), soon())
            .await
    ));
    world.prove().await;
}

#[tokio::test]
async fn while_kafka_is_away_commands_succeed_and_everything_arrives_afterwards() {
    let servers = servers().await;
    let world = world(&servers).await;
    let kafka = world.topic(servers.backends().kafka_brokers.clone()).await;
    let publishing = world.publish(&kafka);
    let register = async |customers: u16| {
        let all = (0..customers).map(|n| {
            world
                .store
                .submit(world.customer(n % 4).registers(), soon())
        });
        assert!(futures::future::join_all(all).await.iter().all(accepted));
    };
    register(40).await;
    world.prove_published(&kafka).await;

    servers.kafka().unwrap().kill().await.unwrap();
    for _ in 0..5 {
        register(100).await;
    }
    assert_eq!(world.count("select count(*) from event").await, 540);
    servers.kafka().unwrap().start().await.unwrap();
    register(40).await;
    let arrived = world.prove_published(&kafka).await;
    assert!(arrived.len() >= 580);
    publishing.stop().await;
    world.prove().await;
}
