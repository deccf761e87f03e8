//! Every command to an order over HTTP and in bulk: what it answers, what it refuses, and which references it holds.

use orderfold_stack::{Principal, Stack, StackOptions};
use orderfold_system_tests::{
    client::{Answer, Client},
    sample,
    shop::text,
};
use reqwest::Method;
use serde_json::{Value, json};

struct Desk {
    stack: Stack,
    commands: Client,
    customer: String,
}

impl Desk {
    /// The command side alone, and one customer.
    async fn open() -> Self {
        let options = StackOptions {
            query_replicas: 0,
            ..StackOptions::default()
        };
        let stack = Stack::start(options).await.expect("a system that serves");
        let token = stack.token(Principal::Service).unwrap();
        let commands = Client::new(&stack.command_urls()[0], &token);
        let customer = commands
            .post("/v1/customers", &sample::customer("Claire Gute", None))
            .await
            .expect(201);
        let customer = text(&customer.json()["customer_id"]);
        Self {
            stack,
            commands,
            customer,
        }
    }

    fn order(&self, change: &Value) -> Value {
        let mut order = sample::order(&self.customer);
        for (name, value) in change.as_object().unwrap() {
            order[name] = value.clone();
        }
        order
    }

    /// Places or drafts an order and returns its path.
    async fn make(&self, change: Value) -> String {
        let made = self.commands.post("/v1/orders", &self.order(&change)).await;
        format!("/v1/orders/{}", text(&made.expect(201).json()["order_id"]))
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.commands.post(path, &body).await
    }

    async fn patch(&self, path: &str, body: Value) -> Answer {
        let headers = [("content-type", "application/merge-patch+json")];
        let body = body.to_string().into_bytes();
        self.commands
            .send(Method::PATCH, path, &headers, body)
            .await
    }

    /// A command without a body.
    async fn bare(&self, path: &str) -> Answer {
        self.commands
            .send(Method::POST, path, &[], Vec::new())
            .await
    }
}

fn types(answer: &Answer) -> Vec<String> {
    let events = answer.json()["events"].clone();
    events
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            let name = text(&event["type"]);
            name.trim_start_matches("orderfold.order.")
                .trim_end_matches(".v1")
                .to_owned()
        })
        .collect()
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) -> Value {
    let problem = answer.json();
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    assert_eq!(problem["code"], code, "{problem}");
    problem
}

#[track_caller]
fn points_at(answer: &Answer, pointer: &str) {
    let problem = refused(answer, 422, "invalid_fields");
    let errors = problem["errors"].as_array().unwrap();
    let found = errors.iter().any(|error| error["pointer"] == pointer);
    assert!(found, "{pointer} is not in {errors:?}");
}

#[tokio::test]
async fn a_draft_changes_and_becomes_an_order() {
    let desk = Desk::open().await;
    let body = desk.order(&json!({"draft": true, "lines": []}));
    let drafted = desk.post("/v1/orders", body).await.expect(201);
    let draft = drafted.json();
    assert_eq!(
        (&draft["lifecycle"], &draft["number"]),
        (&json!("draft"), &Value::Null)
    );
    assert_eq!(draft["totals"]["total_sales"], 0);
    assert_eq!(draft["preview"]["total_sales"], 599);
    assert_eq!(types(&drafted), ["drafted"]);
    let path = format!("/v1/orders/{}", text(&draft["order_id"]));

    refused(
        &desk.bare(&format!("{path}/place")).await,
        409,
        "order_without_lines",
    );
    let line =
        json!({"sku": "A", "name": "A", "quantity": 2, "unit_price": 1000, "tax_rate": "0.1"});
    let patch = json!({"lines": [line], "adjustments": null, "metadata": {"a": "1", "b": "2"}});
    let changed = desk.patch(&path, patch).await.expect(200);
    assert_eq!(types(&changed), ["draft_changed"]);
    assert_eq!(changed.json()["preview"]["total_sales"], 2_200);
    assert_eq!(changed.header("etag"), "\"v2\"");
    let same = desk
        .patch(&path, json!({"metadata": {"a": "1", "c": null}}))
        .await;
    assert_eq!(types(&same.expect(200)), Vec::<String>::new());

    let rehearsed = desk
        .bare(&format!("{path}/place?dry_run=true"))
        .await
        .expect(200);
    let rehearsed = rehearsed.json();
    assert_eq!(
        (&rehearsed["number"], &rehearsed["version"]),
        (&Value::Null, &json!(3))
    );
    assert_eq!(rehearsed["order_id"], draft["order_id"]);
    let stale = [("if-match", "\"v1\"")];
    let stale = desk
        .commands
        .post_with(&format!("{path}/place"), &stale, &json!({}))
        .await;
    refused(&stale, 412, "version_conflict");
    let placed = desk.bare(&format!("{path}/place")).await.expect(200);
    assert_eq!(types(&placed), ["placed"]);
    assert!(placed.json()["number"].is_string());
    assert_eq!(placed.json()["totals"]["total_sales"], 2_200);
    assert!(placed.json().get("preview").is_none());
    // A repetition comes before the version that the caller saw.
    let again = [("if-match", "\"v1\"")];
    let again = desk
        .commands
        .post_with(&format!("{path}/place"), &again, &json!({}))
        .await;
    assert_eq!(types(&again.expect(200)), Vec::<String>::new());
    let digital = desk.patch(&path, json!({"digital": true})).await;
    assert_eq!(refused(&digital, 409, "wrong_state")["lifecycle"], "placed");
}

