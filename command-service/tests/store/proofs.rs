//! The proof itself: it finds what is wrong.

use crate::{
    submissions::order,
    world::{World, accepted, soon},
};

const DAMAGES: [(&str, &str); 7] = [
    (
        "an event is gone",
        "delete from event where shard = 0 and position = 2",
    ),
    (
        "the last event is gone",
        "delete from event where shard = 0 and position = 4",
    ),
    (
        "an event is there twice",
        "update event set event_id = (select event_id from event where shard = 0 and position = 1)
          where shard = 0 and position = 3",
    ),
    (
        "two events have changed places",
        "update event set position = case position when 1 then -2 else -1 end
          where shard = 0 and position in (1, 2);
         update event set position = -position where position < 0",
    ),
    (
        "a head is behind",
        "update shard_head set position = 3 where shard = 0",
    ),
    (
        "a stream is ahead",
        "update stream set version = version + 1",
    ),
    (
        "an event is elsewhere",
        "update event set shard = 1, position = 1 where shard = 0 and position = 4",
    ),
];

#[tokio::test]
async fn the_proof_finds_every_damage() {
    for (damage, sql) in DAMAGES {
        let world = World::new().await;
        let (customer, order) = (world.customer(0), order());
        for seen in 0..4 {
            assert!(accepted(
                &world
                    .store
                    .submit(customer.appends(order, seen), soon())
                    .await
            ));
        }
        world.prove().await;
        sqlx::raw_sql(sql)
            .execute(&mut world.connection().await)
            .await
            .unwrap();
        assert_ne!(
            world.findings().await,
            Vec::<String>::new(),
            "{damage}, and nothing was found"
        );
    }
}
