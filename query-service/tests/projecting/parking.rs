//! Events that cannot be folded: their streams wait, all others go on, and operators bring them back.

use orderfold_events::{Event, OrderId, Position, Shard, StreamId, Version, order::OrderFact};
use query_service::{
    database::{
        audit::AuditAction,
        parked::{ParkedStream, RepairAction},
    },
    ops::operations::Repair,
    progress::Subject,
    projections::ReadModel,
};

use crate::{
    expected::assert_exact,
    history::{History, Recorded},
    world::World,
};

const POISONED: Shard = Shard(3);
const OTHER: Shard = Shard(4);
const RETRY: Repair = Repair {
    action: RepairAction::Retry,
    reason: None,
    projection: None,
};

/// A store whose shard holds two orders, and the third event of the first order says nothing to anybody.
struct Poisoned {
    world: World,
    order: OrderId,
    events: Vec<Recorded>,
    right: Recorded,
}

impl Poisoned {
    async fn new() -> Self {
        let world = World::new().await;
        let (order, mut events) = world.record(|history| {
            let customer = history.register_in(POISONED);
            let order = history.place(customer, &[(3, 1000)]);
            let other = history.place(customer, &[(1, 100)]);
            history.pay(order, 500);
            history.confirm(order);
            history.pay(other, 100);
            history.pay(order, 2500);
            history.ship(order, 1);
            let customer = history.register_in(OTHER);
            history.place(customer, &[(1, 100)]);
            order
        });
        let index = events
            .iter()
            .position(|event| {
                event.envelope.stream == StreamId::Order(order)
                    && event.envelope.version == Version(3)
            })
            .unwrap();
        let right = events[index].clone();
        world.rewrite(&mut events[index..=index], |recorded| {
            "orderfold.order.enchanted.v1".clone_into(&mut recorded.envelope.event_type);
        });
        Self {
            world,
            order,
            events,
            right,
        }
    }

    fn stream(&self) -> StreamId {
        StreamId::Order(self.order)
    }

    /// The store is put right.
    fn heal(&mut self) {
        let right = self.right.clone();
        let index = self
            .events
            .iter()
            .position(|event| event.envelope.event_id == right.envelope.event_id)
            .unwrap();
        self.world
            .rewrite(&mut self.events[index..=index], |recorded| {
                *recorded = right.clone();
            });
    }

    /// What is folded while the stream waits.
    fn without_what_waits(&self) -> History {
        let mut history = self.world.history();
        history.log.retain(|event| {
            event.envelope.stream != self.stream() || event.envelope.version < Version(3)
        });
        history
    }

    async fn parked(&self) -> Vec<ParkedStream> {
        let database = &self.world.database;
        database.parked_streams(None, None).await.unwrap()
    }

    async fn wait_until_carried_out(&self) {
        self.world
            .wait_until("the requests to be carried out", || async {
                self.parked().await.iter().all(|it| it.request.is_none())
            })
            .await;
    }

