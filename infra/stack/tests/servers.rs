//! The real servers: stopped, killed, frozen and started again, with their data.

use std::time::{Duration, Instant};

use orderfold_stack::{
    Result, ServersFor, Stack, StackOptions, State, TestServers,
    process::{Identity, with_descendants},
};
use sqlx::{Connection, PgConnection};

async fn servers() -> Result<Stack> {
    let options = StackOptions {
        servers: ServersFor::ThisTest,
        command_replicas: 0,
        query_replicas: 0,
        ..StackOptions::default()
    };
    Stack::start(options).await
}

async fn count(url: &str) -> std::result::Result<i64, sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query_scalar("select count(*) from kept")
        .fetch_one(&mut connection)
        .await
}

#[tokio::test]
async fn what_was_committed_before_a_crash_is_there_after_the_restart_of_every_server() {
    let stack = servers().await.expect("three servers");
    let backends = stack.backends().clone();
    let mut connection = PgConnection::connect(&backends.database_url)
        .await
        .expect("a connection");
    sqlx::raw_sql("create table kept (id int); insert into kept values (1)")
        .execute(&mut connection)
        .await
        .expect("a row");

    for unit in stack.units() {
        unit.kill().await.expect("killed");
        assert_eq!(unit.state(), State::Stopped, "{}", unit.name());
    }
    assert!(
        count(&backends.database_url).await.is_err(),
        "nobody listens any more"
    );

    for unit in stack.units() {
        unit.start().await.expect("started again");
        assert_eq!(unit.state(), State::Running, "{}", unit.name());
    }
    assert_eq!(count(&backends.database_url).await.expect("an answer"), 1);
}

#[tokio::test]
async fn a_frozen_server_answers_nobody_until_it_is_resumed() {
    let stack = servers().await.expect("three servers");
    let postgres = stack.postgres().expect("its own PostgreSQL");
    let url = stack.backends().database_url.clone();
    postgres.freeze().await.expect("frozen");
    assert_eq!(postgres.state(), State::Frozen);
    let connecting = tokio::time::timeout(Duration::from_millis(300), PgConnection::connect(&url));
    assert!(
        connecting.await.is_err(),
        "a frozen server accepts and never answers"
    );

    postgres.resume().await.expect("resumed");
    assert_eq!(postgres.state(), State::Running);
    PgConnection::connect(&url).await.expect("a connection");
}

