//! Timers: what an append makes of them.

use std::time::Duration;

use command_service::event_sourcing::{Armed, Submission, TimerChange, TimerEffect};
use orderfold_events::StreamId;

use crate::{
    submissions::{Varied, email, new_id, new_key, order},
    world::{World, accepted, soon, stale, taken},
};

pub const HOUR: Duration = Duration::from_hours(1);

pub trait Timed {
    fn timing(self, stream: StreamId, effect: TimerEffect) -> Self;
}

impl Timed for Submission {
    fn timing(mut self, stream: StreamId, effect: TimerEffect) -> Self {
        self.timers.push(TimerChange {
            stream,
            timer_id: new_id(),
            effect,
        });
        self
    }
}

pub fn armed(kind: &'static str) -> Armed {
    Armed { kind, delay: HOUR }
}

/// The kind of a timer, and whether it is due an hour after its stream's last event.
type Timer = (Option<String>, Option<bool>);

impl World {
    async fn timers(&self) -> Vec<Timer> {
        sqlx::query_as(
            "select kind, due_at = recorded_at + interval '1 hour'
               from timer join stream using (stream_id) join event using (stream_id, version) order by kind",
        )
        .fetch_all(self.database.pool())
        .await
        .unwrap()
    }
}

fn some(kind: &str) -> Timer {
    (Some(kind.to_owned()), Some(true))
}

#[tokio::test]
async fn an_append_arms_rearms_disarms_and_ends_a_timer() {
    let world = World::new().await;
    let (customer, order) = (world.customer(0), order());
    let steps: [(TimerEffect, &[Timer]); 8] = [
        // What has no timer is not given one in passing.
        (TimerEffect::Follows(Some(armed("unpaid"))), &[]),
        (
            TimerEffect::Begins(Some(armed("unpaid"))),
            &[some("unpaid")],
        ),
        (TimerEffect::Follows(None), &[(None, None)]),
        (
            TimerEffect::Follows(Some(armed("unpaid"))),
            &[some("unpaid")],
        ),
        (TimerEffect::Follows(Some(armed("grace"))), &[some("grace")]),
        // Armed for the same already: the time goes on.
        (
            TimerEffect::Follows(Some(armed("grace"))),
            &[(Some("grace".to_owned()), Some(false))],
        ),
        (TimerEffect::Begins(Some(armed("grace"))), &[some("grace")]),
        (TimerEffect::Ends, &[]),
    ];
    for (seen, (effect, expected)) in (0..).zip(steps) {
        let submission = customer.appends(order, seen).timing(order, effect);
        assert!(accepted(&world.store.submit(submission, soon()).await));
        assert_eq!(world.timers().await, expected, "after step {seen}");
    }
    world.prove().await;
}

#[tokio::test]
async fn in_one_batch_the_last_word_about_a_timer_counts_and_who_drops_out_has_none() {
    let world = World::new().await;
    let customer = world.customer(0);
    let (one, two, three, four) = (order(), order(), order(), order());
    let held = Some(armed("held"));
    let address = email("a@example.com");
    let fates = world
        .together(vec![
            customer
                .appends(one, 0)
                .timing(one, TimerEffect::Begins(held)),
            customer
                .appends(one, 1)
                .timing(one, TimerEffect::Follows(Some(armed("unpaid")))),
            customer
                .appends(two, 0)
                .timing(two, TimerEffect::Begins(Some(armed("grace")))),
            customer.appends(two, 1).timing(two, TimerEffect::Ends),
            customer
                .appends(three, 5)
                .timing(three, TimerEffect::Begins(held)),
            customer.registers().taking(address),
            customer
                .appends(four, 0)
                .timing(four, TimerEffect::Begins(held))
                .taking(address),
        ])
        .await;
    assert!(stale(&fates[4]), "{:?}", fates[4]);
    assert!(stale(&fates[6]) || taken(&fates[6]), "{:?}", fates[6]);
    assert_eq!(world.timers().await, [some("unpaid")]);
    world.prove().await;
}

#[tokio::test]
async fn a_repeated_command_arms_nothing_again() {
    let world = World::new().await;
    let (customer, order, key) = (world.customer(0), order(), new_key());
    let begins = TimerEffect::Begins(Some(armed("unpaid")));
    let submission = || customer.appends(order, 0).under(key).timing(order, begins);
    assert!(accepted(&world.store.submit(submission(), soon()).await));
    world.execute("delete from timer").await;
    let _replayed = world.store.submit(submission(), soon()).await.unwrap();
    assert_eq!(world.timers().await, []);
    world.prove().await;
}
