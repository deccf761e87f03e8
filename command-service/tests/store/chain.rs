//! A stream that shows whether every decision stands on what it saw.

use command_service::event_sourcing::{Aggregate, EventStore, Outcome, StoreError, Submission};
use orderfold_events::{DecodeError, StreamId};

use crate::{
    submissions::{Customer, new_id},
    world::{World, soon},
};

/// A chain: every event names itself and the one that its decision saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    pub last: String,
    pub broken: usize,
}

impl Aggregate for Chain {
    type Event = (String, String);

    fn initial() -> Self {
        Self {
            last: "none".to_owned(),
            broken: 0,
        }
    }

    fn evolve(self, (name, after): &Self::Event) -> Self {
        let broken = self.broken + usize::from(*after != self.last);
        Self {
            last: name.clone(),
            broken,
        }
    }

    fn decode(_: &str, data: &[u8]) -> Result<Self::Event, DecodeError> {
        serde_json::from_slice(data).map_err(DecodeError::Malformed)
    }
}

/// A decision to add a link to the chain as the store shows it.
pub async fn link(
    store: &EventStore,
    customer: Customer,
    stream: StreamId,
) -> Result<Submission, StoreError> {
    let chain = store.load::<Chain>(stream).await?;
    let mut submission = customer.appends(stream, chain.version.0);
    let link = (new_id().to_string(), chain.state.last);
    submission.events[0].data = serde_json::to_vec(&link).unwrap().into();
    Ok(submission)
}

pub async fn settle_link(store: &EventStore, customer: Customer, stream: StreamId) -> Outcome {
    let attempt = async || Ok::<_, StoreError>(((), link(store, customer, stream).await?));
    store.settle(stream, soon(), attempt).await.unwrap().1
}

/// The chain as a replica reads it that knows nothing yet.
pub async fn prove_chain(world: &World, stream: StreamId, links: u32) {
    let chain = world.replica().load::<Chain>(stream).await.unwrap();
    assert_eq!((chain.version.0, chain.state.broken), (links, 0));
    world.prove().await;
}
