//! Four years of orders through the bulk endpoint: exact to the cent, also when it is done twice, when services are
//! killed in the middle, and with two replicas of each.

use std::time::Duration;

use orderfold_stack::{Progress, ServersFor, StackOptions, Unit, superstore};
use orderfold_system_tests::{
    checker, log,
    shop::{Shop, superstore as data_set},
};
use sqlx::PgPool;

/// An import may be interrupted this long before its services are back.
const PATIENCE: Duration = Duration::from_mins(8);

async fn import(shop: &Shop) -> superstore::Report {
    let (connection, folder, silence) = (shop.connection(), data_set(), Progress::silent());
    let import = superstore::import(&connection, &folder, &silence);
    let report = tokio::time::timeout(PATIENCE, import)
        .await
        .expect("an import in time")
        .expect("an import");
    assert!(report.is_exact(), "{report:#?}");
    report
}

async fn pool(shop: &Shop) -> PgPool {
    PgPool::connect(&shop.stack.backends().database_url)
        .await
        .unwrap()
}

/// Waits until so many events are stored, so that a kill comes in the middle.
async fn stored(pool: &PgPool, events: i64) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while checker::contents(pool).await.events < events {
        assert!(
            tokio::time::Instant::now() < deadline,
            "{events} events were never stored"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn kill_and_start(unit: &Unit) {
    unit.kill().await.unwrap();
    unit.start().await.unwrap();
}

async fn sum_of(urls: Vec<String>, metric: &str) -> f64 {
    let mut sum = 0.0;
    for url in urls {
        let text = reqwest::get(format!("{url}/metrics"))
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let values = text
            .lines()
            .filter(|line| line.starts_with(metric))
            .filter_map(|line| line.rsplit(' ').next());
        sum = values
            .filter_map(|value| value.parse::<f64>().ok())
            .fold(sum, std::ops::Add::add);
    }
    sum
}

#[tokio::test]
async fn an_import_is_exact_though_both_services_are_killed_in_the_middle_and_a_second_changes_nothing()
 {
    let options = StackOptions {
        servers: ServersFor::ThisTest,
        ..StackOptions::default()
    };
    let shop = Shop::open(options).await;
    let pool = pool(&shop).await;
    let kills = async {
        stored(&pool, 3_000).await;
        kill_and_start(shop.stack.command(0).unwrap()).await;
        stored(&pool, 7_000).await;
        kill_and_start(shop.stack.query(0).unwrap()).await;
        stored(&pool, 11_000).await;
        kill_and_start(shop.stack.command(0).unwrap()).await;
        kill_and_start(shop.stack.query(0).unwrap()).await;
    };
    let (report, ()) = tokio::join!(import(&shop), kills);
    let after = checker::contents(&pool).await;
    let again = import(&shop).await;
    assert_eq!(
        again.replayed, report.commands,
        "everything was carried out before"
    );
    assert_eq!(checker::contents(&pool).await, after);
    checker::check_store(&pool).await;
    let backends = shop.stack.backends();
    log::check_log(
        &pool,
        &log::read(&backends.kafka_brokers, &backends.kafka_topic),
    )
    .await;
}

#[tokio::test]
async fn two_replicas_of_each_service_import_exactly_and_abort_no_batch() {
    let options = StackOptions {
        command_replicas: 2,
        query_replicas: 2,
        ..StackOptions::default()
    };
    let shop = Shop::open(options).await;
    import(&shop).await;
    let pool = pool(&shop).await;
    checker::check_store(&pool).await;
    let backends = shop.stack.backends();
    log::check_log(
        &pool,
        &log::read(&backends.kafka_brokers, &backends.kafka_topic),
    )
    .await;
    let aborts = sum_of(
        shop.stack.query_admin_urls(),
        "orderfold_projection_aborts_total",
    )
    .await;
    let refused = sum_of(
        shop.stack.command_admin_urls(),
        "orderfold_append_refused_total",
    )
    .await;
    assert_eq!((aborts, refused), (0.0, 0.0), "a batch was aborted");
}
