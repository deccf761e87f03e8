//! The command API on a store of its own: requests in, answers out, through the router that the service serves.

use std::{path::Path, sync::LazyLock, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request},
};
use command_service::{
    app::{self, Commands},
    database::{DatabaseConfig, KeyDatabase},
    event_sourcing::EventStore,
    execution::Secrets,
    http::codes::CATALOGUE,
    sealing::Vault,
    timers::Delays,
};
use orderfold_events::Personal;
use orderfold_http::TokenKey;
use orderfold_stack::{
    Principal,
    keys::TokenKeys,
    tokens::{ALL_SCOPES, ISSUER, mint},
};
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

use crate::world::{World, vault_keys};

/// `CLAIM_KEY` of the world in base64.
const CLAIM_KEY: &str = "YSBrZXkgb2YgYXQgbGVhc3QgdGhpcnR5LXR3byBieXRlcw==";
const TOKEN_LIFE: Duration = Duration::from_mins(10);

static KEYS: LazyLock<TokenKeys> = LazyLock::new(|| {
    let folder = format!("keys-{}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    std::fs::create_dir_all(&folder).unwrap();
    let keys = TokenKeys::in_folder(&folder);
    keys.ensure().unwrap();
    keys
});

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// The answer itself when it has the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// A refusal with this code.
    #[track_caller]
    pub fn refuses(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status, &self.body["code"]),
            (status, &json!(code)),
            "{}",
            self.body
        );
        self.body
    }

    /// A refusal of one field.
    #[track_caller]
    pub fn points_at(self, pointer: &str) {
        let problem = self.refuses(422, "invalid_fields");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }

    /// The wire types of what was recorded, without `orderfold.` and `.v1`.
    pub fn events(&self) -> Vec<String> {
        let events = self.body["events"].as_array().unwrap().iter();
        let name = |event: &Value| {
            let name = text(&event["type"]);
            name.trim_start_matches("orderfold.")
                .trim_end_matches(".v1")
                .to_owned()
        };
        events.map(name).collect()
    }
}

pub struct Shop {
    pub world: World,
    keys: DatabaseConfig,
    vault: Vault,
    router: Router,
    token: String,
}

impl Shop {
    pub async fn open() -> Self {
        let world = World::new().await;
        let (config, keys) = world.safe().await;
        let vault = Vault::new(keys, vault_keys(1));
        let router = serve(world.store.clone(), vault.clone());
        let token = token(Principal::Service, ALL_SCOPES);
        Self {
            world,
            keys: config,
            vault,
            router,
            token,
        }
    }

    /// The same store through connections and queues of another replica.
    pub fn replica(&self) -> Router {
        let keys = KeyDatabase::open(&self.keys).unwrap();
        serve(self.world.replica(), Vault::new(keys, vault_keys(1)))
    }

    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.send_with(method, path, &[], body).await
    }

    /// Without a body where it is null.
    pub async fn send_with(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answer {
        let mut all = vec![("authorization", self.token.as_str())];
        all.extend_from_slice(headers);
        send(&self.router, method, path, &all, body).await
    }

    /// As a customer.
    pub async fn send_as(
        &self,
        customer: &str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Answer {
        let principal = Principal::Customer(customer.parse::<Uuid>().unwrap());
        let token = token(principal, principal.usual_scopes());
        send(
            &self.router,
            method,
            path,
            &[("authorization", &token)],
            body,
        )
        .await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, body).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, body).await
    }

    pub async fn post_through(&self, router: &Router, path: &str, body: &Value) -> Answer {
        send(
            router,
            Method::POST,
            path,
            &[("authorization", &self.token)],
            body,
        )
        .await
    }

    /// Registers a customer and returns the path of it.
    pub async fn customer(&self, email: Option<&str>) -> String {
        let body = json!({"name": "Claire Gute", "email": email});
        let answer = self.post("/v1/customers", &body).await.expect(201);
        format!("/v1/customers/{}", text(&answer.body["customer_id"]))
    }

    /// Lines of a bulk request and their answers.
    pub async fn bulk(&self, lines: &[Value]) -> Vec<Value> {
        let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
        let body = lines.join("\n");
        let request = Request::post("/v1/commands")
            .header("authorization", &self.token)
            .header("content-type", "application/x-ndjson")
            .body(Body::from(body))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let answers = bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        answers
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    /// The data of every event of a stream with what is personal opened, and its type.
    pub async fn stream(&self, stream: &str) -> Vec<(String, Value)> {
        let rows: Vec<(String, Vec<u8>)> =
            sqlx::query_as("select type, data from event where stream_id = $1 order by version")
                .bind(stream)
                .fetch_all(self.world.database.pool())
                .await
                .unwrap();
        let mut stream = Vec::with_capacity(rows.len());
        for (name, data) in rows {
            let mut data: Value = serde_json::from_slice(&data).unwrap();
            if let Some(part) = data.get_mut("personal") {
                let sealed: Personal<Value> = serde_json::from_value(part.take()).unwrap();
                assert!(sealed.key().is_some(), "{name} is not sealed");
                *part = json!({"plain": self.vault.open(&sealed).await.unwrap()});
            }
            stream.push((name, data));
        }
        stream
    }

    pub async fn events(&self) -> i64 {
        self.world.count("select count(*) from event").await
    }
}

fn serve(store: EventStore, vault: Vault) -> Router {
    let secrets = Secrets::parse(&CLAIM_KEY.into()).unwrap();
    let zone = "Europe/Berlin".parse().unwrap();
    let commands = Commands::new(store, (secrets, vault), zone, Delays::default());
    let key = TokenKey::from_file(KEYS.public_file(), ISSUER).unwrap();
    app::operations().into_router(commands, key, CATALOGUE)
}

fn token(principal: Principal, scopes: &str) -> String {
    let key = KEYS.signing_key().unwrap();
    format!(
        "Bearer {}",
        mint(&key, principal, scopes, TOKEN_LIFE).unwrap()
    )
}

async fn send(
    router: &Router,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let named = headers.iter().any(|(name, _)| *name == "content-type");
    if !body.is_null() && !named {
        request = request.header("content-type", "application/json");
    }
    let body = if body.is_null() {
        Body::empty()
    } else {
        Body::from(body.to_string())
    };
    let response = router
        .clone()
        .oneshot(request.body(body).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    }
}

#[track_caller]
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

/// The id at the end of a path.
pub fn id_of(path: &str) -> &str {
    path.rsplit_once('/').unwrap().1
}

/// One unit of something without tax, on account or prepaid.
pub fn order(customer: &str, terms: &str, price: i64) -> Value {
    json!({
        "customer_id": id_of(customer), "channel": "web", "currency": "USD", "terms": terms, "digital": true,
        "lines": [{"sku": "SKU-1", "name": "A thing", "quantity": 1, "unit_price": price, "tax_rate": "0"}],
    })
}
