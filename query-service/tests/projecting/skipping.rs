//! A stream whose very first event was skipped: no document has a version of it yet.

use orderfold_events::{
    CustomerId, Shard, StreamId, Version,
    credit::{CreditEvent, TermsSet},
};
use query_service::{database::parked::RepairAction, ops::operations::Repair};

use crate::{history::History, world::World};

fn set_terms(history: &mut History, customer_id: CustomerId, limit: i64) {
    history.happen_to_credit(CreditEvent::TermsSet(TermsSet {
        customer_id,
        currency: "USD".parse().unwrap(),
        limit,
        payment_days: 30,
    }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_account_goes_on_behind_its_first_event_that_was_skipped() {
    let world = World::new().await;
    let replica = world.replica();
    let (customer, mut events) = world.record(|history| {
        let customer = history.register_in(Shard(3));
        set_terms(history, customer, 4000);
        customer
    });
    world.rewrite(&mut events[1..], |recorded| {
        "orderfold.credit.enchanted.v1".clone_into(&mut recorded.envelope.event_type);
    });
    world.publish(&events).await;
    world.wait_for_heads().await;
    let skip = Repair {
        action: RepairAction::Skip,
        reason: Some("it says nothing".to_owned()),
        projection: None,
    };
    let (operations, stream) = (world.operations(), StreamId::Credit(customer));
    operations.repair(stream, &skip, "test").await.unwrap();
    let database = &world.database;
    world
        .wait_until("nothing parked", || async {
            let parked = database.parked_streams(None, None).await.unwrap();
            parked.is_empty()
        })
        .await;

    let ((), events) = world.record(|history| set_terms(history, customer, 6000));
    world.publish(&events).await;
    world.wait_for_heads().await;
    let parked = database.parked_streams(None, None).await.unwrap();
    assert!(parked.is_empty(), "it goes on: {parked:?}");
    let document = database.customer_360().find_one(bson::doc! {}).await;
    let credit = document.unwrap().unwrap().credit.unwrap();
    assert_eq!((credit.version, credit.limit), (Version(2), 6000));
    replica.stop().await;
}