#[tokio::test]
async fn every_process_and_file_of_a_stack_goes_with_it_frozen_ones_too() {
    let stack = servers().await.expect("three servers");
    let folder = stack.data_folder().to_owned();
    let processes: Vec<Identity> = stack
        .units()
        .iter()
        .filter_map(|unit| Identity::of(unit.pid().expect("it runs")))
        .flat_map(with_descendants)
        .collect();
    assert!(processes.len() > 3, "PostgreSQL alone has several");
    stack
        .mongodb()
        .expect("its own MongoDB")
        .freeze()
        .await
        .expect("frozen");
    drop(stack);
    assert!(!folder.exists());
    let end = Instant::now() + Duration::from_secs(10);
    while processes.iter().any(|process| process.is_alive()) {
        assert!(Instant::now() < end, "still there: {processes:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn tests_that_share_the_servers_do_not_see_each_others_data() {
    let servers = TestServers::shared();
    let mine = servers.fresh_database().await.expect("a database");
    let other = servers.fresh_database().await.expect("another database");
    let mut connection = PgConnection::connect(&mine).await.expect("a connection");
    sqlx::raw_sql("create table kept (id int)")
        .execute(&mut connection)
        .await
        .expect("a table");
    assert_eq!(count(&mine).await.expect("an empty table"), 0);
    assert!(
        count(&other).await.is_err(),
        "the table is in one database only"
    );
}

#[tokio::test]
async fn a_fresh_topic_has_the_partitions_asked_for_and_a_fresh_mongo_database_takes_transactions()
{
    use rdkafka::{
        ClientConfig,
        consumer::{BaseConsumer, Consumer},
    };

    let servers = TestServers::shared();
    let topic = servers.fresh_topic(3).await.expect("a topic");
    let brokers = servers.kafka_brokers().await.expect("brokers");
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .create()
        .expect("a consumer");
    let metadata = consumer
        .fetch_metadata(Some(&topic), Duration::from_secs(10))
        .expect("metadata");
    assert_eq!(metadata.topics()[0].partitions().len(), 3);

    let uri = servers.fresh_mongo_database().await.expect("a database");
    let client = mongodb::Client::with_uri_str(&uri).await.expect("a client");
    let database = client.default_database().expect("the name is in the URI");
    let rows = database.collection::<mongodb::bson::Document>("rows");
    let mut session = client.start_session().await.expect("a session");
    session.start_transaction().await.expect("a transaction");
    rows.insert_one(mongodb::bson::doc! {"_id": 1})
        .session(&mut session)
        .await
        .expect("a row");
    session.abort_transaction().await.expect("aborted");
    assert_eq!(
        rows.count_documents(mongodb::bson::doc! {})
            .await
            .expect("a count"),
        0
    );
}

#[tokio::test]
async fn of_three_brokers_one_may_be_killed_or_frozen_and_a_topic_of_three_copies_goes_on() {
    let options = StackOptions {
        servers: ServersFor::ThisTest,
        brokers: 3,
        command_replicas: 0,
        query_replicas: 0,
        ..StackOptions::default()
    };
    let stack = Stack::start(options).await.expect("servers");
    let brokers = stack.brokers().expect("brokers of its own");
    let names: Vec<String> = brokers.iter().map(orderfold_stack::Unit::name).collect();
    assert_eq!(names, ["kafka-1", "kafka-2", "kafka-3"]);
    let client = |key: &str, value: &str| {
        let mut config = rdkafka::ClientConfig::new();
        config
            .set("bootstrap.servers", &stack.backends().kafka_brokers)
            .set(key, value);
        config
    };
    let admin: rdkafka::admin::AdminClient<_> =
        client("client.id", "test").create().expect("a client");
    let topic =
        rdkafka::admin::NewTopic::new("kept", 1, rdkafka::admin::TopicReplication::Fixed(3));
    let made = admin
        .create_topics([&topic], &rdkafka::admin::AdminOptions::new())
        .await;
    for outcome in made.expect("an answer") {
        outcome.expect("a topic");
    }
    let producer: rdkafka::producer::FutureProducer =
        client("acks", "all").create().expect("a producer");
    let send = async || {
        let record = rdkafka::producer::FutureRecord::<(), str>::to("kept").payload("event");
        let sent = producer.send(record, Duration::from_mins(1)).await;
        sent.map(|delivery| delivery.offset)
            .map_err(|(error, _)| error)
    };
    assert_eq!(send().await, Ok(0));
    brokers[0].kill().await.expect("a kill");
    assert_eq!(send().await, Ok(1), "two copies are enough");
    brokers[0].start().await.expect("a start");
    brokers[1].freeze().await.expect("a freeze");
    // A producer that is not idempotent may send again what the frozen leader had taken.
    assert!(send().await.is_ok_and(|offset| offset >= 2), "any two");
    brokers[1].resume().await.expect("a thaw");
    assert_eq!(brokers[1].state(), State::Running);
}

#[tokio::test]
async fn of_three_nodes_of_mongodb_one_may_be_killed_or_frozen_and_what_a_majority_has_stays() {
    let options = StackOptions {
        servers: ServersFor::ThisTest,
        mongo_nodes: 3,
        command_replicas: 0,
        query_replicas: 0,
        ..StackOptions::default()
    };
    let stack = Stack::start(options).await.expect("servers");
    let nodes = stack.mongo_nodes().expect("nodes of its own");
    let names: Vec<String> = nodes.iter().map(orderfold_stack::Unit::name).collect();
    assert_eq!(names, ["mongodb-1", "mongodb-2", "mongodb-3"]);
    let uri = &stack.backends().mongodb_uri;
    let client = mongodb::Client::with_uri_str(uri).await.expect("a client");
    let database = client.default_database().expect("the name is in the URI");
    let rows = database.collection::<mongodb::bson::Document>("rows");
    let insert = async |id: i32| {
        // What is asked while the nodes elect is asked again; what had happened already is a duplicate.
        let deadline = Instant::now() + Duration::from_mins(2);
        while let Err(error) = rows.insert_one(mongodb::bson::doc! {"_id": id}).await {
            if error.to_string().contains("E11000") {
                break;
            }
            assert!(Instant::now() < deadline, "{error}");
        }
    };
    insert(1).await;
    nodes[0].kill().await.expect("a kill");
    insert(2).await;
    nodes[0].start().await.expect("a start");
    nodes[1].freeze().await.expect("a freeze");
    insert(3).await;
    nodes[1].resume().await.expect("a thaw");
    assert_eq!(nodes[1].state(), State::Running);
    let count = rows.count_documents(mongodb::bson::doc! {}).await;
    assert_eq!(count.expect("a count"), 3);
}
