//! An older backup of PostgreSQL is restored under a running system: everybody stops, an operator begins a new epoch,
//! and what was recorded before the backup and after the restore is whole.

use std::{collections::BTreeSet, path::Path};

use orderfold_system_tests::{client::Answer, journal::Journal, shop::text};
use tokio::process::Command;

use crate::world::World;

async fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().await;
    assert!(copied.unwrap().success());
}

fn numbers(answers: &[Answer]) -> BTreeSet<String> {
    answers
        .iter()
        .map(|answer| text(&answer.json()["number"]))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_restore_of_an_older_backup_a_new_epoch_begins_where_the_histories_part() {
    let world = World::open().await;
    let (kept, lost, new) = (Journal::default(), Journal::default(), Journal::default());
    let postgres = world.shop.stack.postgres().unwrap();
    let first = world.trade(&kept, 12).await;
    world.drained().await;
    let data = postgres.folder().to_owned();
    let backup = data.with_extension("backup");
    postgres.stop().await.unwrap();
    copy(&data, &backup).await;
    postgres.start().await.unwrap();
    let gone = world.trade(&lost, 12).await;
    world.prove(&[&kept, &lost]).await;

    postgres.kill().await.unwrap();
    std::fs::remove_dir_all(&data).unwrap();
    copy(&backup, &data).await;
    postgres.start().await.unwrap();
    let events = world.count("select count(*) from event").await;
    everybody_stops(&world, &new).await;
    assert_eq!(world.count("select count(*) from event").await, events);
    an_operator_begins_an_epoch(&world).await;

    let placed = world.trade(&new, 12).await;
    world.drained().await;
    orderfold_system_tests::checker::check_store(&world.pool).await;
    orderfold_system_tests::log::check_log(&world.pool, &world.records()).await;
    for journal in [&kept, &new] {
        let found = journal.findings(&world.pool).await;
        assert!(found.is_empty(), "{found:#?}");
        let other = journal.replayed_differently(&world.replicas).await;
        assert!(other.is_empty(), "{other:#?}");
    }
    assert!(
        numbers(&placed).is_disjoint(&numbers(&gone)),
        "no number twice"
    );
    let path = format!("/v1/orders/{}", text(&first[0].json()["order_id"]));
    for answer in &gone {
        let beyond = world
            .shop
            .queries
            .get_after(&path, answer)
            .await
            .expect(409);
        assert_eq!(beyond.json()["code"], "consistency_token_lost");
    }
}

/// Replicas that have seen more write nothing, and the relay publishes nothing.
async fn everybody_stops(world: &World, journal: &Journal) {
    for replica in 0..2 {
        world
            .ready_when("the replica stops writing", replica, |status, body| {
                let history = body["checks"]["history"].as_str().unwrap_or_default();
                status == 503 && history.contains("raise-epoch")
            })
            .await;
        let client = &world.replicas[replica];
        assert!(
            journal
                .send_once(client, world.order(replica))
                .await
                .is_none()
        );
    }
    world
        .ready_when("the relay halts", 0, |_, body| {
            let warning = body["warnings"]["relay"].as_str().unwrap_or_default();
            warning.contains("part in shard")
        })
        .await;
}

async fn an_operator_begins_an_epoch(world: &World) {
    let rehearsed = world
        .shop
        .stack
        .run_command_service(&["raise-epoch", "--dry-run"]);
    let report = rehearsed.await.unwrap();
    assert!(report.contains("nothing has changed"), "{report}");
    let raised = world.shop.stack.run_command_service(&["raise-epoch"]);
    let report = raised.await.unwrap();
    assert!(report.contains(": epoch 2 from position"), "{report}");
    let again = world.shop.stack.run_command_service(&["raise-epoch"]).await;
    let refusal = again.unwrap_err().to_string();
    assert!(refusal.contains("agree in every shard"), "{refusal}");
    let refused = ["republish", "--shard", "99"];
    let refusal = world.shop.stack.run_command_service(&refused).await;
    assert!(refusal.unwrap_err().to_string().contains("no shard 99"));
}
