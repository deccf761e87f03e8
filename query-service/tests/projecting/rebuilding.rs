//! Builds beside one another: filled under traffic, compared, switched, and verified against the events.

use bson::doc;
use chrono::NaiveDate;
use orderfold_events::Shard;
use query_service::{
    database::{Build, builds::BuildState, comparing::DifferenceKind},
    ops::operations::BuildChange,
    projections::ReadModel,
};

use crate::{
    history::{History, Placing},
    world::{SHARDS, World},
};

/// Some with a document per order, and all that add up.
const MODELS: [ReadModel; 6] = [
    ReadModel::OrderList,
    ReadModel::SalesSeries,
    ReadModel::ProductSales,
    ReadModel::CustomerSales,
    ReadModel::WorkQueue,
    ReadModel::Receivables,
];

fn trade(history: &mut History) {
    for shard in 0..SHARDS {
        let customer = history.register_in(Shard(shard));
        for units in 1..4 {
            let order = history.place(customer, &[(units, 1000), (1, 250)]);
            history.pay(order, units * 1000 + 250);
            history.ship(order, units);
            history.cancel(order, 1);
        }
        let on_account = Placing {
            channel: "desk",
            currency: "EUR",
            reference: "on account",
            due_on: NaiveDate::from_ymd_opt(2017, 4, 30),
        };
        history.place_as(customer, &on_account, &[(2, 700)]);
    }
}

async fn record_and_publish(world: &World) {
    let ((), events) = world.record(trade);
    world.publish(&events).await;
}

