//! What no script should send: each a problem document with a pointer where there is one, and nothing stored.

use orderfold_stack::StackOptions;
use orderfold_system_tests::{
    checker::{self, Contents},
    client::{Answer, Client},
    sample,
    shop::{Shop, text},
};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;

const JSON: (&str, &str) = ("content-type", "application/json");
const UNKNOWN: &str = "0199d3c4-7f00-73c6-869a-45b14da4f9fc";

/// Checks the form that every refusal has.
#[track_caller]
fn problem(answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{answer:?}"
    );
    let document = answer.json();
    assert_eq!(document["code"], code, "{document}");
    assert_eq!(document["type"], format!("/problems/{code}"));
    assert_eq!(document["status"], status);
    for member in ["title", "detail", "instance", "request_id", "trace_id"] {
        assert!(
            document[member].is_string(),
            "{member} is missing: {document}"
        );
    }
    assert_eq!(document["request_id"], answer.header("x-request-id"));
    document
}

#[track_caller]
fn points_at(answer: &Answer, pointer: &str, code: &str) {
    let document = problem(answer, 422, "invalid_fields");
    let errors = document["errors"].as_array().expect("errors");
    let found = errors
        .iter()
        .any(|error| error["pointer"] == pointer && error["code"] == code);
    assert!(found, "{pointer} {code} is not in {errors:?}");
}

struct World {
    shop: Shop,
    pool: PgPool,
    before: Contents,
    customer: String,
    order: String,
}

impl World {
    async fn open() -> Self {
        let shop = Shop::open(StackOptions::default()).await;
        let customer = shop.customer("Somebody Real").await;
        let placed = shop
            .commands
            .post("/v1/orders", &sample::order(&customer))
            .await
            .expect(201);
        shop.queries
            .get_after("/v1/orders", &placed)
            .await
            .expect(200);
        let pool = PgPool::connect(&shop.stack.backends().database_url)
            .await
            .unwrap();
        let before = checker::contents(&pool).await;
        let order = text(&placed.json()["order_id"]);
        Self {
            shop,
            pool,
            before,
            customer,
            order,
        }
    }

    async fn nothing_changed(&self) {
        assert_eq!(checker::contents(&self.pool).await, self.before);
        checker::check_store(&self.pool).await;
    }

    fn order_with(&self, pointer: &str, value: Value) -> Value {
        let mut order = sample::order(&self.customer);
        if let Some(member) = order.pointer_mut(pointer) {
            *member = value;
        } else {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            order.pointer_mut(parent).unwrap()[name] = value;
        }
        order
    }
}

async fn raw(client: &Client, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    client
        .send(Method::POST, path, headers, body.to_vec())
        .await
}

#[tokio::test]
async fn a_body_that_is_no_command_is_refused_and_stores_nothing() {
    let world = World::open().await;
    let commands = &world.shop.commands;
    for body in [
        "",
        "{",
        "[1,2",
        "{\"a\":1}x",
        "\u{feff}{}",
        "{\"name\": \"a\", \"name\": \"b\"}",
        "{\"a\": {\"b\": 1, \"b\": 2}}",
    ] {
        problem(
            &raw(commands, "/v1/customers", &[JSON], body.as_bytes()).await,
            400,
            "invalid_body",
        );
    }
    problem(
        &raw(commands, "/v1/customers", &[JSON], b"{\"name\": \"\xff\"}").await,
        400,
        "invalid_body",
    );
    for body in ["null", "[]", "\"text\"", "7"] {
        points_at(
            &raw(commands, "/v1/customers", &[JSON], body.as_bytes()).await,
            "",
            "wrong_type",
        );
    }
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(2 * 1024 * 1024));
    problem(
        &raw(commands, "/v1/customers", &[JSON], large.as_bytes()).await,
        413,
        "body_too_large",
    );
    for media_type in [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
    ] {
        let answer = raw(
            commands,
            "/v1/customers",
            &[("content-type", media_type)],
            b"{}",
        )
        .await;
        problem(&answer, 415, "unsupported_media_type");
    }
    problem(
        &raw(commands, "/v1/customers", &[], b"{}").await,
        415,
        "unsupported_media_type",
    );
    problem(&commands.get("/v1/nowhere").await, 404, "not_found");
    let answer = commands
        .send(Method::DELETE, "/v1/orders", &[], Vec::new())
        .await;
    problem(&answer, 405, "method_not_allowed");
    assert!(answer.header("allow").contains("POST"));
    world.nothing_changed().await;
}

