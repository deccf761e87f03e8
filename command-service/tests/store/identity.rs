//! Making a store, twice and at once, and telling another one apart.

use command_service::database::{DatabaseConfig, IdentityError, StoreIdentity};
use orderfold_events::ShardCount;
use orderfold_stack::TestServers;

use crate::{
    submissions::new_id,
    world::{CLAIM_KEY, SHARDS, World},
};

fn asked(shards: u16) -> StoreIdentity {
    StoreIdentity {
        store_id: new_id(),
        shards: ShardCount::new(shards).unwrap(),
    }
}

async fn empty() -> DatabaseConfig {
    DatabaseConfig {
        url: TestServers::shared().fresh_database().await.unwrap().into(),
    }
}

#[tokio::test]
async fn two_replicas_that_migrate_at_once_and_again_make_one_store() {
    let config = empty().await;
    let make = async |config: &DatabaseConfig| {
        config.migrate().await.unwrap();
        config
            .open()
            .unwrap()
            .create_store(asked(SHARDS), CLAIM_KEY)
            .await
            .unwrap()
    };
    let (one, other) = tokio::join!(make(&config), make(&config));
    let again = make(&config).await;
    assert_eq!(one.store_id, other.store_id);
    assert_eq!(one.store_id, again.store_id);
    let counted: (i64, i64, i64) = sqlx::query_as(
        "select (select count(*) from shard_head), (select count(*) from relay_progress),
                (select count(*) from store_epoch where epoch = 1 and from_position = 1)",
    )
    .fetch_one(config.open().unwrap().pool())
    .await
    .unwrap();
    let shards = i64::from(SHARDS);
    assert_eq!(counted, (shards, shards, shards));
}

#[tokio::test]
async fn another_claim_key_or_number_of_shards_is_refused() {
    let world = World::new().await;
    let other = world
        .database
        .identity(b"another key of thirty-two bytes!")
        .await;
    assert!(matches!(other, Err(IdentityError::OtherKey)), "{other:?}");
    let other = world
        .database
        .create_store(asked(SHARDS), b"another key of thirty-two bytes!")
        .await;
    assert!(matches!(other, Err(IdentityError::OtherKey)), "{other:?}");
    let other = world
        .database
        .create_store(asked(SHARDS + 1), CLAIM_KEY)
        .await;
    assert!(
        matches!(
            other,
            Err(IdentityError::OtherShards {
                stored: 4,
                asked: 5
            })
        ),
        "{other:?}"
    );
    assert_eq!(
        world.database.identity(CLAIM_KEY).await.unwrap().store_id,
        world.identity.store_id
    );
}

#[tokio::test]
async fn a_database_without_a_store_says_so() {
    let config = empty().await;
    let missing = config.open().unwrap().identity(CLAIM_KEY).await;
    assert!(
        matches!(missing, Err(IdentityError::Missing)),
        "no tables: {missing:?}"
    );
    config.migrate().await.unwrap();
    let missing = config.open().unwrap().identity(CLAIM_KEY).await;
    assert!(
        matches!(missing, Err(IdentityError::Missing)),
        "no identity: {missing:?}"
    );
}
