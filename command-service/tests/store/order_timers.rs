//! What becomes of orders whose timers are due.

use axum::http::StatusCode;
use chrono_tz::Tz;
use command_service::{
    app::Commands,
    execution::{Call, Precondition, Secrets},
    http::answers::{Content, Reply},
    orders::commands::Creation,
    orders::controller::RECORD_PAYMENT,
    sealing::Vault,
    timers::{Delays, TimerWorker},
};
use futures::future::join_all;
use orderfold_events::{Actor, OrderId, StreamId, Timestamp};
use orderfold_http::{Principal, PrincipalKind, RequestContext, clock};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    submissions::new_id,
    timers::HOUR,
    world::{World, soon, vault_keys},
};

impl World {
    pub async fn shard_of_order(&self, order: OrderId) -> u16 {
        let shard: i32 = sqlx::query_scalar("select shard from stream where stream_id = $1")
            .bind(StreamId::Order(order).to_string())
            .fetch_one(self.database.pool())
            .await
            .unwrap();
        u16::try_from(shard).unwrap()
    }
}

/// A shop whose orders have timers.
struct Shop {
    world: World,
    worker: TimerWorker,
    customer: String,
}

impl Shop {
    async fn open() -> Self {
        let world = World::new().await;
        let secrets = Secrets::parse(&"YSBrZXkgb2YgYXQgbGVhc3QgdGhpcnR5LXR3byBieXRlcw==".into());
        let delays = Delays {
            grace: None,
            unpaid: Some(HOUR),
            stale_draft: None,
        };
        let (_, keys) = world.safe().await;
        let secrets = (secrets.unwrap(), Vault::new(keys, vault_keys(1)));
        let commands = Commands::new(world.store.clone(), secrets, Tz::UTC, delays);
        let worker = TimerWorker {
            database: world.database.clone(),
            commands,
        };
        let body = json!({"name": "Claire Gute"});
        let registered = worker.commands.register(&call(), &body).await;
        let customer = content(&registered)["customer_id"]
            .as_str()
            .unwrap()
            .to_owned();
        Self {
            world,
            worker,
            customer,
        }
    }

