//! Customers through the API: unique addresses, who may do what, and what is refused.

use axum::http::Method;
use serde_json::{Value, json};

use crate::shop::{Shop, id_of, order, text};

#[tokio::test]
async fn a_profile_is_patched_and_a_patch_of_nothing_is_refused() {
    let shop = Shop::open().await;
    let customer = shop.customer(None).await;
    let patch =
        json!({"name": "Claire Meier", "phone": "+12025550143", "metadata": {"tier": "gold"}});
    let merge = [("content-type", "application/merge-patch+json")];
    let changed = shop
        .send_with(Method::PATCH, &customer, &merge, &patch)
        .await;
    let changed = changed.expect(200);
    assert_eq!(changed.header("etag"), "\"v2\"");
    assert_eq!(changed.body["status"], "active");
    let again = shop.patch(&customer, &patch).await.expect(200);
    assert_eq!(again.body["version"], 2);

    let stream = shop.stream(&format!("customer-{}", id_of(&customer))).await;
    let (name, data) = &stream[1];
    assert_eq!(name, "orderfold.customer.profile_updated.v1");
    assert_eq!(data["personal"]["plain"]["phone_e164"], "+12025550143");

    shop.patch(&customer, &json!({})).await.points_at("");
    shop.patch(&customer, &json!({"name": null}))
        .await
        .points_at("/name");
    shop.patch(&customer, &json!({"email": "a@example.com"}))
        .await
        .points_at("/email");
    shop.patch(&customer, &json!({"metadata": {"BAD": "x"}}))
        .await
        .points_at("/metadata/BAD");
    shop.post(&format!("{customer}/email"), &json!({}))
        .await
        .points_at("/email");
    let (path, body) = (format!("{customer}/email"), json!({"email": null}));
    let refused = shop.send_with(Method::POST, &path, &merge, &body).await;
    refused.refuses(415, "unsupported_media_type");
    assert_eq!(shop.events().await, 2);
}

#[tokio::test]
async fn addresses_are_saved_by_their_label_and_removed() {
    let shop = Shop::open().await;
    let customer = shop.customer(None).await;
    let path = |label: &str| format!("{customer}/addresses/{label}");
    let address = json!({"default_shipping": true, "line1": "1 Main St", "country": "US"});
    let saved = shop
        .put(&path("summer%20house"), &address)
        .await
        .expect(200);
    assert_eq!(saved.body["version"], 2);
    assert_eq!(
        shop.put(&path("summer%20house"), &address)
            .await
            .expect(200)
            .body["version"],
        2
    );
    shop.put(&path("office"), &address).await.expect(200);

    let stream = shop.stream(&format!("customer-{}", id_of(&customer))).await;
    let book = &stream[2].1["personal"]["plain"]["addresses"];
    assert_eq!(
        (&book[0]["label"], &book[0]["default_shipping"]),
        (&json!("summer house"), &json!(false))
    );
    assert_eq!(book[1]["default_shipping"], true);

    let mut twice = address.clone();
    twice["label"] = json!("office");
    shop.put(&path("office"), &twice).await.points_at("/label");
    shop.put(&path(&"x".repeat(65)), &address)
        .await
        .points_at("/label");
    shop.put(&path("office"), &json!({"country": "US"}))
        .await
        .points_at("/line1");
    let removed = shop
        .send(Method::DELETE, &path("office"), &Value::Null)
        .await;
    assert_eq!(removed.expect(200).body["version"], 4);
    let again = shop
        .send(Method::DELETE, &path("office"), &Value::Null)
        .await;
    again.refuses(409, "address_not_found");
}

#[tokio::test]
async fn a_blocked_customer_places_nothing_and_what_was_placed_goes_on() {
    let shop = Shop::open().await;
    let customer = shop.customer(None).await;
    let body = order(&customer, "prepaid", 100);
    let placed = shop.post("/v1/orders", &body).await.expect(201);
    let reason = json!({"reason": "unpaid"});
    let blocked = shop
        .post(&format!("{customer}/block"), &reason)
        .await
        .expect(200);
    assert_eq!(
        (&blocked.body["status"], &blocked.body["version"]),
        (&json!("blocked"), &json!(2))
    );
    let again = shop
        .post(&format!("{customer}/block"), &reason)
        .await
        .expect(200);
    assert_eq!(again.body["version"], 2);
    shop.post("/v1/orders", &body)
        .await
        .refuses(409, "customer_blocked");
    let payment = json!({"reference": "p-1", "amount": 100, "method": "card"});
    let path = format!("/v1/orders/{}/payments", text(&placed.body["order_id"]));
    shop.post(&path, &payment).await.expect(200);
    shop.post(&format!("{customer}/block"), &json!({"reason": "mood"}))
        .await
        .points_at("/reason");

    let unblocked = shop
        .post(&format!("{customer}/unblock"), &Value::Null)
        .await;
    assert_eq!(unblocked.expect(200).body["status"], "active");
    shop.post(&format!("{customer}/unblock"), &reason)
        .await
        .points_at("/reason");
    shop.post("/v1/orders", &body).await.expect(201);
}

