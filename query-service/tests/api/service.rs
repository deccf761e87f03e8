//! One service with a database of its own, and callers with tokens of all kinds.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
    response::Response,
};
use orderfold_events::{
    ConsistencyToken, Coordinate, CustomerId, Envelope, Epoch, OrderId, Position, Shard,
    internal::EpochStart,
};
use orderfold_http::TokenKey;
use orderfold_stack::{
    TestServers,
    keys::TokenKeys,
    tokens::{self, ALL_SCOPES, Principal},
};
use query_service::{
    customers::{queries::CustomerQueries, repository::CustomerRepository},
    database::Database,
    http::{
        router::{self, Api},
        standing::Standings,
    },
    keys::KeyRing,
    live::Live,
    ops::{actors::Actors, operations::Operations},
    orders::{queries::OrderQueries, repository::OrderRepository},
    progress::Progress,
    projections::ReadModel,
    reports::{queries::ReportQueries, repository::ReportRepository},
    store::StoreClient,
};
use secrecy::SecretString;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{
    fake_store::{SharedStore, Store, TOKEN, VIEW_KEY, serve},
    history::History,
    views::{REPORTING_ZONE, Views},
};

const SHARDS: u16 = 8;
const HOUR: Duration = Duration::from_hours(1);
/// So short that what was erased is forgotten at once.
const KEY_CACHE: Duration = Duration::from_millis(1);

pub struct Service {
    router: Router,
    pub store: SharedStore,
    pub database: Database,
    views: Views,
    pub progress: Arc<Progress>,
    /// Where the database is, for those who look at it themselves.
    pub mongodb_uri: String,
    /// Ends the live feed.
    pub stop: CancellationToken,
    keys: TokenKeys,
    _folder: tempfile::TempDir,
}