    async fn place(&self, occurred_at: Option<&str>) -> OrderId {
        let mut body = json!({
            "customer_id": self.customer, "channel": "web", "currency": "USD", "terms": "prepaid", "digital": true,
            "lines": [{"sku": "A", "name": "A", "quantity": 1, "unit_price": 100, "tax_rate": "0"}],
        });
        if let Some(time) = occurred_at {
            body["occurred_at"] = time.into();
        }
        let placed = self
            .worker
            .commands
            .place(&call(), &body, Creation::default())
            .await;
        content(&placed)["order_id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    async fn pay(&self, order: OrderId, amount: i64) {
        let body = json!({"reference": new_id().to_string(), "amount": amount, "method": "card"});
        let operation = &RECORD_PAYMENT;
        let paid = self
            .worker
            .commands
            .change(&call(), operation, order, &body)
            .await;
        assert_eq!(paid.status, StatusCode::OK);
    }

    async fn all_are_due(&self) {
        self.world
            .execute(
                "update timer set due_at = now() - interval '1 second' where due_at is not null",
            )
            .await;
    }

    async fn cancelled(&self) -> Vec<OrderId> {
        let streams: Vec<String> = sqlx::query_scalar(
            "select stream_id from event where type = 'orderfold.order.cancelled.v1' order by position",
        )
        .fetch_all(self.world.database.pool())
        .await
        .unwrap();
        let order = |stream: String| match stream.parse().unwrap() {
            StreamId::Order(id) => id,
            other => panic!("{other} was cancelled"),
        };
        streams.into_iter().map(order).collect()
    }

    async fn timers(&self) -> i64 {
        self.world.count("select count(*) from timer").await
    }
}

fn call() -> Call {
    let principal = Principal::new(PrincipalKind::Service, "test", None, "orders:backdate");
    Call {
        actor: Actor("service:test".to_owned()),
        principal,
        context: RequestContext::new(None, None),
        idempotency_key: None,
        precondition: Precondition::Any,
        dry_run: false,
        likely_repeated: false,
        now: Timestamp::from(clock::now()),
        deadline: soon(),
    }
}

fn content(reply: &Reply) -> Value {
    match &reply.content {
        Content::Body(body) => serde_json::from_slice(body).unwrap(),
        Content::Problem(problem) => panic!("{problem:?}"),
    }
}

#[tokio::test]
async fn an_order_that_nobody_pays_is_cancelled_when_its_time_is_over_and_not_before() {
    let shop = Shop::open().await;
    let (unpaid, paid) = (shop.place(None).await, shop.place(None).await);
    assert_eq!(shop.worker.work().await.unwrap(), 0, "nothing is due");
    shop.pay(paid, 100).await;
    shop.all_are_due().await;
    assert_eq!(shop.worker.work().await.unwrap(), 1);
    assert_eq!(shop.cancelled().await, [unpaid]);
    let actor = "select count(*) from event
                  where type = 'orderfold.order.cancelled.v1' and actor like 'system:%'
                    and convert_from(data, 'UTF8')::jsonb ->> 'reason' = 'unpaid'";
    assert_eq!(shop.world.count(actor).await, 1);
    assert_eq!(
        shop.timers().await,
        1,
        "the paid order has one that is not armed"
    );
    assert_eq!(shop.worker.work().await.unwrap(), 0);
    shop.world.prove().await;
}

#[tokio::test]
async fn an_order_placed_in_the_past_has_no_timer_whatever_happens_to_it() {
    let shop = Shop::open().await;
    let order = shop.place(Some("2017-11-08T00:00:00.000Z")).await;
    shop.pay(order, 1).await;
    assert_eq!(shop.timers().await, 0);
}

#[tokio::test]
async fn an_order_that_is_paid_after_its_timer_was_claimed_is_not_cancelled() {
    let shop = Shop::open().await;
    let order = shop.place(None).await;
    shop.all_are_due().await;
    // The worker has claimed the timer when the payment comes.
    let held = shop
        .world
        .hold(shop.world.shard_of_order(order).await)
        .await;
    let working = shop.worker.work();
    let paying = async {
        shop.world.somebody_waits_for(&held).await;
        let payment = shop.pay(order, 40);
        tokio::pin!(payment);
        assert!(futures::poll!(&mut payment).is_pending());
        held.release().await;
        payment.await;
    };
    let (worked, ()) = tokio::join!(working, paying);
    assert_eq!(worked.unwrap(), 1);
    // Whichever was first: never both.
    let cancelled = shop.cancelled().await;
    assert!(cancelled.len() <= 1);
    let late = shop.place(None).await;
    shop.all_are_due().await;
    shop.pay(late, 40).await;
    assert_eq!(
        shop.worker.work().await.unwrap(),
        0,
        "its payment disarmed it"
    );
    assert_eq!(shop.cancelled().await, cancelled);
    shop.world.prove().await;
}

#[tokio::test]
async fn workers_of_two_replicas_share_the_timers_and_act_once_on_each() {
    let shop = Shop::open().await;
    for _ in 0..12 {
        shop.place(None).await;
    }
    shop.all_are_due().await;
    // A claim whose answer was lost has to run out first, as it would in time.
    let end = soon();
    while shop.timers().await > 0 {
        let _unreachable_or_not = join_all((0..3).map(|_| shop.worker.work())).await;
        shop.world
            .execute("update timer set claimed_until = null")
            .await;
        assert!(Instant::now() < end, "some timers are left");
    }
    assert_eq!(shop.cancelled().await.len(), 12);
    assert_eq!(shop.timers().await, 0);
    shop.world.prove().await;
}

#[tokio::test]
async fn a_timer_whose_worker_died_is_due_again_and_acts_once() {
    let shop = Shop::open().await;
    let order = shop.place(None).await;
    shop.all_are_due().await;
    // Claimed by somebody who is gone: first nobody gets it, then the next one.
    let claim = "update timer set claimed_until = now() + interval '1 minute'";
    shop.world.execute(claim).await;
    assert_eq!(shop.worker.work().await.unwrap(), 0);
    let timer = "create table kept as select * from timer";
    sqlx::raw_sql(timer)
        .execute(&mut shop.world.connection().await)
        .await
        .unwrap();
    shop.world
        .execute("update timer set claimed_until = now() - interval '1 second'")
        .await;
    assert_eq!(shop.worker.work().await.unwrap(), 1);
    assert_eq!(shop.cancelled().await, [order]);
    // It died after the command and before the deletion.
    shop.world
        .execute("insert into timer select stream_id, id, kind, due_at, null from kept")
        .await;
    assert_eq!(shop.worker.work().await.unwrap(), 1);
    assert_eq!(shop.cancelled().await, [order]);
    shop.world.prove().await;
}
