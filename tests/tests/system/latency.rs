//! How long it takes until a reader sees what was written. It is reported, not judged: the machine may be busy.

use std::time::{Duration, Instant};

use orderfold_stack::StackOptions;
use orderfold_system_tests::{
    sample,
    shop::{Shop, text},
};

const ROUNDS: usize = 100;
const LIMIT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn an_accepted_command_becomes_visible_without_a_token() {
    let shop = Shop::open(StackOptions::default()).await;
    let customer = shop.customer("Impatient Customer").await;
    let mut delays = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let placed = shop
            .commands
            .post("/v1/orders", &sample::order(&customer))
            .await
            .expect(201);
        let accepted = Instant::now();
        let path = format!("/v1/orders/{}", text(&placed.json()["order_id"]));
        while shop.queries.get(&path).await.status != 200 {
            assert!(accepted.elapsed() < LIMIT, "{path} never became visible");
        }
        delays.push(accepted.elapsed());
    }
    delays.sort();
    println!(
        "accepted → visible through the query API, {ROUNDS} orders: median {:?}, 99th percentile {:?}",
        delays[ROUNDS / 2],
        delays[ROUNDS * 99 / 100]
    );
}
