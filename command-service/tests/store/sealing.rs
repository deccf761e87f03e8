//! Keys and what they seal, on a real database of keys: made once, told to whom they are due, and destroyed for good.

use axum::http::StatusCode;
use base64::{Engine, engine::general_purpose::STANDARD};
use command_service::{
    database::{DatabaseConfig, IdentityError, KeyDatabase},
    event_sourcing::{Outcome, StoreError},
    internal::{Internal, router},
    sealing::{Erasing, Vault},
};
use orderfold_events::{
    CustomerId, EventId, Keys, Personal, SealingKey,
    internal::{KeyState, KeysAnswer},
    personal::Note,
};
use secrecy::ExposeSecret;
use serde::Deserialize;
use sqlx::PgPool;
use tower::ServiceExt;

use crate::{
    submissions::{Customer, new_id},
    world::{TOKEN, VIEW_KEY, World, soon, vault_keys},
};

const DATA: &[u8] = br#"{"reason":"stock","personal":{"plain":{"note":"call Claire"}}}"#;

/// A database of keys of its own.
struct Safe {
    config: DatabaseConfig,
    keys: KeyDatabase,
    pool: PgPool,
}

impl Safe {
    async fn of(world: &World) -> Self {
        let (config, keys) = world.safe().await;
        let pool = PgPool::connect(config.url.expose_secret()).await.unwrap();
        Self { config, keys, pool }
    }

    /// A vault of another replica, every time: nothing is cached in it.
    fn vault(&self) -> Vault {
        Vault::new(self.keys.clone(), vault_keys(1))
    }

    fn erasing(&self, world: &World) -> Erasing {
        Erasing::new(
            (self.vault(), self.keys.clone()),
            (world.database.clone(), world.store.clone()),
            world.identity.store_id,
            world.identity.shards,
        )
    }

    async fn rows(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }
}

async fn sealed(vault: &Vault, customer: CustomerId) -> Personal<Note> {
    #[derive(Deserialize)]
    struct Data {
        personal: Personal<Note>,
    }
    let data = vault.seal(customer, EventId(new_id()), DATA).await.unwrap();
    let text = str::from_utf8(&data).unwrap();
    assert!(!text.contains("Claire"), "{text}");
    let data: Data = serde_json::from_slice(&data).unwrap();
    assert_eq!(data.personal.key(), Some(customer));
    data.personal
}

fn note(text: &str) -> Note {
    Note {
        note: Some(text.to_owned()),
    }
}

#[tokio::test]
async fn replicas_that_seal_at_once_for_a_new_customer_make_one_key() {
    let world = World::new().await;
    let safe = Safe::of(&world).await;
    let customer = CustomerId(new_id());
    let vaults: Vec<Vault> = (0..3).map(|_| safe.vault()).collect();
    let sealing = vaults.iter().map(|vault| sealed(vault, customer));
    for part in futures::future::join_all(sealing).await {
        let opened = safe.vault().open(&part).await.unwrap();
        assert_eq!(opened, Some(note("call Claire")));
    }
    assert_eq!(safe.rows("select count(*) from customer_key").await, 1);
}

#[tokio::test]
async fn a_destroyed_key_is_never_made_again_and_opens_nothing() {
    let world = World::new().await;
    let safe = Safe::of(&world).await;
    let customer = CustomerId(new_id());
    let vault = safe.vault();
    let before = sealed(&vault, customer).await;
    vault.destroy(&[customer]).await.unwrap();
    for vault in [&vault, &safe.vault()] {
        assert_eq!(vault.open(&before).await.unwrap(), None);
        let after = sealed(vault, customer).await;
        assert_eq!(
            vault.open(&after).await.unwrap(),
            None,
            "nobody has its key"
        );
    }
    let left = "select count(*) from customer_key where wrapped is not null";
    assert_eq!(safe.rows(left).await, 0);
}

#[tokio::test]
async fn a_key_that_is_gone_without_a_trace_is_said_and_not_taken_for_an_erasure() {
    let world = World::new().await;
    let safe = Safe::of(&world).await;
    let part = sealed(&safe.vault(), CustomerId(new_id())).await;
    sqlx::query("delete from customer_key")
        .execute(&safe.pool)
        .await
        .unwrap();
    let opened = safe.vault().open(&part).await;
    assert!(matches!(opened, Err(StoreError::Corrupt(_))), "{opened:?}");
}