async fn wait_for_active(world: &World, build: Build) {
    world
        .wait_until("every read model to go over", || async {
            let mut registrations = world.database.registrations().await.unwrap();
            registrations.retain(|it| MODELS.contains(&it.projection));
            for registration in &registrations {
                let entry = registration.entry(build);
                let note = entry.and_then(|entry| entry.note.as_deref());
                assert_eq!(note, None, "{}", registration.projection);
            }
            let serving = world.database.serving();
            registrations.iter().all(|registration| {
                registration.active == build && serving.of(registration.projection) == build
            })
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_under_traffic_answers_when_it_is_right_and_can_be_taken_back() {
    let world = World::new().await;
    let replica = world.replica();
    for _ in 0..3 {
        record_and_publish(&world).await;
    }
    let operations = world.operations();
    world.wait_for_heads().await;
    for read_model in MODELS {
        let change = BuildChange::Rebuild;
        operations.change(read_model, change, "test").await.unwrap();
        record_and_publish(&world).await;
        let again = operations.change(read_model, change, "test").await;
        assert!(again.is_err(), "one is going on");
    }
    wait_for_active(&world, Build(2)).await;
    record_and_publish(&world).await;
    world.settle().await;

    // The build before it stood by, and is as good.
    for read_model in MODELS {
        let back = BuildChange::Activate(Build::FIRST);
        operations.change(read_model, back, "test").await.unwrap();
    }
    record_and_publish(&world).await;
    wait_for_active(&world, Build::FIRST).await;
    world.settle().await;

    for read_model in MODELS {
        let retire = BuildChange::Retire(Build(2));
        operations.change(read_model, retire, "test").await.unwrap();
    }
    world
        .wait_until("the other build to be dropped", || async {
            let registrations = world.database.registrations().await.unwrap();
            registrations.iter().all(|it| it.builds.len() == 1)
        })
        .await;
    let dropped = world.collection("order_list_v1_b2");
    assert_eq!(dropped.count_documents(doc! {}).await.unwrap(), 0);
    record_and_publish(&world).await;
    world.settle().await;
    assert!(replica.health.problems().is_empty());
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_survives_replicas_that_are_killed() {
    let world = World::new().await;
    let mut replica = world.replica();
    for _ in 0..2 {
        record_and_publish(&world).await;
    }
    world.wait_for_heads().await;
    let operations = world.operations();
    for read_model in MODELS {
        let change = BuildChange::Rebuild;
        operations.change(read_model, change, "test").await.unwrap();
    }
    for _ in 0..4 {
        record_and_publish(&world).await;
        replica.kill().await;
        replica = world.replica();
    }
    wait_for_active(&world, Build(2)).await;
    world.settle().await;
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verifying_is_silent_beside_traffic_and_names_every_document_that_is_wrong() {
    let world = World::new().await;
    let replica = world.replica();
    record_and_publish(&world).await;
    world.wait_for_heads().await;
    let replay = world.replay();
    for &read_model in ReadModel::ALL {
        let (found, ()) = tokio::join!(
            replay.verify(read_model, Build::FIRST, 1),
            record_and_publish(&world)
        );
        let found = found.unwrap();
        assert_eq!(found.differences, [], "{read_model}");
        assert!(found.documents > 0, "{read_model}");
    }
    world.settle().await;

    let any = doc! {};
    let rows = world.collection("order_list_v1_b1");
    let odd = rows.find_one(any.clone()).await.unwrap().unwrap();
    let odd = doc! { "_id": odd.get("_id").unwrap() };
    let tampering = doc! { "$inc": { "totals.balance": 1_i64 } };
    rows.update_one(odd, tampering).await.unwrap();
    world
        .collection("order_detail_v1_b1")
        .delete_one(any.clone())
        .await
        .unwrap();
    world
        .collection("customer_360_v1_b1")
        .insert_one(doc! { "_id": "nobody" })
        .await
        .unwrap();
    for sums in ["sales_days_v1_b1", "product_sales_v1_b1"] {
        let booked_twice = doc! { "$inc": { "sales.orders": 1_i64 } };
        let sums = world.collection(sums);
        sums.update_one(any.clone(), booked_twice).await.unwrap();
    }
    let lost = world.collection("customer_sales_v1_b1");
    lost.delete_one(any.clone()).await.unwrap();
    let late = doc! { "$inc": { "balance": 1_i64 } };
    let work = world.collection("work_queue_v1_b1");
    work.update_one(any, late).await.unwrap();
    let debts = world.collection("receivables_v1_b1");
    debts.insert_one(doc! { "_id": "nobody" }).await.unwrap();
    for (read_model, kind) in [
        (ReadModel::OrderList, DifferenceKind::Different),
        (ReadModel::OrderDetail, DifferenceKind::Missing),
        (ReadModel::Customer360, DifferenceKind::Surplus),
        (ReadModel::SalesSeries, DifferenceKind::Different),
        (ReadModel::ProductSales, DifferenceKind::Different),
        (ReadModel::CustomerSales, DifferenceKind::Missing),
        (ReadModel::WorkQueue, DifferenceKind::Different),
        (ReadModel::Receivables, DifferenceKind::Surplus),
    ] {
        let found = replay.verify(read_model, Build::FIRST, 1).await.unwrap();
        let kinds: Vec<_> = found.differences.iter().map(|it| it.kind).collect();
        assert_eq!(kinds, [kind], "{read_model}");
    }
    let sample = replay
        .verify(ReadModel::CustomerList, Build::FIRST, 3)
        .await;
    let sample = sample.unwrap();
    let customers = world.database.customer_list();
    assert!(sample.documents < customers.count_documents(doc! {}).await.unwrap());
    assert_eq!(sample.count, 0);
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_that_turns_out_wrong_never_answers() {
    let world = World::new().await;
    let replica = world.replica();
    record_and_publish(&world).await;
    world.wait_for_heads().await;
    let operations = world.operations();
    let change = BuildChange::Rebuild;
    let model = ReadModel::CustomerList;
    // What is filled is disturbed before it begins: a document that no event made.
    world
        .collection("customer_list_v1_b2")
        .insert_one(doc! { "_id": "nobody" })
        .await
        .unwrap();
    operations.change(model, change, "test").await.unwrap();
    let registered = || async {
        let registrations = world.database.registrations().await.unwrap();
        let mut of_model = registrations.into_iter();
        of_model.find(|it| it.projection == model).unwrap()
    };
    world
        .wait_until("the comparison", || async {
            registered().await.filling().is_none()
        })
        .await;
    let registration = registered().await;
    assert_eq!(registration.active, Build::FIRST);
    let entry = registration.entry(Build(2)).unwrap();
    assert_eq!(entry.state, BuildState::Failed);
    assert!(entry.note.as_deref().unwrap().contains("nobody"));
    let activate = BuildChange::Activate(Build(2));
    assert!(operations.change(model, activate, "test").await.is_err());
    replica.stop().await;
}
