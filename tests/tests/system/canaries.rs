//! Canaries in everything personal that a command takes: shown while the customer is there, nowhere to be found at rest,
//! and gone for good once the customer is erased.

use std::{collections::BTreeSet, time::Duration};

use orderfold_stack::{ServersFor, StackOptions};
use orderfold_system_tests::{
    canaries::{self, Place},
    checker,
    client::Answer,
    sample,
    shop::{Shop, text},
};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::{Instant, sleep};

const PATIENCE: Duration = Duration::from_mins(3);
const POLL: Duration = Duration::from_millis(200);
/// Not personal: it shows that the search finds what is there.
const MARKER: &str = "MARKER-5f1c2d";

/// Makes a new canary for every personal field.
#[derive(Default)]
struct Aviary {
    canaries: Vec<String>,
    /// Those that were replaced, and those that replaced them: that a change is shown is not proven here.
    changed: BTreeSet<usize>,
}

impl Aviary {
    fn canary(&mut self) -> String {
        let canary = format!("canary{:03}zq", self.canaries.len());
        self.canaries.push(canary.clone());
        canary
    }

    fn email(&mut self) -> String {
        format!("{}@example.com", self.canary())
    }

    /// With a country, so that nothing else is told from it.
    fn address(&mut self) -> Value {
        json!({
            "name": self.canary(), "company": self.canary(), "line1": self.canary(), "line2": self.canary(),
            "city": self.canary(), "region": self.canary(), "postal_code": self.canary(), "country": "US",
            "phone": self.canary(), "tax_id": self.canary(),
        })
    }
}

struct Planted {
    customer: String,
    order: String,
    last: Answer,
}

/// Every command with something personal in it.
async fn plant(shop: &Shop, aviary: &mut Aviary) -> Planted {
    let mut registered = json!({
        "name": aviary.canary(), "email": aviary.email(), "phone": aviary.canary(),
        "reference": {"channel": "web", "value": MARKER},
    });
    let mut home = aviary.address();
    home["label"] = json!(aviary.canary());
    home["default_shipping"] = json!(true);
    registered["addresses"] = json!([home]);
    let registered = shop.commands.post("/v1/customers", &registered).await;
    let customer = text(&registered.expect(201).json()["customer_id"]);
    change(shop, aviary, &customer).await;
    let mut order = sample::order(&customer);
    order["reference"] = json!(MARKER);
    order["bill_to"] = aviary.address();
    order["contact"] =
        json!({"name": aviary.canary(), "email": aviary.email(), "phone": aviary.canary()});
    let placed = shop.commands.post("/v1/orders", &order).await.expect(201);
    let order = text(&placed.json()["order_id"]);
    for (verb, body) in [
        (
            "hold",
            json!({"reason": "address", "note": aviary.canary()}),
        ),
        ("release", json!({"note": aviary.canary()})),
        (
            "amend",
            json!({"reason": "customer", "ship_to": aviary.address()}),
        ),
        ("notes", json!({"text": aviary.canary()})),
    ] {
        let path = format!("/v1/orders/{order}/{verb}");
        shop.commands.post(&path, &body).await.expect(200);
    }
    draft(shop, aviary, &customer).await;
    let cancel = json!({"reason": "customer", "note": aviary.canary(), "lines": [{"line": 1, "quantity": 1}]});
    let path = format!("/v1/orders/{order}/cancel");
    let last = shop.commands.post(&path, &cancel).await.expect(200);
    Planted {
        customer,
        order,
        last,
    }
}

/// A draft that is changed, and then placed.
async fn draft(shop: &Shop, aviary: &mut Aviary, customer: &str) {
    let before = aviary.canaries.len();
    let mut order = sample::order(customer);
    order["draft"] = json!(true);
    order["contact"] = json!({"name": aviary.canary(), "email": aviary.email()});
    let drafted = shop.commands.post("/v1/orders", &order).await.expect(201);
    let path = format!("/v1/orders/{}", text(&drafted.json()["order_id"]));
    let changed = json!({"contact": {"name": aviary.canary()}, "ship_to": aviary.address()});
    let json_type = [("content-type", "application/json")];
    let changed = changed.to_string().into_bytes();
    let patched = shop
        .commands
        .send(Method::PATCH, &path, &json_type, changed);
    patched.await.expect(200);
    let placed = shop
        .commands
        .post(&format!("{path}/place"), &json!({}))
        .await;
    placed.expect(200);
    aviary.changed.extend(before..aviary.canaries.len());
}

/// Another name, e-mail and phone number, and one more address. What they replace is not shown any more.
async fn change(shop: &Shop, aviary: &mut Aviary, customer: &str) {
    let path = format!("/v1/customers/{customer}");
    let json_type = [("content-type", "application/json")];
    let before = aviary.canaries.len();
    let profile = json!({"name": aviary.canary(), "phone": aviary.canary()});
    let profile = profile.to_string().into_bytes();
    let patched = shop
        .commands
        .send(Method::PATCH, &path, &json_type, profile);
    patched.await.expect(200);
    let email = json!({"email": aviary.email()});
    let email_path = format!("{path}/email");
    shop.commands.post(&email_path, &email).await.expect(200);
    let address = aviary.address().to_string().into_bytes();
    let path = format!("{path}/addresses/{}", aviary.canary());
    let saved = shop.commands.send(Method::PUT, &path, &json_type, address);
    saved.await.expect(200);
    aviary
        .changed
        .extend((0..3).chain(before..aviary.canaries.len()));
}