#[tokio::test]
async fn without_the_keys_nothing_is_sealed_and_so_nothing_recorded() {
    let world = World::new().await;
    let config = DatabaseConfig {
        url: "postgres://nobody@127.0.0.1:1/none".into(),
    };
    let vault = Vault::new(KeyDatabase::open(&config).unwrap(), vault_keys(1));
    let event = EventId(new_id());
    let sealing = vault.seal(CustomerId(new_id()), event, DATA).await;
    assert!(matches!(sealing, Err(StoreError::Unavailable(_))));
    let nothing = br#"{"reason":"stock"}"#;
    let sealing = vault.seal(CustomerId(new_id()), event, nothing).await;
    assert_eq!(
        sealing.unwrap().as_ref(),
        nothing,
        "nothing personal needs no key"
    );
    drop(world);
}

#[tokio::test]
async fn the_query_service_is_given_keys_that_are_known_and_told_which_are_not() {
    let world = World::new().await;
    let safe = Safe::of(&world).await;
    let [known, erased, unknown] = [(); 3].map(|()| CustomerId(new_id()));
    let vault = safe.vault();
    let part = sealed(&vault, known).await;
    vault.destroy(&[erased]).await.unwrap();
    let ask = async |body: String, token: &str| {
        let internal = router(Internal {
            database: world.database.clone(),
            store_id: world.identity.store_id,
            shards: world.identity.shards,
            vault: safe.vault(),
            token: TOKEN.into(),
        });
        let request = axum::http::Request::post("/internal/keys")
            .header("authorization", format!("Bearer {token}"))
            .body(axum::body::Body::from(body))
            .unwrap();
        let response = internal.oneshot(request).await.unwrap();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await;
        (status, body.unwrap())
    };
    let question = format!(r#"{{"customers":["{unknown}","{known}","{erased}"]}}"#);
    let (status, body) = ask(question.clone(), "another token").await;
    assert_eq!((status, body.len()), (StatusCode::UNAUTHORIZED, 0));

    let (status, body) = ask(question, TOKEN).await;
    assert_eq!(status, StatusCode::OK);
    let KeysAnswer { keys } = serde_json::from_slice(&body).unwrap();
    let states: Vec<_> = keys
        .iter()
        .map(|key| (key.customer_id, &key.state))
        .collect();
    let [
        (first, KeyState::Unknown),
        (second, KeyState::Known { wrapped }),
        (third, KeyState::Erased),
    ] = states[..]
    else {
        panic!("{states:?}");
    };
    assert_eq!([first, second, third], [unknown, known, erased]);
    let shared = STANDARD.decode(VIEW_KEY).unwrap();
    let shared = SealingKey::derive(&shared, SealingKey::SHARED_WRAPPING);
    let key = shared.unwrap(known, wrapped).unwrap();
    let keys: Keys = [(known, key)].into_iter().collect();
    assert_eq!(part.open(&keys).unwrap(), Some(note("call Claire")));

    let many: Vec<String> = (0..1_001).map(|_| format!("\"{}\"", new_id())).collect();
    for (body, expected) in [
        (
            format!("{{\"customers\":[{}]}}", many.join(",")),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
        ("{}".to_owned(), StatusCode::BAD_REQUEST),
        (r#"{"customers":["x"]}"#.to_owned(), StatusCode::BAD_REQUEST),
        (
            r#"{"customers":[],"more":1}"#.to_owned(),
            StatusCode::BAD_REQUEST,
        ),
    ] {
        assert_eq!(ask(body, TOKEN).await.0, expected);
    }
}

/// Registers a customer and erases them again.
async fn erase(world: &World, customer: Customer) {
    let registered = world.store.submit(customer.registers(), soon()).await;
    assert!(
        matches!(registered, Ok(Outcome::Accepted { .. })),
        "{registered:?}"
    );
    let mut erases = customer.appends(customer.stream(), 1);
    erases.events[0].event_type = "orderfold.customer.erased.v1";
    let erased = world.store.submit(erases, soon()).await;
    assert!(matches!(erased, Ok(Outcome::Accepted { .. })), "{erased:?}");
}

const DESTROYED: &str =
    "select count(*) from event where type = 'orderfold.customer.key_destroyed.v1'";

#[tokio::test]
async fn the_key_of_an_erased_customer_is_destroyed_and_that_is_recorded_once() {
    let world = World::new().await;
    let safe = Safe::of(&world).await;
    let [one, other] = [(); 2].map(|()| world.customer(0));
    for customer in [one, other] {
        sealed(&safe.vault(), customer.id).await;
    }
    erase(&world, one).await;
    world.store.submit(other.registers(), soon()).await.unwrap();
    let (mut first, mut second) = (safe.erasing(&world), safe.erasing(&world));
    let (a, b) = tokio::join!(first.round(), second.round());
    a.unwrap();
    b.unwrap();
    while first.round().await.unwrap() || second.round().await.unwrap() {}
    assert_eq!(world.count(DESTROYED).await, 1);
    let left = "select count(*) from customer_key where wrapped is not null";
    assert_eq!(safe.rows(left).await, 1, "the other customer keeps the key");
    world.prove().await;
}

#[tokio::test]
async fn keys_that_a_restored_backup_brought_back_are_destroyed_again() {
    let world = World::new().await;
    let safe = Safe::of(&world).await;
    let customer = world.customer(0);
    let part = sealed(&safe.vault(), customer.id).await;
    let kept = "create table backup as select * from customer_key";
    sqlx::query(kept).execute(&safe.pool).await.unwrap();
    erase(&world, customer).await;
    safe.erasing(&world).round().await.unwrap();
    for restore in [
        "delete from customer_key",
        "insert into customer_key select * from backup",
    ] {
        sqlx::query(restore).execute(&safe.pool).await.unwrap();
    }
    assert_eq!(
        safe.vault().open(&part).await.unwrap(),
        Some(note("call Claire"))
    );
    safe.erasing(&world).round().await.unwrap();
    assert_eq!(safe.vault().open(&part).await.unwrap(), None);
    assert_eq!(
        world.count(DESTROYED).await,
        1,
        "and recorded only the first time"
    );
}

#[tokio::test]
async fn a_key_without_its_customer_is_removed_after_a_day() {
    let world = World::new().await;
    let safe = Safe::of(&world).await;
    let [orphan, young, registered] = [(); 3].map(|()| world.customer(0));
    for customer in [orphan, young, registered] {
        sealed(&safe.vault(), customer.id).await;
    }
    world
        .store
        .submit(registered.registers(), soon())
        .await
        .unwrap();
    sqlx::query("update customer_key set created_at = created_at - interval '25 hours' where customer_id <> $1")
        .bind(young.id.0)
        .execute(&safe.pool)
        .await
        .unwrap();
    safe.erasing(&world).round().await.unwrap();
    let left: Vec<uuid::Uuid> =
        sqlx::query_scalar("select customer_id from customer_key order by customer_id")
            .fetch_all(&safe.pool)
            .await
            .unwrap();
    let mut expected = [young.id.0, registered.id.0];
    expected.sort_unstable();
    assert_eq!(left, expected);
}

#[tokio::test]
async fn another_master_key_or_the_keys_of_another_store_are_refused() {
    let world = World::new().await;
    let (right, wrong) = (vault_keys(1).check_value(), vault_keys(2).check_value());
    let unsettled = world.database.check_master_key(&right).await;
    assert!(
        matches!(unsettled, Err(IdentityError::Missing)),
        "{unsettled:?}"
    );
    world.database.settle_master_key(&right).await.unwrap();
    for outcome in [
        world.database.settle_master_key(&wrong).await,
        world.database.check_master_key(&wrong).await,
    ] {
        assert!(
            matches!(outcome, Err(IdentityError::OtherMasterKey)),
            "{outcome:?}"
        );
    }
    world.database.check_master_key(&right).await.unwrap();

    let safe = Safe::of(&world).await;
    safe.keys.check(world.identity.store_id).await.unwrap();
    for outcome in [
        safe.keys.check(new_id()).await,
        safe.keys.migrate(&safe.config, new_id()).await,
    ] {
        assert!(
            matches!(outcome, Err(IdentityError::OtherKeys)),
            "{outcome:?}"
        );
    }
    let empty = KeyDatabase::open(&world.config).unwrap();
    let outcome = empty.check(world.identity.store_id).await;
    assert!(
        matches!(outcome, Err(IdentityError::MissingKeys)),
        "{outcome:?}"
    );
}