#[tokio::test]
async fn references_are_held_by_drafts_and_free_once_given_up() {
    let desk = Desk::open().await;
    let taken = |reference: &str| {
        let order = desk.order(&json!({"reference": reference}));
        async { desk.post("/v1/orders", order).await }
    };
    let draft = desk.make(json!({"draft": true, "reference": "R-1"})).await;
    refused(&taken("R-1").await, 409, "order_reference_taken");
    desk.patch(&draft, json!({"reference": "R-2"}))
        .await
        .expect(200);
    taken("R-1").await.expect(201);
    refused(&taken("R-2").await, 409, "order_reference_taken");
    // In another channel it is another reference.
    desk.patch(&draft, json!({"channel": "shop"}))
        .await
        .expect(200);
    let moved = taken("R-2").await.expect(201);
    let back = desk.patch(&draft, json!({"channel": "web"})).await;
    refused(&back, 409, "order_reference_taken");
    let moved = format!("/v1/orders/{}", text(&moved.json()["order_id"]));
    desk.post(&format!("{moved}/cancel"), json!({"reason": "other"}))
        .await
        .expect(200);
    refused(&taken("R-2").await, 409, "order_reference_taken");
    let freed = desk
        .patch(&moved, json!({"reference": null}))
        .await
        .expect(200);
    assert_eq!(types(&freed), ["details_updated"]);
    taken("R-2").await.expect(201);

    let shop = || desk.order(&json!({"channel": "shop", "reference": "R-2"}));
    refused(
        &desk.post("/v1/orders", shop()).await,
        409,
        "order_reference_taken",
    );
    let discarded = desk.bare(&format!("{draft}/discard")).await.expect(200);
    assert_eq!(discarded.json()["lifecycle"], "discarded");
    desk.post("/v1/orders", shop()).await.expect(201);
    let again = desk
        .post(&format!("{draft}/discard"), json!({}))
        .await
        .expect(200);
    assert_eq!(types(&again), Vec::<String>::new());
}

