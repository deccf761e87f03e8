//! MongoDB's primary steps down, dies and freezes while events are folded: the views are what the log says all the same.

use futures::join;
use mongodb::{Client, bson::doc, options::ClientOptions};
use orderfold_stack::{StackOptions, Unit};
use orderfold_system_tests::{
    journal::Journal,
    views::{self, Checkpoints},
};

use crate::world::{World, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_change_of_the_primary_loses_or_doubles_what_a_view_holds() {
    let world = World::of(StackOptions {
        mongo_nodes: 3,
        ..StackOptions::default()
    })
    .await;
    let journal = Journal::default();
    let checkpoints = Checkpoints::watch(world.shop.stack.backends().mongodb_uri.clone());

    steps_down(&world, &journal).await;
    prove(&world, &journal).await;
    killed(&world, &journal).await;
    prove(&world, &journal).await;
    frozen(&world, &journal).await;
    prove(&world, &journal).await;

    world.prove_answers(&journal).await;
    let moved = checkpoints.findings().await;
    assert!(moved.is_empty(), "{moved:#?}");
}

/// The primary hands over in good order, in the middle of its transactions.
async fn steps_down(world: &World, journal: &Journal) {
    let stepping_down = async {
        let primary = primary(world).await;
        folding(world).await;
        let options = ClientOptions::parse(address(primary)).await.unwrap();
        let direct = Client::with_options(options).unwrap().database("admin");
        direct
            .run_command(doc! { "replSetStepDown": 60 })
            .await
            .unwrap();
        another_than(world, primary).await;
    };
    join!(world.trade(journal, 24), stepping_down);
}

async fn killed(world: &World, journal: &Journal) {
    let killing = async {
        let primary = primary(world).await;
        folding(world).await;
        primary.kill().await.unwrap();
        another_than(world, primary).await;
        primary.start().await.unwrap();
    };
    join!(world.trade(journal, 24), killing);
}

/// It wakes up and believes for a moment that it still is the primary.
async fn frozen(world: &World, journal: &Journal) {
    let freezing = async {
        let primary = primary(world).await;
        folding(world).await;
        primary.freeze().await.unwrap();
        another_than(world, primary).await;
        world.trade(journal, 6).await;
        primary.resume().await.unwrap();
    };
    join!(world.trade(journal, 24), freezing);
}

async fn prove(world: &World, journal: &Journal) {
    world.prove(&[journal]).await;
    let differing = views::differing(&world.shop.stack, &world.pool, 1).await;
    assert!(differing.is_empty(), "{differing:#?}");
}

/// Waits until something is being folded: events are there that a view does not have yet.
async fn folding(world: &World) {
    let uri = &world.shop.stack.backends().mongodb_uri;
    until("a view has something to do", async || {
        let behind = views::behind(&world.pool, uri).await;
        behind.iter().any(|(_, events)| *events > 0)
    })
    .await;
}

/// The node that the others follow.
async fn primary(world: &World) -> &Unit {
    let mut primary = None;
    until("a node is the primary", async || {
        primary = known_primary(world).await;
        primary.is_some()
    })
    .await;
    primary.unwrap()
}

async fn another_than(world: &World, former: &Unit) {
    until("another node is the primary", async || {
        let primary = known_primary(world).await;
        primary.is_some_and(|primary| primary.name() != former.name())
    })
    .await;
}

/// As the driver finds it, which asks every node.
async fn known_primary(world: &World) -> Option<&Unit> {
    let uri = &world.shop.stack.backends().mongodb_uri;
    let client = Client::with_uri_str(uri).await.unwrap();
    let admin = client.database("admin");
    let hello = admin.run_command(doc! { "hello": 1 }).await.ok()?;
    let host = hello.get_str("me").unwrap();
    let nodes = world.shop.stack.mongo_nodes().unwrap();
    nodes.iter().find(|node| address(node).contains(host))
}

fn address(node: &Unit) -> String {
    node.addresses().remove(0).url
}
