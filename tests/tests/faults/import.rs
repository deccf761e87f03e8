//! The superstore import under attack: while it runs, a projector is killed twenty times and another one freezes until
//! its shards are somebody else's, read models are rebuilt, and Kafka delivers everything again, shuffled. The views are
//! what the log says, and the figures are exact to the cent.

use std::time::Duration;

use futures::join;
use orderfold_stack::{
    Progress, StackOptions,
    bulk::BulkClient,
    superstore::{self, Dataset},
};
use orderfold_system_tests::{
    client::Client,
    redelivery, shop,
    views::{self, Checkpoints},
};
use reqwest::Method;
use serde_json::json;
use tokio::time::Instant;

use crate::world::{LIMIT, PAUSE, World, kill_and_start, until};

const KILLS: usize = 20;
/// More than kills: what is folded before the new process has shards gives it nothing to die in.
const PIECES: usize = 40;
/// A piece is folded in less, where the victim has shards.
const FOLDING_LIMIT: Duration = Duration::from_secs(15);
/// After so many pieces each of these happens.
const REBUILDING: usize = 4;
const FREEZING: usize = 16;
const DELIVERING_AGAIN: usize = 24;
/// One that keeps documents, one that keeps sums, and the one with keys.
const REBUILT: [&str; 3] = ["order_detail", "sales_series", "customer_list"];
/// Recomputing every customer would take minutes.
const VERIFIED_ONE_IN: u32 = 5;
/// The one that is attacked; the other one answers.
const VICTIM: usize = 1;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_is_exact_though_its_projectors_are_killed_frozen_rebuilt_and_fed_twice() {
    let world = World::of(StackOptions {
        query_replicas: 2,
        ..StackOptions::default()
    })
    .await;
    let checkpoints = Checkpoints::watch(world.shop.stack.backends().mongodb_uri.clone());
    let lines = superstore::commands(&Dataset::read(&shop::superstore()).unwrap());
    let url = &world.shop.stack.query_admin_urls()[VICTIM];
    let admin = world.shop.commands.at(url, LIMIT);
    let mut kills = 0;
    for (n, piece) in lines.chunks(lines.len().div_ceil(PIECES)).enumerate() {
        match n {
            REBUILDING => rebuild(&world).await,
            FREEZING => frozen_until_its_shards_are_taken_over(&world, &admin, piece).await,
            DELIVERING_AGAIN => deliver_again(&world).await,
            _ => {}
        }
        if kills < KILLS {
            let (has_died, ()) = join!(killed_while_it_folds(&world, &admin), send(&world, piece));
            kills += usize::from(has_died);
        } else {
            send(&world, piece).await;
        }
    }
    assert_eq!(kills, KILLS, "so often it died while it folded");
    rebuilt(&world).await;
    deliver_again(&world).await;
    prove(&world, lines.len()).await;
    let moved = checkpoints.findings().await;
    assert!(moved.is_empty(), "{moved:#?}");
}

async fn send(world: &World, lines: &[String]) {
    let connection = world.shop.connection();
    let client = BulkClient::new(connection.command_urls, connection.token).unwrap();
    let outcome = client.send(lines, |_| (), |_| ()).await.unwrap();
    assert_eq!(outcome.lines, lines.len());
}

/// Kills the victim as soon as it has folded something since its start; answers whether it did so in time.
async fn killed_while_it_folds(world: &World, admin: &Client) -> bool {
    let victim = world.shop.stack.query(VICTIM).unwrap();
    let deadline = Instant::now() + FOLDING_LIMIT;
    while Instant::now() < deadline {
        if has_folded(admin).await {
            kill_and_start(victim).await;
            return true;
        }
        tokio::time::sleep(PAUSE).await;
    }
    false
}

async fn has_folded(admin: &Client) -> bool {
    let asked = admin.try_send(Method::GET, "/metrics", &[], Vec::new());
    let Ok(metrics) = asked.await else {
        return false;
    };
    let is_count = |line: &str| line.starts_with("orderfold_projection_events_total{");
    let mut counts = metrics.text.lines().filter(|line| is_count(line));
    counts.any(|line| !line.ends_with(" 0"))
}

/// What it held in its memory is old when it wakes up, and the fence has to tell it so.
async fn frozen_until_its_shards_are_taken_over(world: &World, admin: &Client, piece: &[String]) {
    let victim = world.shop.stack.query(VICTIM).unwrap();
    let (first, rest) = piece.split_at(piece.len() / 2);
    let freezing = async {
        until("the victim folds", async || has_folded(admin).await).await;
        victim.freeze().await.unwrap();
    };
    join!(send(world, first), freezing);
    world.caught_up().await;
    let waking = async { victim.resume().await.unwrap() };
    join!(send(world, rest), waking);
}

/// Copies of every record there is, in an order that has nothing to do with theirs.
async fn deliver_again(world: &World) {
    let backends = world.shop.stack.backends();
    let mut records = world.records();
    // The last bytes of an event's id are drawn by chance.
    records.sort_by_key(|record| record.envelope.event_id.0.as_u128().reverse_bits());
    redelivery::send(&backends.kafka_brokers, &backends.kafka_topic, &records).await;
}

async fn rebuild(world: &World) {
    for read_model in REBUILT {
        let path = format!("/v1/projections/{read_model}/rebuild");
        world.shop.queries.post(&path, &json!({})).await.expect(202);
    }
}

/// Waits until the new builds answer.
async fn rebuilt(world: &World) {
    until("the new builds answer", async || {
        let projections = world.shop.queries.get("/v1/projections").await;
        let projections = projections.expect(200).json();
        let known = projections["data"].as_array().unwrap();
        let of = |name| known.iter().find(|known| known["name"] == name).unwrap();
        REBUILT.iter().all(|&name| of(name)["active_build"] == 2)
    })
    .await;
}

async fn prove(world: &World, commands: usize) {
    let (connection, folder) = (world.shop.connection(), shop::superstore());
    let again = superstore::import(&connection, &folder, &Progress::silent()).await;
    let report = again.unwrap();
    assert!(report.is_exact(), "{report:#?}");
    assert_eq!(report.replayed, commands, "all was carried out before");
    world.prove(&[]).await;
    let differing = views::differing(&world.shop.stack, &world.pool, VERIFIED_ONE_IN).await;
    assert!(differing.is_empty(), "{differing:#?}");
}