#[tokio::test]
async fn whoever_is_erased_frees_the_email_and_takes_no_more_commands() {
    let shop = Shop::open().await;
    let customer = shop.customer(Some("gone@example.com")).await;
    let erase = json!({"reason": "request"});
    let path = format!("{customer}/erase");
    let erased = shop.post(&path, &erase).await.expect(202);
    assert_eq!(
        (&erased.body["status"], &erased.body["version"]),
        (&json!("erased"), &json!(2))
    );
    let again = shop.post(&path, &erase).await.expect(202);
    assert_eq!(again.body["version"], 2);
    shop.customer(Some("gone@example.com")).await;
    shop.patch(&customer, &json!({"name": "Back"}))
        .await
        .refuses(409, "customer_erased");
    let body = order(&customer, "prepaid", 100);
    shop.post("/v1/orders", &body)
        .await
        .refuses(409, "customer_erased");
    let (_, last) = shop
        .stream(&format!("customer-{}", id_of(&customer)))
        .await
        .pop()
        .unwrap();
    assert_eq!(last["personal"], Value::Null, "nothing personal is in it");
}

#[tokio::test]
async fn a_customer_changes_their_own_profile_and_addresses_and_nothing_else() {
    let shop = Shop::open().await;
    let own = shop.customer(None).await;
    let other = shop.customer(None).await;
    let me = id_of(&own);
    let name = json!({"name": "Me"});
    let address = json!({"city": "Henderson", "country": "US"});
    shop.send_as(me, Method::PATCH, &own, &name)
        .await
        .expect(200);
    shop.send_as(me, Method::PUT, &format!("{own}/addresses/home"), &address)
        .await
        .expect(200);
    let before = shop.events().await;
    let refused = shop.send_as(me, Method::PATCH, &other, &name).await;
    refused.refuses(404, "customer_not_found");
    let path = format!("{other}/addresses/home");
    let refused = shop.send_as(me, Method::PUT, &path, &address).await;
    refused.refuses(404, "customer_not_found");
    for (path, body) in [
        ("email", json!({"email": null})),
        ("block", json!({"reason": "request"})),
        ("unblock", Value::Null),
        ("erase", json!({"reason": "request"})),
        ("payments", json!({})),
    ] {
        let refused = shop
            .send_as(me, Method::POST, &format!("{own}/{path}"), &body)
            .await;
        refused.refuses(403, "insufficient_scope");
    }
    assert_eq!(shop.events().await, before);
}

#[tokio::test]
async fn versions_keys_and_dry_runs_guard_a_customer() {
    let shop = Shop::open().await;
    let customer = shop.customer(None).await;
    let name = json!({"name": "Second"});
    let stale = [("if-match", "\"v7\"")];
    let refused = shop
        .send_with(Method::PATCH, &customer, &stale, &name)
        .await;
    assert_eq!(
        refused.refuses(412, "version_conflict")["current_version"],
        1
    );

    let dry = shop
        .patch(&format!("{customer}?dry_run=true"), &name)
        .await
        .expect(200);
    assert_eq!(
        (&dry.body["version"], &dry.body["dry_run"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(shop.events().await, 1);

    let key = [("idempotency-key", "k-1"), ("if-match", "\"v1\"")];
    shop.send_with(Method::PATCH, &customer, &key, &name)
        .await
        .expect(200);
    let replayed = shop
        .send_with(Method::PATCH, &customer, &key, &name)
        .await
        .expect(200);
    assert_eq!(replayed.header("idempotency-replayed"), "true");
    // A repetition without a key comes before the version.
    shop.send_with(Method::PATCH, &customer, &stale, &name)
        .await
        .expect(200);
    let other = json!({"name": "Third"});
    let reused = shop.send_with(Method::PATCH, &customer, &key, &other).await;
    reused.refuses(422, "idempotency_key_reused");
    let nobody = "/v1/customers/0199d3c4-7f00-73c6-869a-45b14da4f9fc";
    shop.patch(nobody, &name)
        .await
        .refuses(404, "customer_not_found");
    shop.patch("/v1/customers/me", &name)
        .await
        .refuses(404, "customer_not_found");
    assert_eq!(shop.events().await, 2);
}

#[tokio::test]
async fn an_import_never_learns_an_id() {
    let shop = Shop::open().await;
    let who = json!({"reference": "CG-1", "channel": "web"});
    let line =
        |command: &str, body: Value| json!({"command": command, "customer": who, "body": body});
    let register = json!({"command": "register_customer",
        "body": {"name": "Claire", "reference": {"channel": "web", "value": "CG-1"}}});
    let on_account = json!({"channel": "web", "currency": "USD", "terms": "on_account", "digital": true,
        "lines": [{"sku": "S", "name": "A thing", "quantity": 1, "unit_price": 70, "tax_rate": "0"}]});
    let payment = json!({"reference": "c-1", "currency": "USD", "amount": 70, "method": "cheque",
        "allocations": "oldest_first"});
    let answers = shop
        .bulk(&[
            register,
            line("update_customer_profile", json!({"language": "de"})),
            line("change_customer_email", json!({"email": "c@example.com"})),
            line(
                "save_customer_address",
                json!({"label": "home", "city": "Berlin", "country": "DE"}),
            ),
            line("remove_customer_address", json!({"label": "home"})),
            line(
                "set_credit_terms",
                json!({"limit": 100, "currency": "USD", "payment_days": 14}),
            ),
            line("place_order", on_account),
            line("record_account_payment", payment),
            line("block_customer", json!({"reason": "other"})),
            line("unblock_customer", json!({})),
            line("erase_customer", json!({"reason": "retention"})),
            json!({"command": "block_customer", "body": {"reason": "other"}}),
        ])
        .await;
    let statuses: Vec<i64> = answers
        .iter()
        .filter_map(|answer| answer["status"].as_i64())
        .collect();
    assert_eq!(
        statuses,
        [201, 200, 200, 200, 200, 200, 201, 200, 200, 200, 202, 422],
        "{answers:?}"
    );
    shop.world.prove().await;
}