    async fn audited(&self, action: AuditAction) -> usize {
        let records = self.world.database.audit_records(1000).await.unwrap();
        records.iter().filter(|it| it.action == action).count()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poisoned_stream_waits_while_all_others_flow_and_a_retry_heals_it() {
    let mut poisoned = Poisoned::new().await;
    let replica = poisoned.world.replica();
    poisoned.world.publish(&poisoned.events).await;
    // Again, so that whatever is counted could be counted twice.
    poisoned.world.publish(&poisoned.events).await;
    poisoned.world.wait_for_heads().await;
    assert_exact(&poisoned.world.database, &poisoned.without_what_waits()).await;

    let parked = poisoned.parked().await;
    assert_eq!(parked.len(), ReadModel::ALL.len());
    for stream in &parked {
        assert_eq!(stream.stream, poisoned.stream());
        assert_eq!(stream.first.event_id, poisoned.right.envelope.event_id);
        assert_eq!(stream.waiting, 3, "{}", stream.projection);
        assert!(stream.cause.contains("enchanted"), "{}", stream.cause);
    }
    assert!(replica.health.problems().is_empty(), "it goes on");
    let missing = |subject| replica.progress.missing(ReadModel::ALL, subject);
    assert_eq!(missing(Subject::Many), 1);
    assert_eq!(missing(Subject::Order(poisoned.order)), 1);

    poisoned.heal();
    let operations = poisoned.world.operations();
    let stream = poisoned.stream();
    let asked = operations.repair(stream, &RETRY, "test").await.unwrap();
    assert_eq!(asked.len(), ReadModel::ALL.len());
    poisoned
        .world
        .wait_until("nothing parked", || async {
            poisoned.parked().await.is_empty()
        })
        .await;
    poisoned.world.settle().await;
    assert_eq!(poisoned.audited(AuditAction::Healed).await, asked.len());
    let ((), more) = poisoned
        .world
        .record(|history| history.ship(poisoned.order, 1));
    poisoned.world.publish(&more).await;
    poisoned.world.settle().await;
    assert!(operations.repair(stream, &RETRY, "test").await.is_err());
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_is_remembered_by_the_next_replica() {
    let mut poisoned = Poisoned::new().await;
    let (first, rest) = poisoned.events.split_at(6);
    let replica = poisoned.world.replica();
    poisoned.world.publish(first).await;
    poisoned
        .world
        .wait_until("the stream parked everywhere", || async {
            poisoned.parked().await.len() == ReadModel::ALL.len()
        })
        .await;
    replica.kill().await;
    let replica = poisoned.world.replica();
    poisoned.world.publish(rest).await;
    poisoned.world.wait_for_heads().await;
    assert_exact(&poisoned.world.database, &poisoned.without_what_waits()).await;
    assert!(poisoned.parked().await.iter().all(|it| it.waiting == 3));

    poisoned.heal();
    let operations = poisoned.world.operations();
    let stream = poisoned.stream();
    operations.repair(stream, &RETRY, "test").await.unwrap();
    poisoned
        .world
        .wait_until("nothing parked", || async {
            poisoned.parked().await.is_empty()
        })
        .await;
    poisoned.world.settle().await;
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_that_does_not_help_says_so_and_changes_nothing() {
    let poisoned = Poisoned::new().await;
    let replica = poisoned.world.replica();
    poisoned.world.publish(&poisoned.events).await;
    poisoned.world.wait_for_heads().await;
    let operations = poisoned.world.operations();
    let stream = poisoned.stream();
    operations.repair(stream, &RETRY, "test").await.unwrap();
    poisoned.wait_until_carried_out().await;
    for stream in poisoned.parked().await {
        assert_eq!(stream.waiting, 3);
        assert!(stream.last_failure.is_some(), "{}", stream.projection);
    }
    assert_exact(&poisoned.world.database, &poisoned.without_what_waits()).await;
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_skipped_event_is_left_out_and_stays_missing() {
    let poisoned = Poisoned::new().await;
    let replica = poisoned.world.replica();
    poisoned.world.publish(&poisoned.events).await;
    poisoned.world.wait_for_heads().await;
    let skip = Repair {
        action: RepairAction::Skip,
        reason: Some("it says nothing".to_owned()),
        projection: None,
    };
    let operations = poisoned.world.operations();
    let stream = poisoned.stream();
    operations.repair(stream, &skip, "test").await.unwrap();
    poisoned
        .world
        .wait_until("nothing parked", || async {
            poisoned.parked().await.is_empty()
        })
        .await;
    let skipped = poisoned.world.database.skipped_events().await.unwrap();
    assert_eq!(skipped.len(), ReadModel::ALL.len());
    let reason = skipped[0].request.reason.as_deref();
    assert_eq!(reason, Some("it says nothing"));
    assert_eq!(poisoned.audited(AuditAction::Skipped).await, skipped.len());

    let rows = poisoned.world.database.order_list();
    let row = rows.find_one(bson::doc! { "version": 5 }).await.unwrap();
    assert_eq!(
        row.unwrap().order_id,
        poisoned.order,
        "all behind it is folded"
    );
    replica.progress.read_checkpoints().await.unwrap();
    assert_eq!(replica.progress.missing(ReadModel::ALL, Subject::Many), 1);

    let ((), more) = poisoned
        .world
        .record(|history| history.ship(poisoned.order, 1));
    poisoned.world.publish(&more).await;
    poisoned.world.wait_for_heads().await;
    assert!(poisoned.parked().await.is_empty(), "and it goes on");
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contradiction_parks_its_stream_only_where_it_is_one() {
    let world = World::new().await;
    let replica = world.replica();
    let (order, mut events) = world.record(|history| {
        let customer = history.register_in(POISONED);
        let order = history.place(customer, &[(3, 1000)]);
        history.ship(order, 1);
        order
    });
    // More units than were ordered: only the read model that counts units can tell.
    world.rewrite(&mut events[2..], |recorded| {
        if let Event::Order(event) = &mut recorded.event {
            if let OrderFact::ShipmentRecorded(shipment) = &mut event.fact {
                shipment.lines[0].quantity = 99;
            }
            recorded.data = event.encode().unwrap();
        }
    });
    world.publish(&events).await;
    let ((), after) = world.record(|history| history.pay(order, 3000));
    world.publish(&after).await;
    world.wait_for_heads().await;
    let parked = world.database.parked_streams(None, None).await.unwrap();
    let [stream] = &parked[..] else {
        panic!("it is parked once: {parked:?}")
    };
    assert_eq!(stream.projection, ReadModel::OrderDetail);
    assert_eq!(stream.stream, StreamId::Order(order));
    assert_eq!((stream.first.version, stream.waiting), (Version(2), 2));
    replica.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_poisoned_streams_halt_the_shard() {
    let world = World::new().await;
    let ((), mut events) = world.record(|history| {
        let customer = history.register_in(POISONED);
        for _ in 0..101 {
            history.place(customer, &[(1, 100)]);
        }
    });
    world.rewrite(&mut events[1..], |recorded| recorded.data = b"{}".to_vec());
    world.publish(&events).await;
    let replica = world.replica();
    replica
        .wait_until("every projection to halt", |replica| {
            replica.health.halted().len() == ReadModel::ALL.len()
        })
        .await;
    for (_, shard, halt) in replica.health.halted() {
        assert_eq!((shard, halt.position), (POISONED, Position(102)));
    }
    world
        .wait_for_positions("all before it", |_, shard, position| {
            position == Position(if shard == POISONED { 101 } else { 0 })
        })
        .await;
    replica.stop().await;
}
