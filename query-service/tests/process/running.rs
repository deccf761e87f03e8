//! One running process of the service.

use std::{
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use orderfold_stack::{
    TestServers,
    keys::TokenKeys,
    tokens::{self, Principal},
};
use rdkafka::{
    ClientConfig,
    message::{Header, OwnedHeaders},
    producer::{FutureProducer, FutureRecord},
};
use reqwest::{Client, Response};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::{Instant, sleep},
};

use crate::{
    fake_store::{Store, TOKEN, VIEW_KEY, serve},
    history::{History, Recorded},
};

const SHARDS: u16 = 4;
/// Nothing here takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(50);

pub struct Running {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    seen: String,
    http: String,
    admin: String,
    client: Client,
    keys: TokenKeys,
    _folder: tempfile::TempDir,
}

impl Running {
    /// The program, with everything set that has no default, and nothing that is there.
    pub fn command() -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_query-service"));
        command
            .env_clear()
            .env("HTTP_ADDRESS", "127.0.0.1:0")
            .env("ADMIN_ADDRESS", "127.0.0.1:0")
            .env("KAFKA_BROKERS", "127.0.0.1:1")
            .env("COMMAND_ADMIN_URL", "http://127.0.0.1:1")
            .env("INTERNAL_TOKEN", TOKEN)
            .env("VIEW_KEY", VIEW_KEY)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// A service of its own store.
    pub async fn start(record: impl FnOnce(&mut History)) -> Self {
        let servers = TestServers::shared();
        let mut history = History::new(SHARDS);
        record(&mut history);
        let topic = servers.fresh_topic(i32::from(SHARDS)).await.unwrap();
        let brokers = servers.kafka_brokers().await.unwrap();
        let store = Store::new(history);
        publish(&brokers, &topic, &store).await;
        let mut command = Self::command();
        command
            .env("MONGODB_URI", servers.fresh_mongo_database().await.unwrap())
            .env("KAFKA_BROKERS", brokers)
            .env("KAFKA_GROUP", format!("{topic}-group"))
            .env("KAFKA_TOPIC", topic)
            .env(
                "COMMAND_ADMIN_URL",
                serve(Arc::new(Mutex::new(store))).await,
            );
        Self::launch(command).await
    }

    pub async fn start_without_servers() -> Self {
        let mut command = Self::command();
        command.env(
            "MONGODB_URI",
            "mongodb://127.0.0.1:1/x?directConnection=true",
        );
        Self::launch(command).await
    }

    async fn launch(mut command: Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = TokenKeys::in_folder(folder.path());
        keys.ensure().unwrap();
        command.env("JWT_PUBLIC_KEY_FILE", keys.public_file());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut seen = String::new();
        let started = loop {
            let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
            let line = line.unwrap().unwrap().unwrap();
            seen.push_str(&line);
            let entry: Value = serde_json::from_str(&line).unwrap();
            if entry["message"] == "started" {
                break entry;
            }
        };
        let url = |member: &str| format!("http://{}", started[member].as_str().unwrap());
        Self {
            http: url("http"),
            admin: url("admin"),
            process,
            lines,
            seen,
            client: Client::new(),
            keys,
            _folder: folder,
        }
    }

    pub fn bearer(&self, principal: Principal, scopes: &str) -> String {
        let key = self.keys.signing_key().unwrap();
        tokens::mint(&key, principal, scopes, PATIENCE).unwrap()
    }

    pub async fn admin(&self, path: &str) -> Response {
        let url = format!("{}{path}", self.admin);
        self.client.get(url).send().await.unwrap()
    }

    pub async fn orders(&self, bearer: &str) -> Response {
        let url = format!("{}/v1/orders", self.http);
        self.client
            .get(url)
            .bearer_auth(bearer)
            .send()
            .await
            .unwrap()
    }

    /// Waits until it is ready and has folded everything.
    pub async fn wait_until_ready(&self) {
        let deadline = Instant::now() + PATIENCE;
        let token = self.bearer(Principal::Service, "orders:read");
        loop {
            let ready = self.admin("/readyz").await;
            if ready.status() == 200 {
                let orders: Value = self.orders(&token).await.json().await.unwrap();
                if orders["freshness"]["lag_events"] == 0 {
                    return;
                }
            }
            assert!(Instant::now() < deadline, "never ready");
            sleep(POLL).await;
        }
    }

    /// Tells it to stop, and answers everything it has logged.
    pub async fn stop(mut self) -> String {
        let id = i32::try_from(self.process.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), Signal::TERM).unwrap();
        let status = tokio::time::timeout(PATIENCE, self.process.wait()).await;
        assert!(status.unwrap().unwrap().success());
        while let Some(line) = self.lines.next_line().await.unwrap() {
            self.seen.push_str(&line);
        }
        let mut said = String::new();
        let mut errors = self.process.stderr.take().unwrap();
        errors.read_to_string(&mut said).await.unwrap();
        self.seen + &said
    }
}

/// What the relay does.
async fn publish(brokers: &str, topic: &str, store: &Store) {
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .create()
        .unwrap();
    for Recorded {
        envelope,
        event,
        data,
    } in &store.history.log
    {
        let mut headers = OwnedHeaders::new();
        for (key, value) in &envelope.to_headers(store.id) {
            let value = Some(value);
            headers = headers.insert(Header { key, value });
        }
        let key = event.customer_id().to_string();
        let record = FutureRecord::to(topic)
            .partition(i32::from(envelope.coordinate.shard.0))
            .key(&key)
            .payload(data)
            .headers(headers);
        let sent = producer.send(record, PATIENCE).await;
        sent.map_err(|(error, _)| error).unwrap();
    }
}
