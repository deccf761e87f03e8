//! Nobody passes without a token and a scope, and a customer sees and touches only what is theirs.

use orderfold_stack::{Principal, StackOptions};
use orderfold_system_tests::{
    client::Answer,
    sample,
    shop::{Shop, text},
};
use serde_json::{Value, json};

const LATER: i64 = 4_000_000_000;

fn claims() -> Value {
    json!({"iss": "orderfold", "aud": "orderfold", "sub": "tester", "exp": LATER, "scope": "orders:read"})
}

fn without(member: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(member);
    claims
}

fn with(member: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[member] = value;
    claims
}

fn code(answer: &Answer) -> String {
    assert!(
        answer
            .header("content-type")
            .starts_with("application/problem+json"),
        "{answer:?}"
    );
    text(&answer.json()["code"])
}

#[tokio::test]
async fn a_token_that_proves_nothing_opens_nothing() {
    let shop = Shop::open(StackOptions::default()).await;
    shop.queries
        .with_token(&shop.token(&claims()))
        .get("/v1/orders")
        .await
        .expect(200);
    let own = shop.stack.token(Principal::Service).unwrap();
    let (head, signature) = own.rsplit_once('.').unwrap();
    let bad = [
        "rubbish".to_owned(),
        format!("{head}.{}", signature.chars().rev().collect::<String>()),
        shop.token(&with("exp", json!(1))),
        shop.token(&with("exp", json!("4000000000"))),
        shop.token(&with("aud", json!("elsewhere"))),
        shop.token(&with("iss", json!("somebody"))),
        shop.token(&with("nbf", json!(LATER))),
        shop.token(&without("exp")),
        shop.token(&without("aud")),
        shop.token(&without("iss")),
        shop.token(&without("sub")),
        shop.token(&with("kind", json!("customer"))),
        shop.token(&with("kind", json!("root"))),
        // Unsigned, and signed with the public key as a shared secret.
        "eyJhbGciOiJub25lIn0.eyJpc3MiOiJvcmRlcmZvbGQifQ.".to_owned(),
    ];
    for token in bad {
        for client in [&shop.queries, &shop.commands] {
            let answer = client.with_token(&token).get("/v1/orders").await;
            // The command service has no such read: who is not known learns nothing of it but 401 or 405.
            assert!(
                [401, 405].contains(&answer.status.as_u16()),
                "{token}: {answer:?}"
            );
        }
        let answer = shop
            .queries
            .with_token(&token)
            .get("/v1/orders")
            .await
            .expect(401);
        assert_eq!(code(&answer), "unauthenticated", "{token}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
        let answer = shop
            .commands
            .with_token(&token)
            .post("/v1/customers", &json!({}))
            .await
            .expect(401);
        assert_eq!(code(&answer), "unauthenticated");
    }
    assert_eq!(
        code(
            &shop
                .queries
                .without_token()
                .get("/v1/orders")
                .await
                .expect(401)
        ),
        "unauthenticated"
    );
}

#[tokio::test]
async fn each_operation_needs_its_own_scope() {
    let shop = Shop::open(StackOptions::default()).await;
    let id = "0199d3c4-7f00-73c6-869a-45b14da4f9fc";
    let order = format!("/v1/orders/{id}");
    let writes = [
        ("/v1/customers".to_owned(), "customers:write"),
        ("/v1/orders".to_owned(), "orders:place"),
        (format!("{order}/place"), "orders:place"),
        (format!("{order}/amend"), "orders:place"),
        (format!("{order}/discard"), "orders:write"),
        (format!("{order}/confirm"), "orders:write"),
        (format!("{order}/hold"), "orders:write"),
        (format!("{order}/release"), "orders:write"),
        (format!("{order}/notes"), "orders:write"),
        (format!("{order}/cancel"), "orders:write"),
        (format!("{order}/refunds"), "payments:write"),
        (format!("{order}/payments"), "payments:write"),
        (format!("{order}/shipments"), "fulfilment:write"),
        (format!("{order}/deliveries"), "fulfilment:write"),
        (format!("{order}/returns"), "fulfilment:write"),
    ];
    let reads = [
        ("/v1/orders".to_owned(), "orders:read"),
        (order.clone(), "orders:read"),
        (format!("{order}/timeline"), "orders:read"),
        ("/v1/customers".to_owned(), "customers:read"),
        (format!("/v1/customers/{id}"), "customers:read"),
        (
            "/v1/reports/sales?currency=USD&interval=day&from=2026-01-01&to=2026-01-02".to_owned(),
            "reports:read",
        ),
    ];
    let all = Principal::Service.usual_scopes();
    let lacking = |scope: &str| {
        let rest: Vec<_> = all.split_whitespace().filter(|own| *own != scope).collect();
        shop.stack
            .token_for(Principal::Service, &rest.join(" "))
            .unwrap()
    };
    for (path, scope) in &writes {
        let answer = shop
            .commands
            .with_token(&lacking(scope))
            .post(path, &json!({}))
            .await
            .expect(403);
        assert_eq!(
            (code(&answer).as_str(), &answer.json()["scope"]),
            ("insufficient_scope", &json!(scope)),
            "{path}"
        );
    }
    for (path, scope) in &reads {
        let answer = shop
            .queries
            .with_token(&lacking(scope))
            .get(path)
            .await
            .expect(403);
        assert_eq!(
            (code(&answer).as_str(), &answer.json()["scope"]),
            ("insufficient_scope", &json!(scope)),
            "{path}"
        );
    }
    let mut backdated = sample::order(id);
    backdated["occurred_at"] = json!("2017-11-08T00:00:00.000Z");
    let answer = shop
        .commands
        .with_token(&lacking("orders:backdate"))
        .post("/v1/orders", &backdated)
        .await
        .expect(403);
    assert_eq!(answer.json()["scope"], "orders:backdate");
}

#[tokio::test]
async fn a_customer_sees_and_touches_only_what_is_theirs() {
    let shop = Shop::open(StackOptions::default()).await;
    let (own, other) = (
        shop.customer("Own Customer").await,
        shop.customer("Other Customer").await,
    );
    let mine = shop
        .commands
        .post("/v1/orders", &sample::order(&own))
        .await
        .expect(201);
    let theirs = shop
        .commands
        .post("/v1/orders", &sample::order(&other))
        .await
        .expect(201);
    let token = shop
        .stack
        .token(Principal::Customer(own.parse().unwrap()))
        .unwrap();
    let (reader, writer) = (
        shop.queries.with_token(&token),
        shop.commands.with_token(&token),
    );
    let path = |answer: &Answer| format!("/v1/orders/{}", text(&answer.json()["order_id"]));

    reader.get_after(&path(&mine), &mine).await.expect(200);
    shop.queries
        .get_after(&path(&theirs), &theirs)
        .await
        .expect(200);
    for hidden in [
        path(&theirs),
        format!("{}/timeline", path(&theirs)),
        format!("/v1/customers/{other}"),
    ] {
        let code = code(&reader.get(&hidden).await.expect(404));
        assert!(
            ["order_not_found", "customer_not_found"].contains(&code.as_str()),
            "{hidden}: {code}"
        );
    }
    let number = text(&theirs.json()["number"]);
    reader
        .get(&format!("/v1/orders/{number}"))
        .await
        .expect(404);
    // Another read model than that of the single order, so it is waited for again.
    shop.queries
        .get_after("/v1/orders", &theirs)
        .await
        .expect(200);
    let listed = reader
        .get_after("/v1/orders", &mine)
        .await
        .expect(200)
        .json();
    let ids: Vec<_> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| text(&row["order_id"]))
        .collect();
    assert_eq!(ids, [text(&mine.json()["order_id"])]);
    let foreign = reader.get(&format!("/v1/orders?customer_id={other}")).await;
    let nothing = foreign.status == 404 || foreign.json()["data"] == json!([]);
    assert!(nothing, "{foreign:?}");
    let customers = reader.get("/v1/customers").await;
    let others = customers.text.contains(&other) || customers.text.contains("Other Customer");
    assert!(!others, "{customers:?}");

    let cancel = json!({"reason": "customer"});
    assert_eq!(
        code(
            &writer
                .post(&format!("{}/cancel", path(&theirs)), &cancel)
                .await
                .expect(404)
        ),
        "order_not_found"
    );
    writer
        .post(&format!("{}/cancel", path(&mine)), &cancel)
        .await
        .expect(200);
    for (what, body) in [
        (
            "payments",
            json!({"reference": "p", "amount": 1, "method": "card"}),
        ),
        ("shipments", json!({"reference": "s"})),
    ] {
        let answer = writer
            .post(&format!("{}/{what}", path(&mine)), &body)
            .await
            .expect(403);
        assert_eq!(code(&answer), "insufficient_scope");
    }
    assert_eq!(
        code(
            &writer
                .post("/v1/orders", &sample::order(&own))
                .await
                .expect(403)
        ),
        "insufficient_scope"
    );
}
