//! Snapshots of long streams: they save reading, and nothing is true because of them.

use command_service::event_sourcing::{Aggregate, EventStore};
use orderfold_events::{DecodeError, StreamId};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    shop::{Shop, order as order_of},
    submissions::{Customer, order},
    world::{World, accepted, soon},
};

/// Counts its events; each schema is a form of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tally<const SCHEMA: i32>(u64);

impl<const SCHEMA: i32> Aggregate for Tally<SCHEMA> {
    type Event = ();
    const SNAPSHOT_SCHEMA: Option<i32> = Some(SCHEMA);

    fn initial() -> Self {
        Self(0)
    }

    fn evolve(self, (): &()) -> Self {
        Self(self.0 + 1)
    }

    fn decode(_: &str, _: &[u8]) -> Result<(), DecodeError> {
        Ok(())
    }

    fn to_snapshot(&self) -> Option<Vec<u8>> {
        Some(self.0.to_string().into_bytes())
    }

    fn from_snapshot(snapshot: &[u8]) -> Option<Self> {
        std::str::from_utf8(snapshot).ok()?.parse().ok().map(Self)
    }
}

const VERSION: &str = "select coalesce(max(version), 0)::bigint from snapshot";

async fn append(world: &World, customer: Customer, stream: StreamId, seen: u32, events: u32) {
    let mut submission = customer.appends(stream, seen);
    for _ in 1..events {
        submission.events.push(customer.event(stream));
    }
    assert!(accepted(&world.store.submit(submission, soon()).await));
}

async fn tally<const SCHEMA: i32>(store: &EventStore, stream: StreamId) -> u64 {
    store.load::<Tally<SCHEMA>>(stream).await.unwrap().state.0
}

/// It is written behind the back of whoever loads.
async fn snapshot_reaches(world: &World, version: i64) {
    let deadline = Instant::now() + crate::world::LIMIT;
    while world.count(VERSION).await != version {
        assert!(Instant::now() < deadline, "no snapshot was written");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_long_stream_is_loaded_from_its_snapshot_and_the_events_after_it() {
    let world = World::new().await;
    let (customer, order) = (world.customer(0), order());
    append(&world, customer, order, 0, 1_000).await;
    assert_eq!(tally::<1>(&world.replica(), order).await, 1_000);
    snapshot_reaches(&world, 1_000).await;
    append(&world, customer, order, 1_000, 7).await;
    // What is not there is not read.
    let gone = "delete from event where version between 1 and 900";
    world.execute(gone).await;
    let replica = world.replica();
    let loaded = replica.load::<Tally<1>>(order).await.unwrap();
    assert_eq!((loaded.version.0, loaded.state.0), (1_007, 1_007));
    // A few events more are no reason for another one.
    assert_eq!(world.count(VERSION).await, 1_000);
}

#[tokio::test]
async fn a_short_stream_and_an_aggregate_without_a_form_get_none() {
    let world = World::new().await;
    let (customer, short, other) = (world.customer(0), order(), order());
    append(&world, customer, short, 0, 199).await;
    append(&world, customer, other, 0, 300).await;
    assert_eq!(tally::<1>(&world.replica(), short).await, 199);
    let replica = world.replica();
    let counted = replica.load::<crate::counted::Counted>(other).await;
    assert_eq!(counted.unwrap().state.events, 300);
    assert_eq!(tally::<1>(&world.replica(), other).await, 300);
    snapshot_reaches(&world, 300).await;
    assert_eq!(world.count("select count(*) from snapshot").await, 1);
    world.prove().await;
}

#[tokio::test]
async fn a_snapshot_of_another_form_or_without_sense_is_passed_over_and_replaced() {
    let world = World::new().await;
    let (customer, order) = (world.customer(0), order());
    append(&world, customer, order, 0, 250).await;
    assert_eq!(tally::<1>(&world.replica(), order).await, 250);
    snapshot_reaches(&world, 250).await;
    append(&world, customer, order, 250, 10).await;
    assert_eq!(tally::<2>(&world.replica(), order).await, 260);
    snapshot_reaches(&world, 260).await;
    world
        .execute("update snapshot set state = 'no number'")
        .await;
    assert_eq!(tally::<2>(&world.replica(), order).await, 260);
    world.prove().await;
}

/// Orders on account make the longest streams of all: one event or more of the account each.
#[tokio::test]
async fn customers_and_their_accounts_go_on_from_snapshots_and_keep_nothing_in_plain() {
    let shop = Shop::open().await;
    let customer = shop.customer(None).await;
    let path = format!("{customer}/credit-terms");
    for number in 0..201 {
        let name = json!({"name": format!("Canary {number}")});
        shop.patch(&customer, &name).await.expect(200);
        let terms = json!({"limit": number, "currency": "USD", "payment_days": 30});
        shop.put(&path, &terms).await.expect(200);
    }
    let both = "select count(*) from snapshot where stream_id like 'customer-%' or stream_id like 'credit-%'";
    let deadline = Instant::now() + crate::world::LIMIT;
    while shop.world.count(both).await < 2 {
        assert!(Instant::now() < deadline, "two snapshots were not written");
        tokio::task::yield_now().await;
    }
    let plain = "select count(*) from snapshot where convert_from(state, 'UTF8') like '%Canary%'";
    assert_eq!(shop.world.count(plain).await, 0);

    // What is not there is not read.
    shop.world
        .execute("delete from event where version between 1 and 150")
        .await;
    let replica = shop.replica();
    let beyond = order_of(&customer, "on_account", 201);
    shop.post_through(&replica, "/v1/orders", &beyond)
        .await
        .refuses(409, "credit_limit_exceeded");
    let within = order_of(&customer, "on_account", 100);
    let placed = shop.post_through(&replica, "/v1/orders", &within).await;
    placed.expect(201);
    let same = json!({"name": "Canary 200"});
    let unchanged = shop.patch(&customer, &same).await.expect(200);
    assert_eq!(unchanged.body["version"], 202);
}