#[tokio::test]
async fn an_order_is_held_amended_refunded_and_noted() {
    let desk = Desk::open().await;
    let order = desk.make(json!({})).await;
    let at = |what: &str| format!("{order}/{what}");
    let held = desk
        .post(&at("hold"), json!({"reason": "fraud", "note": "odd"}))
        .await
        .expect(200);
    assert_eq!(
        (&held.json()["hold"], &held.json()["on_hold"]),
        (&json!(1), &json!(true))
    );
    let again = desk
        .post(&at("hold"), json!({"reason": "fraud", "note": "odd"}))
        .await
        .expect(200);
    assert_eq!((&again.json()["hold"], types(&again).len()), (&json!(1), 0));
    let paid = json!({"reference": "p-1", "amount": 28_891, "method": "card"});
    desk.post(&at("payments"), paid).await.expect(200);
    let shipment = || json!({"reference": "s-1"});
    refused(
        &desk.post(&at("shipments"), shipment()).await,
        409,
        "order_on_hold",
    );
    let unknown = desk.post(&at("release"), json!({"hold": 2})).await;
    refused(&unknown, 409, "hold_not_found");
    assert_eq!(
        types(&desk.bare(&at("release")).await.expect(200)),
        ["released"]
    );
    assert_eq!(
        types(&desk.bare(&at("confirm")).await.expect(200)),
        ["confirmed"]
    );

    let amendment = json!({"reason": "customer", "lines": [{"line": 1, "quantity": 1}],
        "adjustments": [{"kind": "fee", "amount": 250}]});
    let amended = desk.post(&at("amend"), amendment).await.expect(200);
    assert_eq!(types(&amended), ["amended"]);
    let balance = 13_098 + 1_048 + 599 + 250 - 28_891;
    assert_eq!(amended.json()["totals"]["balance"], balance);
    let too_much = json!({"reference": "r-1", "amount": 28_892, "reason": "goodwill"});
    let too_much = desk.post(&at("refunds"), too_much).await;
    assert_eq!(
        refused(&too_much, 409, "refund_exceeds_payments")["available"],
        28_891
    );
    let too_much = json!({"reference": "r-1", "amount": 20_000, "reason": "goodwill"});
    let too_much = desk.post(&at("refunds"), too_much).await;
    assert_eq!(
        refused(&too_much, 409, "refund_exceeds_due")["available"],
        -balance
    );
    let refund =
        json!({"reference": "r-1", "amount": -balance, "reason": "cancellation", "payment": "p-1"});
    let refunded = desk.post(&at("refunds"), refund.clone()).await.expect(200);
    assert_eq!(refunded.json()["payment_status"], "partially_refunded");
    assert_eq!(
        types(&desk.post(&at("refunds"), refund).await.expect(200)).len(),
        0
    );
    desk.post(&at("shipments"), shipment()).await.expect(200);
    let noted = desk
        .post(&at("notes"), json!({"text": "call first"}))
        .await
        .expect(200);
    assert_eq!(types(&noted), ["note_added"]);
}

#[tokio::test]
async fn what_a_body_alone_gets_wrong_is_pointed_at() {
    let desk = Desk::open().await;
    let order = desk.make(json!({})).await;
    let draft = desk.make(json!({"draft": true})).await;
    for (change, pointer) in [
        (
            json!({"draft": true, "occurred_at": "2017-11-08T00:00:00.000Z"}),
            "/occurred_at",
        ),
        (json!({"due_on": "2030-01-01"}), "/due_on"),
        (json!({"lines": []}), "/lines"),
        (json!({"draft": 1}), "/draft"),
    ] {
        points_at(&desk.post("/v1/orders", desk.order(&change)).await, pointer);
    }
    for (patch, pointer) in [
        (json!({}), ""),
        (json!({"customer_id": desk.customer}), "/customer_id"),
        (json!({"channel": null}), "/channel"),
        (
            json!({"terms": "prepaid", "due_on": "2030-01-01"}),
            "/due_on",
        ),
        (json!({"metadata": {"A": null}}), "/metadata/A"),
        (json!({"lines": [{}]}), "/lines/0/sku"),
    ] {
        points_at(&desk.patch(&draft, patch).await, pointer);
    }
    for (amendment, pointer) in [
        (json!({"reason": "customer"}), "/lines"),
        (
            json!({"reason": "customer", "lines": [], "adjustments": []}),
            "/lines",
        ),
        (
            json!({"reason": "customer", "lines": [{"line": 1}]}),
            "/lines/0/quantity",
        ),
        (
            json!({"reason": "customer", "lines": [{"line": 1, "quantity": -1}]}),
            "/lines/0/quantity",
        ),
        (
            json!({"reason": "customer", "lines": [{"line": 1, "quantity": 1}, {"line": 1, "quantity": 2}]}),
            "/lines",
        ),
        (
            json!({"reason": "customer", "lines": [{"sku": "A", "name": "A", "quantity": 0, "unit_price": 1, "tax": 0}]}),
            "/lines/0/quantity",
        ),
        (
            json!({"reason": "bored", "adjustments": [{"kind": "reversal", "amount": 1}]}),
            "/adjustments/0/kind",
        ),
    ] {
        points_at(
            &desk.post(&format!("{order}/amend"), amendment).await,
            pointer,
        );
    }
    for (what, body, pointer) in [
        ("confirm", json!({"now": true}), "/now"),
        ("hold", json!({}), "/reason"),
        ("release", json!({"hold": 0}), "/hold"),
        ("notes", json!({"text": " "}), "/text"),
        (
            "refunds",
            json!({"reference": "r", "amount": 0, "reason": "return"}),
            "/amount",
        ),
    ] {
        points_at(&desk.post(&format!("{order}/{what}"), body).await, pointer);
    }
    let xml = [("content-type", "application/xml")];
    let answer = desk
        .commands
        .send(Method::PATCH, &draft, &xml, b"{}".to_vec())
        .await;
    refused(&answer, 415, "unsupported_media_type");
}

