//! Customers who go on changing their e-mail to one of a few, at two replicas at once, repeating themselves now and
//! then: at the end the claims are what the events say.

use std::collections::BTreeSet;

use command_service::event_sourcing::{
    Aggregate, EventStore, Outcome, StoreError, StoredAnswer, Submission,
};
use orderfold_events::{DecodeError, StreamId};

use crate::{
    submissions::{Customer, Varied, email},
    world::{World, soon},
};

const WORKERS: u64 = 12;
const STEPS: u64 = 40;
const CUSTOMERS: u16 = 6;
const ADDRESSES: [&str; 4] = ["a", "b", "c", "d"];

/// The e-mail that a customer has.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Email(Option<String>);

impl Aggregate for Email {
    type Event = Self;

    fn initial() -> Self {
        Self(None)
    }

    fn evolve(self, event: &Self) -> Self {
        event.clone()
    }

    fn decode(_: &str, data: &[u8]) -> Result<Self, DecodeError> {
        serde_json::from_slice(data)
            .map(Self)
            .map_err(DecodeError::Malformed)
    }
}

/// Numbers that look like chance and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// A customer changes to an address, or to none, from whatever it has.
async fn change(
    store: &EventStore,
    customer: Customer,
    to: Option<&str>,
) -> Result<((Submission, bool), Submission), StoreError> {
    let stream = customer.stream();
    let loaded = store.load::<Email>(stream).await?;
    let mut submission = customer.appends(stream, loaded.version.0);
    submission.events[0].data = serde_json::to_vec(&to).unwrap().into();
    if let Some(from) = &loaded.state.0 {
        submission = submission.releasing(email(from));
    }
    if let Some(to) = to {
        submission = submission.taking(email(to));
    }
    Ok(((submission.clone(), to.is_some()), submission))
}

/// Steps of one worker; says how many changed something.
async fn walk(store: EventStore, customers: Vec<Customer>, mut dice: Dice) -> u64 {
    let mut changes = 0;
    for _ in 0..STEPS {
        let customer = customers[dice.below(customers.len())];
        let to = ADDRESSES.get(dice.below(ADDRESSES.len() + 1)).copied();
        // A lane of its own for every worker: they are to meet in the store.
        let lane = StreamId::Order(orderfold_events::OrderId(crate::submissions::new_id()));
        let settled = store
            .settle(lane, soon(), || change(&store, customer, to))
            .await;
        let ((submission, asks), outcome) = settled.unwrap();
        match outcome {
            Outcome::Accepted { coordinate, .. } => {
                changes += 1;
                let again = store.submit(submission, soon()).await;
                let Ok(Outcome::Replayed(StoredAnswer {
                    coordinate: first, ..
                })) = again
                else {
                    panic!("{again:?}")
                };
                assert_eq!(first, coordinate);
            }
            Outcome::Taken { .. } => assert!(asks, "nothing was asked for"),
            other => panic!("{other:?}"),
        }
    }
    changes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_are_what_the_events_say_whatever_was_taken_and_given_up_at_once() {
    let world = World::new().await;
    let replicas = [world.store.clone(), world.replica()];
    let customers: Vec<Customer> = (0..CUSTOMERS).map(|n| world.customer(n % 4)).collect();
    let walks = (0..WORKERS)
        .zip(replicas.iter().cycle())
        .map(|(seed, store)| tokio::spawn(walk(store.clone(), customers.clone(), Dice(seed))));
    let mut changes = 0;
    for walked in futures::future::join_all(walks).await {
        changes += walked.unwrap();
    }
    let events = world.count("select count(*) from event").await;
    assert_eq!(u64::try_from(events).unwrap(), changes);

    let mut by_events = BTreeSet::new();
    let mut by_claims = BTreeSet::new();
    for customer in &customers {
        let Email(address) = world.store.load(customer.stream()).await.unwrap().state;
        by_events.extend(address.map(|address| (address, customer.stream())));
    }
    for address in ADDRESSES {
        let (kind, key) = email(address);
        let owner = world.store.find_claim(kind, &key).await.unwrap();
        by_claims.extend(owner.map(|owner| (address.to_owned(), owner)));
    }
    assert_eq!(by_events, by_claims);
    world.prove().await;
}