/// What is refused leaves nothing behind either.
async fn refused(shop: &Shop, aviary: &mut Aviary, customer: &str) {
    let path = format!("/v1/customers/{customer}/addresses/{}", aviary.canary());
    let kept = [("idempotency-key", "a refusal that is kept")];
    shop.commands
        .send(Method::DELETE, &path, &kept, Vec::new())
        .await
        .expect(409);
    for body in [
        json!({"name": aviary.canary(), "email": aviary.canary()}),
        json!({"name": [aviary.canary()]}),
        json!({"name": "x", aviary.canary(): 1}),
    ] {
        shop.commands.post("/v1/customers", &body).await.expect(422);
    }
    let broken = format!("{{\"name\": \"{}\"", aviary.canary()).into_bytes();
    let json_type = [("content-type", "application/json")];
    shop.commands
        .send(Method::POST, "/v1/customers", &json_type, broken)
        .await
        .expect(400);
}

async fn shown(shop: &Shop, planted: &Planted) -> String {
    let Planted {
        customer,
        order,
        last,
    } = planted;
    let mut shown = String::new();
    for path in [
        format!("/v1/customers/{customer}"),
        format!("/v1/orders/{order}"),
        format!("/v1/orders/{order}/timeline"),
        "/v1/customers".to_owned(),
        "/v1/orders".to_owned(),
    ] {
        shown.push_str(&shop.queries.get_after(&path, last).await.expect(200).text);
    }
    shown
}

/// Fails where any canary is in any place.
fn search(places: &[Place], aviary: &Aviary) {
    let mut found = Vec::new();
    for place in places {
        // One look for what all of them begin with; then for which it is.
        if place.holds("canary") {
            let inside = aviary.canaries.iter().filter(|canary| place.holds(canary));
            found.extend(inside.map(|canary| format!("{canary} in {}", place.name)));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

async fn places(shop: &Shop, pool: &PgPool) -> Vec<Place> {
    let backup = canaries::backup(pool).await;
    let topic = canaries::topic(&shop.stack);
    for place in [&backup, &topic] {
        assert!(
            place.holds(MARKER),
            "the search sees nothing in {}",
            place.name
        );
    }
    let mut places = canaries::disks(&shop.stack, pool).await;
    for server in ["PostgreSQL:", "MongoDB:"] {
        let of_server = |place: &&Place| place.name.starts_with(server);
        assert!(
            places
                .iter()
                .filter(of_server)
                .any(|place| place.holds(MARKER)),
            "the search sees nothing in the files of {server}"
        );
    }
    assert!(
        places
            .iter()
            .any(|place| place.name.starts_with("log:") && !place.bytes.is_empty())
    );
    places.extend([backup, topic]);
    places
}

async fn complete(shop: &Shop, customer: &str) {
    let path = format!("/v1/customers/{customer}/erasure");
    let deadline = Instant::now() + PATIENCE;
    loop {
        // Not found, until the erasure is folded.
        let answer = shop.queries.get(&path).await;
        let receipt = answer.json();
        if receipt["status"] == "complete" {
            assert!(receipt["key_destroyed_at"].is_string(), "{receipt}");
            return;
        }
        assert!(Instant::now() < deadline, "{answer:?}");
        sleep(POLL).await;
    }
}

#[tokio::test]
async fn nothing_personal_is_at_rest_in_plain_and_nothing_is_shown_after_an_erasure() {
    let shop = Shop::open(StackOptions {
        servers: ServersFor::ThisTest,
        environment: vec![("KEY_CACHE_SECONDS".to_owned(), "1".to_owned())],
        ..StackOptions::default()
    })
    .await;
    let pool = PgPool::connect(&shop.stack.backends().database_url)
        .await
        .unwrap();
    let mut aviary = Aviary::default();
    let planted = plant(&shop, &mut aviary).await;
    let before = shown(&shop, &planted).await;
    for (index, canary) in aviary.canaries.iter().enumerate() {
        let shown = before.contains(canary) || aviary.changed.contains(&index);
        assert!(shown, "{canary} is not shown");
    }
    refused(&shop, &mut aviary, &planted.customer).await;
    search(&places(&shop, &pool).await, &aviary);

    // Searching takes longer than an idle connection lives.
    let shop = shop.reconnected();
    let erase = format!("/v1/customers/{}/erase", planted.customer);
    let reason = json!({"reason": "request"});
    shop.commands.post(&erase, &reason).await.expect(202);
    complete(&shop, &planted.customer).await;
    let after = shown(&shop, &planted).await;
    assert!(!after.contains("canary"), "{after}");
    search(&places(&shop, &pool).await, &aviary);
    let keys = PgPool::connect(&shop.stack.backends().keys_database_url)
        .await
        .unwrap();
    let left = "select count(*) from customer_key where wrapped is not null";
    let left: i64 = sqlx::query_scalar(left).fetch_one(&keys).await.unwrap();
    assert_eq!(left, 0, "the key is gone");
    checker::check_store(&pool).await;
}