/// An answer, with its body where that is JSON.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Service {
    pub async fn start() -> Self {
        let uri = TestServers::shared().fresh_mongo_database().await.unwrap();
        let database = Database::open(&uri).await.unwrap();
        let history = History::new(SHARDS);
        let shards = history.shards;
        let store = Arc::new(Mutex::new(Store::new(history)));
        let url = serve(Arc::clone(&store)).await;
        let client = StoreClient::new(&[url], SecretString::from(TOKEN)).unwrap();
        let client = Arc::new(client);
        let progress = Arc::new(Progress::new(database.clone(), Arc::clone(&client)));
        let view_key = VIEW_KEY.parse().unwrap();
        let keyring = KeyRing::new(database.clone(), client, &view_key, KEY_CACHE);
        let folder = tempfile::tempdir().unwrap();
        let keys = TokenKeys::in_folder(folder.path());
        keys.ensure().unwrap();
        let key = TokenKey::from_file(keys.public_file(), tokens::ISSUER).unwrap();
        let customers = CustomerRepository::new(database.clone());
        let stop = CancellationToken::new();
        let live = Live::new(stop.clone());
        tokio::spawn({
            let (live, database) = (live.clone(), database.clone());
            async move { live.follow(&database).await }
        });
        let api = Api {
            operations: Operations::new(database.clone(), Arc::clone(&progress)),
            actors: Actors::new(SecretString::from(TOKEN)),
            live,
            standings: Standings::new(Arc::clone(&progress)),
            orders: OrderQueries::new(
                OrderRepository::new(database.clone()),
                customers.clone(),
                keyring.clone(),
            ),
            customers: CustomerQueries::new(customers, keyring.clone(), Arc::clone(&progress)),
            keys: keyring.clone(),
            reports: ReportQueries::new(ReportRepository::new(database.clone()), REPORTING_ZONE),
        };
        Self {
            router: router::router(api, key),
            store,
            views: Views::new(database.clone(), shards, keyring).await,
            progress,
            mongodb_uri: uri,
            database,
            stop,
            keys,
            _folder: folder,
        }
    }

    /// Records events and folds them.
    pub async fn happen<T>(&mut self, change: impl FnOnce(&mut History) -> T) -> T {
        self.happen_but(None, change).await
    }

    /// Records events that one read model does not get to see.
    pub async fn happen_but<T>(
        &mut self,
        but: Option<ReadModel>,
        change: impl FnOnce(&mut History) -> T,
    ) -> T {
        let (outcome, events) = {
            let mut store = self.store.lock().unwrap();
            let before = store.history.log.len();
            let outcome = change(&mut store.history);
            (outcome, store.history.log[before..].to_vec())
        };
        self.views.write(&events, but).await;
        self.progress.read_heads().await.unwrap();
        self.progress.read_checkpoints().await.unwrap();
        outcome
    }

    /// The token that a command for this customer would answer now.
    pub fn token(&self, customer: CustomerId) -> String {
        let history = &self.store.lock().unwrap().history;
        let shard = history.shards.shard_of(customer);
        let position = history.head(shard).0;
        token_at(Coordinate {
            epoch: Epoch::FIRST,
            shard,
            position,
        })
    }

    /// What surrounds the event that was recorded last.
    pub fn last_envelope(&self) -> Envelope {
        let history = &self.store.lock().unwrap().history;
        history.log.last().unwrap().envelope.clone()
    }

    /// Whose order it is.
    pub fn owner_of(&self, order: OrderId) -> CustomerId {
        let history = &self.store.lock().unwrap().history;
        history.summary(order).customer_id
    }

    pub fn shard_of(&self, customer: CustomerId) -> Shard {
        self.store.lock().unwrap().history.shards.shard_of(customer)
    }

    /// Lets the store forget everything in the customer's shard: its positions are given out anew.
    pub async fn fork(&self, customer: CustomerId) {
        let shard = self.shard_of(customer);
        self.store.lock().unwrap().forks.push(EpochStart {
            shard,
            epoch: Epoch(2),
            from_position: Position(1),
        });
        self.progress.read_heads().await.unwrap();
    }

    /// A token for a principal with these scopes.
    pub fn bearer(&self, principal: Principal, scopes: &str) -> String {
        let key = self.keys.signing_key().unwrap();
        tokens::mint(&key, principal, scopes, HOUR).unwrap()
    }

    /// Asks as a service with every scope.
    pub async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let bearer = self.bearer(Principal::Service, ALL_SCOPES);
        self.ask(&bearer, path, headers).await
    }

    /// Asks as a customer with the usual scopes.
    pub async fn get_as(&self, customer: CustomerId, path: &str) -> Answer {
        let principal = Principal::Customer(customer.0);
        let bearer = self.bearer(principal, principal.usual_scopes());
        self.ask(&bearer, path, &[]).await
    }

    /// Asks as a service with few scopes.
    pub async fn get_scoped(&self, scopes: &str, path: &str) -> Answer {
        let bearer = self.bearer(Principal::Service, scopes);
        self.ask(&bearer, path, &[]).await
    }

    /// Asks while the test goes on.
    pub fn ask_later(
        &self,
        bearer: &str,
        path: &str,
        headers: &[(&str, &str)],
    ) -> tokio::task::JoinHandle<Answer> {
        tokio::spawn(send(self.router.clone(), request(bearer, path, headers)))
    }

    pub async fn ask(&self, bearer: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(request(bearer, path, headers)).await
    }

    /// Sends JSON as a service with every scope.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let bearer = self.bearer(Principal::Service, ALL_SCOPES);
        self.post_as(&bearer, path, body).await
    }

    pub async fn post_as(&self, bearer: &str, path: &str, body: &Value) -> Answer {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {bearer}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()));
        self.send(request.unwrap()).await
    }

    /// The raw answer, while it is still being sent.
    pub async fn stream(&self, bearer: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        let request = request(bearer, path, headers);
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        send(self.router.clone(), request).await
    }
}

fn request(bearer: &str, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::get(path).header("authorization", format!("Bearer {bearer}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

async fn send(router: Router, request: Request<Body>) -> Answer {
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

pub fn token_at(coordinate: Coordinate) -> String {
    ConsistencyToken::from(coordinate).to_string()
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// The rows of a list.
    pub fn rows(&self) -> &[Value] {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.body["data"].as_array().unwrap()
    }

    /// A member of every row.
    pub fn column(&self, member: &str) -> Vec<&str> {
        let texts = self.rows().iter().map(|row| row[member].as_str().unwrap());
        texts.collect()
    }

    /// Checks that it is the problem document of a code.
    pub fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["code"], code);
        assert_eq!(self.body["type"], format!("/problems/{code}"));
    }

    /// The pointers and codes of its errors.
    pub fn faults(&self) -> Vec<(&str, &str)> {
        self.is_problem(422, "invalid_fields");
        let errors = self.body["errors"].as_array().unwrap().iter();
        errors
            .map(|error| {
                (
                    error["pointer"].as_str().unwrap(),
                    error["code"].as_str().unwrap(),
                )
            })
            .collect()
    }
}
