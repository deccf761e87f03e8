//! What Kafka delivers is not what the store recorded: twice, too late, not at all, or from another history.

use bson::doc;
use orderfold_events::{Epoch, EventId, Position, Shard, internal::EpochStart};
use query_service::{
    database::{
        Build, Checkpoint,
        moment::Moment,
        transaction::{Fence, Move},
    },
    projections::ReadModel,
};
use uuid::Uuid;

use crate::{
    history::{History, Recorded},
    world::{SHARDS, World},
};

/// Customers in every shard, and orders in all kinds of states.
fn trade(history: &mut History) {
    for shard in 0..SHARDS {
        let customer = history.register_in(Shard(shard));
        for units in 1..4 {
            let order = history.place(customer, &[(units, 1000), (1, 250)]);
            history.pay(order, units * 1000 + 250);
            history.confirm(order);
            history.ship(order, units);
            history.deliver(order, units);
            history.take_back(order, 1);
            history.cancel(order, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_is_folded_and_a_restart_goes_on_from_the_checkpoints() {
    let world = World::new().await;
    let ((), events) = world.record(trade);
    world.publish(&events).await;
    let replica = world.replica();
    world.settle().await;
    replica.stop().await;

    let ((), events) = world.record(trade);
    world.publish(&events).await;
    let replica = world.replica();
    world.settle().await;
    assert!(
        replica.health.problems().is_empty(),
        "{:?}",
        replica.health.problems()
    );
    assert_eq!(world.pages(), 0, "the feed was not needed");
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_come_one_by_one_pass_the_read_models_that_they_do_not_concern() {
    let world = World::new().await;
    let replica = world.replica();
    let ((), events) = world.record(|history| {
        let customer = history.register_in(Shard(0));
        let order = history.place(customer, &[(2, 1000)]);
        history.pay(order, 2000);
        history.ship(order, 2);
    });
    for event in &events {
        world.publish(std::slice::from_ref(event)).await;
        world.settle().await;
    }
    // A replica that reads the same again, and one that goes on.
    replica.kill().await;
    let replica = world.replica();
    world.publish(&events).await;
    let ((), events) = world.record(trade);
    world.publish(&events).await;
    world.settle().await;
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_that_somebody_else_moved_is_not_moved_from_where_it_was() {
    let world = World::new().await;
    let from = Checkpoint::start(ReadModel::CustomerList, Shard(0));
    let start = bson::serialize_to_document(&from).unwrap();
    world.checkpoints().insert_one(start).await.unwrap();
    let to = Checkpoint {
        position: Position(1),
        event_id: EventId(Uuid::from_u128(1)),
        ..from.clone()
    };
    let step = Move {
        from,
        to: to.clone(),
    };
    assert_eq!(
        world.database.pass_over(&step).await.unwrap(),
        Fence::Passed
    );
    assert_eq!(world.database.pass_over(&step).await.unwrap(), Fence::Lost);
    let shards = std::iter::once(Shard(0));
    let of_build = (ReadModel::CustomerList, Build::FIRST);
    let (stored, moment) = world
        .database
        .checkpoints_now(of_build, shards)
        .await
        .unwrap();
    assert_eq!(stored, [to]);
    assert_ne!(moment, Moment::default(), "it was seen some time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_come_while_it_runs_are_folded_at_once() {
    let world = World::new().await;
    let replica = world.replica();
    for _ in 0..3 {
        let ((), events) = world.record(trade);
        world.publish(&events).await;
        world.settle().await;
    }
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeated_and_shuffled_records_change_nothing() {
    let world = World::new().await;
    let replica = world.replica();
    let ((), events) = world.record(trade);
    let twice: Vec<Recorded> = events
        .iter()
        .flat_map(|event| [event.clone(), event.clone()])
        .collect();
    world.publish(&twice).await;
    let mut backwards = events.clone();
    backwards.reverse();
    world.publish(&backwards).await;
    let (odd, even): (Vec<_>, Vec<_>) = events
        .iter()
        .cloned()
        .partition(|event| event.envelope.coordinate.position.0 % 2 == 1);
    world.publish(&even).await;
    world.publish(&odd).await;
    let ((), more) = world.record(trade);
    world.publish(&more).await;
    world.settle().await;
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_memory_may_hold_is_read_in_turns() {
    let world = World::new().await;
    let ((), events) = world.record(trade);
    world.publish(&events).await;
    let replica = world.replica_with_budget(40);
    let ((), events) = world.record(trade);
    world.publish(&events).await;
    world.settle().await;
    assert_eq!(world.pages(), 0, "nothing was passed over");
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_kafka_lost_is_read_from_the_feed() {
    let world = World::new().await;
    let replica = world.replica();
    let ((), events) = world.record(trade);
    let heads = world.heads();
    let kept: Vec<Recorded> = events
        .into_iter()
        .filter(|event| {
            let coordinate = event.envelope.coordinate;
            // The last one has to be there: nothing else reveals a gap.
            coordinate.position.0 % 5 == 2 || coordinate.position == heads[&coordinate.shard]
        })
        .collect();
    world.publish(&kept).await;
    world.settle().await;
    assert!(world.pages() > 0);
    assert!(
        replica.health.problems().is_empty(),
        "{:?}",
        replica.health.problems()
    );
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_no_event_is_passed_over() {
    let world = World::new().await;
    let ((), events) = world.record(trade);
    let (first, rest) = events.split_at(events.len() / 2);
    world.publish(first).await;
    world.publish_rubbish(Shard(3)).await;
    world.publish(rest).await;
    let replica = world.replica();
    world.settle().await;
    assert!(replica.health.problems().is_empty());
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offset_that_kafka_does_not_have_is_no_hindrance() {
    let world = World::new().await;
    let ((), events) = world.record(trade);
    world.publish(&events).await;
    let replica = world.replica();
    world.settle().await;
    replica.stop().await;

    world
        .checkpoints()
        .update_many(doc! {}, doc! { "$set": { "next_offset": 1_000_000_i64 } })
        .await
        .unwrap();
    let ((), events) = world.record(trade);
    world.publish(&events).await;
    let replica = world.replica();
    world.settle().await;
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_of_a_history_that_was_forked_away_count_for_nothing() {
    let world = World::new().await;
    let (order, before) = world.record(|history| {
        let customer = history.register_in(Shard(3));
        history.place(customer, &[(3, 1000)])
    });
    let lost = world.history_ahead(|history| history.cancel(order, 3));
    world.store.lock().unwrap().forks.push(EpochStart {
        shard: Shard(3),
        epoch: Epoch(2),
        from_position: Position(3),
    });
    let ((), mut after) = world.record(|history| {
        history.pay(order, 3000);
        history.confirm(order);
    });
    world.rewrite(&mut after, |recorded| {
        recorded.envelope.coordinate.epoch = Epoch(2);
    });
    world.publish(&before).await;
    world.publish(&lost).await;
    world.publish(&after).await;
    let replica = world.replica();
    world.settle().await;
    assert!(
        replica.health.problems().is_empty(),
        "{:?}",
        replica.health.problems()
    );
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_history_is_learnt_from_the_store_while_running() {
    let world = World::new().await;
    let replica = world.replica();
    let (order, before) = world.record(|history| {
        let customer = history.register_in(Shard(3));
        history.place(customer, &[(3, 1000)])
    });
    world.publish(&before).await;
    world.settle().await;

    let ((), mut after) = world.record(|history| history.confirm(order));
    world.rewrite(&mut after, |recorded| {
        recorded.envelope.coordinate.epoch = Epoch(2);
    });
    world.store.lock().unwrap().forks.push(EpochStart {
        shard: Shard(3),
        epoch: Epoch(2),
        from_position: Position(3),
    });
    world.publish(&after).await;
    world.settle().await;
    replica.stop().await;
}