#[tokio::test]
async fn every_bad_member_of_an_order_is_pointed_at_and_nothing_is_stored() {
    let world = World::open().await;
    let line = json!({"sku": "A", "name": "A", "quantity": 1, "unit_price": 1, "tax_rate": "0"});
    let long = "x".repeat(65);
    let cases = [
        ("/lines/0/quantity", json!(-1), "out_of_range"),
        ("/lines/0/quantity", json!(0), "out_of_range"),
        ("/lines/0/quantity", json!(1_000_001), "out_of_range"),
        (
            "/lines/0/quantity",
            json!(9_223_372_036_854_775_808_u64),
            "out_of_range",
        ),
        ("/lines/0/quantity", json!(1.5), "wrong_type"),
        ("/lines/0/quantity", json!("2"), "wrong_type"),
        ("/lines/0/unit_price", json!(-1), "out_of_range"),
        (
            "/lines/0/unit_price",
            json!(1_000_000_000_001_i64),
            "out_of_range",
        ),
        ("/lines/0/discount", json!(26_197), "out_of_range"),
        ("/lines/0/tax_rate", json!("0.1234567"), "invalid_format"),
        ("/lines/0/tax_rate", json!(0.08), "wrong_type"),
        ("/lines/0/tax", json!(1), "not_allowed"),
        ("/lines/0/sku", json!(long), "out_of_range"),
        ("/lines/0/name", json!("a\u{0}b"), "invalid_characters"),
        ("/lines/0/price", json!(1), "unknown_member"),
        ("/lines", json!([]), "out_of_range"),
        ("/lines", json!(vec![line; 501]), "out_of_range"),
        ("/currency", json!("XYZ"), "invalid_format"),
        ("/currency", json!("usd"), "invalid_format"),
        ("/terms", json!("barter"), "unknown_value"),
        ("/due_on", json!("2026-12-31"), "not_allowed"),
        ("/draft", json!("yes"), "wrong_type"),
        ("/totals", json!({}), "unknown_member"),
        ("/customer_id", json!("not-an-id"), "invalid_format"),
        (
            "/customer_id",
            json!(UNKNOWN.to_uppercase()),
            "invalid_format",
        ),
        (
            "/occurred_at",
            json!("2999-01-01T00:00:00.000Z"),
            "in_the_future",
        ),
        ("/occurred_at", json!("yesterday"), "invalid_format"),
        ("/tags", json!(["a", "a"]), "duplicate"),
        ("/metadata", json!({"UPPER": "x"}), "invalid_key"),
        ("/ship_to", json!({"country": "US"}), "required"),
        (
            "/ship_to",
            json!({"city": "X", "country": "Narnia"}),
            "out_of_range",
        ),
        ("/adjustments/0/kind", json!("reversal"), "unknown_value"),
        ("/adjustments/0/amount", json!(0), "out_of_range"),
    ];
    for (pointer, value, code) in cases {
        let answer = world
            .shop
            .commands
            .post("/v1/orders", &world.order_with(pointer, value.clone()))
            .await;
        let document = problem(&answer, 422, "invalid_fields");
        let found = document["errors"]
            .as_array()
            .unwrap()
            .iter()
            .any(|error| text(&error["pointer"]).starts_with(pointer) && error["code"] == code);
        assert!(found, "{pointer} = {value}: {document}");
    }
    let mut hopeless = world.order_with("/lines/0/quantity", json!(0));
    hopeless["currency"] = json!("XYZ");
    hopeless["surprise"] = json!(true);
    let answer = world.shop.commands.post("/v1/orders", &hopeless).await;
    assert_eq!(
        problem(&answer, 422, "invalid_fields")["errors"]
            .as_array()
            .unwrap()
            .len(),
        3,
        "all at once"
    );
    world.nothing_changed().await;
}

#[tokio::test]
async fn a_command_about_nothing_or_in_the_wrong_way_is_refused_and_stores_nothing() {
    let world = World::open().await;
    let commands = &world.shop.commands;
    let pay = json!({"reference": "p", "amount": 1, "method": "card"});
    for order in [UNKNOWN, "17-0000001-9", "nonsense", "%00"] {
        problem(
            &commands
                .post(&format!("/v1/orders/{order}/payments"), &pay)
                .await,
            404,
            "order_not_found",
        );
    }
    let stranger = world.order_with("/customer_id", json!(UNKNOWN));
    problem(
        &commands.post("/v1/orders", &stranger).await,
        404,
        "customer_not_found",
    );
    let payments = format!("/v1/orders/{}/payments", world.order);
    for (headers, pointer) in [
        (("if-match", "v1"), "/headers/if-match"),
        (("if-match", "W/\"v1\""), "/headers/if-match"),
        (("idempotency-key", ""), "/headers/idempotency-key"),
    ] {
        points_at(
            &commands.post_with(&payments, &[headers], &pay).await,
            pointer,
            "invalid_format",
        );
    }
    points_at(
        &commands
            .post(&format!("{payments}?dry_run=perhaps"), &pay)
            .await,
        "/query/dry_run",
        "invalid_format",
    );
    points_at(
        &commands.post(&format!("{payments}?surprise=1"), &pay).await,
        "/query/surprise",
        "unknown_parameter",
    );
    let on_account = world.order_with("/terms", json!("on_account"));
    let refused = commands.post("/v1/orders", &on_account).await;
    let document = problem(&refused, 409, "credit_limit_exceeded");
    assert_eq!(
        (&document["available"], &document["requested"]),
        (&json!(0), &json!(28_891))
    );
    let line = json!({"reason": "stock", "lines": [{"line": 9, "quantity": 1}]});
    problem(
        &commands
            .post(&format!("/v1/orders/{}/cancel", world.order), &line)
            .await,
        409,
        "line_not_found",
    );
    world.nothing_changed().await;
}

