//! What the query service may ask: only with the token, and exactly what is stored.

use axum::http::StatusCode;
use command_service::internal::{Internal, router};
use orderfold_events::internal::{FeedRecord, Heads};
use tower::ServiceExt;

use crate::{
    submissions::Varied,
    world::{TOKEN, World, accepted, soon},
};

#[tokio::test]
async fn without_the_token_nothing_is_told() {
    let world = World::new().await;
    for path in ["/internal/heads", "/internal/feed/0"] {
        for authorization in [
            None,
            Some(TOKEN.to_owned()),
            Some(format!("Basic {TOKEN}")),
            Some("Bearer ".to_owned()),
            Some(format!("Bearer {}", &TOKEN[1..])),
            Some(format!("Bearer {TOKEN}x")),
            Some(format!("Bearer {}", TOKEN.to_uppercase())),
        ] {
            let (status, body) = world.ask(path, authorization.as_deref()).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{path} {authorization:?}");
            assert!(body.is_empty());
        }
    }
}

#[tokio::test]
async fn an_empty_token_in_the_configuration_opens_nothing() {
    let world = World::new().await;
    let open = router(Internal {
        database: world.database.clone(),
        store_id: world.identity.store_id,
        shards: world.identity.shards,
        vault: world.vault(),
        token: "".into(),
    });
    for authorization in ["", "Bearer", "Bearer "] {
        let request = axum::http::Request::get("/internal/heads")
            .header("authorization", authorization)
            .body(axum::body::Body::empty())
            .unwrap();
        let response = open.clone().oneshot(request).await.unwrap();
        assert_eq!(
            response.status(),
            StatusCode::UNAUTHORIZED,
            "{authorization:?}"
        );
    }
}

#[tokio::test]
async fn heads_name_every_shard_and_where_its_history_began() {
    let world = World::new().await;
    assert!(accepted(
        &world
            .store
            .submit(world.customer(2).registers(), soon())
            .await
    ));
    let heads: Heads = serde_json::from_slice(&world.ask_well("/internal/heads").await).unwrap();
    assert_eq!(heads.store_id, world.identity.store_id);
    let positions: Vec<u64> = heads.shards.iter().map(|head| head.position.0).collect();
    assert_eq!(positions, [0, 0, 1, 0]);
    assert!(heads.shards[2].last_recorded_at.unwrap() <= heads.now);
    assert_eq!(heads.shards[0].last_recorded_at, None);
    let starts: Vec<u64> = heads
        .epochs
        .iter()
        .map(|start| start.from_position.0)
        .collect();
    assert_eq!(starts, [1, 1, 1, 1]);
}

#[tokio::test]
async fn a_shard_that_is_not_there_or_a_question_that_is_none_is_refused() {
    let world = World::new().await;
    let bearer = format!("Bearer {TOKEN}");
    for (path, expected) in [
        ("/internal/feed/4", StatusCode::NOT_FOUND),
        ("/internal/feed/65535", StatusCode::NOT_FOUND),
        ("/internal/feed/65536", StatusCode::BAD_REQUEST),
        ("/internal/feed/-1", StatusCode::BAD_REQUEST),
        ("/internal/feed/0?after=-1", StatusCode::BAD_REQUEST),
        ("/internal/feed/0?after=x", StatusCode::BAD_REQUEST),
        ("/internal/feed/0?limit=0", StatusCode::OK),
        (
            "/internal/feed/0?after=18446744073709551615",
            StatusCode::OK,
        ),
    ] {
        let (status, body) = world.ask(path, Some(&bearer)).await;
        assert_eq!(status, expected, "{path}");
        assert!(status != StatusCode::OK || body.is_empty(), "{path}");
    }
}

fn records(page: &[u8]) -> Vec<FeedRecord> {
    page.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

#[tokio::test]
async fn a_page_ends_at_its_bytes_but_never_before_its_first_record() {
    let world = World::new().await;
    let submissions = (0..24).map(|_| world.customer(0).registers().with_data(500_000));
    assert!(
        world
            .together(submissions.collect())
            .await
            .iter()
            .all(accepted)
    );
    let page = world.ask_well("/internal/feed/0").await;
    let first = records(&page);
    assert_eq!(first.len(), 17, "8 MiB, and what passes them");
    let rest = records(&world.ask_well("/internal/feed/0?after=17").await);
    assert_eq!(rest.len(), 7);
    assert_eq!(rest[0].envelope.previous_id, first[16].envelope.event_id);
    assert_eq!(
        records(&world.ask_well("/internal/feed/0?after=23&limit=1").await).len(),
        1
    );
    assert!(world.ask_well("/internal/feed/0?after=24").await.is_empty());
    world.prove().await;
}