#[tokio::test]
async fn a_patch_needs_the_scope_of_what_it_changes() {
    let desk = Desk::open().await;
    let draft = desk.make(json!({"draft": true})).await;
    for (scope, patch, status) in [
        ("orders:write", json!({"tags": ["a"]}), 200),
        ("orders:place", json!({"tags": ["b"]}), 403),
        ("orders:place", json!({"digital": true, "tags": ["b"]}), 200),
        ("orders:write", json!({"digital": false}), 403),
    ] {
        let token = desk.stack.token_for(Principal::Service, scope).unwrap();
        let headers = [("content-type", "application/json")];
        let answer = desk
            .commands
            .with_token(&token)
            .send(
                Method::PATCH,
                &draft,
                &headers,
                patch.to_string().into_bytes(),
            )
            .await;
        answer.expect(status);
    }
}

#[tokio::test]
async fn a_bulk_request_drafts_places_and_amends_by_reference() {
    let desk = Desk::open().await;
    let named = |reference: &str| json!({"reference": reference, "channel": "web"});
    let lines = [
        json!({"command": "draft_order", "body": desk.order(&json!({"reference": "D-1"}))}),
        json!({"command": "change_draft", "order": named("D-1"), "body": {"reference": "D-2", "tags": ["bulk"]}}),
        json!({"command": "place_order", "order": named("D-2"), "body": {}}),
        json!({"command": "hold_order", "order": named("D-2"), "body": {"reason": "stock"}}),
        json!({"command": "release_order", "order": named("D-2"), "body": {}}),
        json!({"command": "amend_order", "order": named("D-2"),
               "body": {"reason": "customer", "lines": [{"line": 1, "quantity": 3}]}}),
        json!({"command": "update_order_details", "order": named("D-2"), "body": {"metadata": {"a": "b"}}}),
        json!({"command": "confirm_order", "order": named("D-2"), "body": {}}),
        json!({"command": "add_order_note", "order": named("D-2"), "body": {"text": "by bulk"}}),
        json!({"command": "record_refund", "order": named("D-2"),
               "body": {"reference": "r", "amount": 1, "reason": "goodwill"}}),
        json!({"command": "discard_draft", "order": named("D-2"), "body": {}}),
        json!({"command": "place_draft", "order": named("D-1"), "body": {}}),
    ];
    let body: Vec<u8> = lines
        .iter()
        .flat_map(|line| format!("{line}\n").into_bytes())
        .collect();
    let headers = [("content-type", "application/x-ndjson")];
    let answer = desk
        .commands
        .send(Method::POST, "/v1/commands", &headers, body)
        .await
        .expect(200);
    let answers: Vec<Value> = answer
        .text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let statuses: Vec<_> = answers
        .iter()
        .filter_map(|line| line["status"].as_u64())
        .collect();
    assert_eq!(
        statuses,
        [201, 200, 200, 200, 200, 200, 200, 200, 200, 409, 409, 404],
        "{answers:?}"
    );
    assert_eq!(answers[9]["problem"]["code"], "refund_exceeds_payments");
    assert_eq!(answers[10]["problem"]["code"], "wrong_state");
    assert_eq!(answers[5]["body"]["totals"]["units"], 3);
    assert_eq!(answers[12]["summary"]["succeeded"], 9);
}