#[tokio::test]
async fn a_read_that_asks_for_nonsense_is_refused() {
    let world = World::open().await;
    let queries = &world.shop.queries;
    for (query, pointer) in [
        ("surprise=1", "/query/surprise"),
        ("limit=0", "/query/limit"),
        ("limit=201", "/query/limit"),
        ("limit=ten", "/query/limit"),
        ("cursor=rubbish", "/query/cursor"),
        ("lifecycle=lost", "/query/lifecycle"),
        ("currency=usd", "/query/currency"),
        ("sort=total", "/query/sort"),
        ("placed_from=yesterday", "/query/placed_from"),
        ("customer_id[$ne]=1", "/query/customer_id[$ne]"),
        ("limit=1&limit=2", "/query/limit"),
    ] {
        let answer = queries.get(&format!("/v1/orders?{query}")).await;
        let document = problem(&answer, 422, "invalid_fields");
        let found = document["errors"]
            .as_array()
            .unwrap()
            .iter()
            .any(|error| error["pointer"] == pointer);
        assert!(found, "{query}: {document}");
    }
    // A value is a value, whatever it looks like.
    for reference in ["{\"$ne\": null}", ".*", "$where", "' or 1=1 --"] {
        let encoded: Vec<_> = reference
            .bytes()
            .map(|byte| format!("%{byte:02X}"))
            .collect();
        let encoded = encoded.concat();
        let answer = queries
            .get(&format!("/v1/orders?reference={encoded}"))
            .await
            .expect(200);
        assert_eq!(answer.json()["data"], json!([]), "{reference}");
    }
    for order in [UNKNOWN, "26-0048213-3", "26-0048213-4", "nonsense"] {
        problem(
            &queries.get(&format!("/v1/orders/{order}")).await,
            404,
            "order_not_found",
        );
    }
    problem(
        &queries.get(&format!("/v1/customers/{UNKNOWN}")).await,
        404,
        "customer_not_found",
    );
    problem(&queries.get("/v1/nowhere").await, 404, "not_found");
    problem(
        &queries.post("/v1/orders", &json!({})).await,
        405,
        "method_not_allowed",
    );
    let answer = queries
        .get_with("/v1/orders", &[("consistency-token", "rubbish")])
        .await;
    problem(&answer, 422, "invalid_fields");
}

#[tokio::test]
async fn a_bad_line_of_many_is_refused_alone() {
    let world = World::open().await;
    let place = |key: &str, body: &Value| json!({"command": "place_order", "idempotency_key": key, "body": body});
    let good = sample::order(&world.customer);
    let lines = [
        place("a", &good).to_string(),
        "{not json".to_owned(),
        json!({"command": "burn_order", "body": {}}).to_string(),
        place("b", &world.order_with("/lines/0/quantity", json!(0))).to_string(),
        format!(
            "{{\"command\": \"place_order\", \"body\": {{\"channel\": \"{}\"}}}}",
            "x".repeat(300 * 1024)
        ),
        place("c", &good).to_string(),
    ];
    let media_type = [("content-type", "application/x-ndjson")];
    let answer = raw(
        &world.shop.commands,
        "/v1/commands",
        &media_type,
        lines.join("\n").as_bytes(),
    )
    .await
    .expect(200);
    let answers: Vec<Value> = answer
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let told: Vec<_> = answers[..6]
        .iter()
        .map(|line| {
            (
                line["line"].as_u64().unwrap(),
                line["status"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [(1, 201), (2, 400), (3, 422), (4, 422), (5, 413), (6, 201)]
    );
    assert_eq!(
        answers[3]["problem"]["errors"][0]["pointer"],
        "/lines/0/quantity"
    );
    assert_eq!(
        answers[6]["summary"],
        json!({"lines": 6, "succeeded": 2, "refused": 4})
    );
    let after = checker::contents(&world.pool).await;
    assert_eq!(after.events, world.before.events + 2);
    checker::check_store(&world.pool).await;
}
