//! The read models: the shape of each one's documents, and the pure folds from events to them. No clock, no
//! randomness, no call: folding the same events again gives the same documents, whatever batches they come in.
//! It knows neither the broker nor how documents are written.

pub mod customer_360;
pub mod customer_list;
pub mod order_detail;
pub mod order_list;
pub mod order_timeline;
pub mod sales_series;

#[cfg(test)]
pub(crate) mod tests;

use orderfold_events::{
    Envelope, Event, OrderId, StreamId, Version, closed_list,
    order::{OrderEvent, OrderFact},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::database::stored::StoredId;

closed_list! {
    /// Every read model, by the name that its checkpoints and collections carry.
    ReadModel {
        OrderList = "order_list", OrderDetail = "order_detail", OrderTimeline = "order_timeline",
        CustomerList = "customer_list", Customer360 = "customer_360", SalesSeries = "sales_series",
    }
}

impl ReadModel {
    /// Version of the fold and of the documents' shape; a new one is built beside the old.
    #[must_use]
    pub const fn version(self) -> u32 {
        match self {
            Self::OrderList
            | Self::OrderDetail
            | Self::OrderTimeline
            | Self::CustomerList
            | Self::Customer360
            | Self::SalesSeries => 1,
        }
    }

    /// Whether its documents gather what happened to many customers, so that none can be recomputed from the events
    /// of a few.
    #[must_use]
    pub const fn gathers(self) -> bool {
        match self {
            Self::SalesSeries => true,
            Self::OrderList
            | Self::OrderDetail
            | Self::OrderTimeline
            | Self::CustomerList
            | Self::Customer360 => false,
        }
    }
}

/// A read model whose documents belong to one customer or order each, and so to one shard: each is read, folded and
/// written whole.
pub trait DocumentView: Send + Sync + 'static {
    type Id: StoredId + Send + Sync;
    type Document: Clone + Serialize + DeserializeOwned + Send + Sync;
    /// What of all events this read model looks at.
    type Fact: Sync;

    const READ_MODEL: ReadModel;

    /// The document that an event concerns, and what of it is folded; `None` for events of no concern here.
    fn select(event: &Event) -> Option<(Self::Id, &Self::Fact)>;

    /// The id of a document.
    fn id(document: &Self::Document) -> Self::Id;

    /// Where the version of a stream is kept; `None` where no document does. It is what skipping an event raises.
    #[must_use]
    fn version_of(stream: StreamId) -> Option<VersionPlace<Self::Id>> {
        Self::Id::of_stream(stream).map(|document| VersionPlace::Member {
            document,
            path: "version",
        })
    }

    /// The document after the event.
    ///
    /// # Errors
    /// [`Contradiction`] when the event cannot have happened to this document.
    fn fold(
        document: Option<Self::Document>,
        envelope: &Envelope,
        fact: &Self::Fact,
    ) -> Result<Self::Document, Contradiction>;
}

/// Where a view keeps the version of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionPlace<Id> {
    /// In a member of one document.
    Member { document: Id, path: &'static str },
    /// As `version` in the entry with this `order_id`, in a list of whichever document has it.
    Entry { list: &'static str, order: OrderId },
}

/// Why an event cannot be folded, although it can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    #[error("version {event} came after version {document}")]
    Version { document: Version, event: Version },
    #[error("the first event of an order is not its placing")]
    NotPlaced,
    #[error("the order was placed before")]
    PlacedTwice,
    #[error("the customer was registered before")]
    RegisteredTwice,
    #[error("the event names line {0}, which the order does not have")]
    UnknownLine(u32),
    #[error("line {0} would have more units than were ordered, or fewer than none")]
    Units(u32),
    #[error("a figure is beyond its range")]
    Figure,
}

/// Checks that the event is the next one of its stream.
fn require_next(document: Version, envelope: &Envelope) -> Result<(), Contradiction> {
    if envelope.version == document.plus(1) {
        Ok(())
    } else {
        Err(Contradiction::Version {
            document,
            event: envelope.version,
        })
    }
}

/// The order that an event happened to.
fn order_of(event: &Event) -> Option<(OrderId, &OrderEvent)> {
    match event {
        Event::Order(order) => Some((order.summary.order_id, order)),
        Event::Customer(_) | Event::Credit(_) => None,
    }
}

/// How many orders an event placed, cancelled and completed.
fn order_steps(fact: &OrderFact) -> customer_360::OrderCounts {
    let mut steps = customer_360::OrderCounts::default();
    match fact {
        OrderFact::Placed(_) => steps.placed = 1,
        OrderFact::Cancelled(_) => steps.cancelled = 1,
        OrderFact::Completed(_) => steps.completed = 1,
        OrderFact::Drafted(_)
        | OrderFact::DraftChanged(_)
        | OrderFact::Discarded(_)
        | OrderFact::Confirmed(_)
        | OrderFact::Held(_)
        | OrderFact::Released(_)
        | OrderFact::Amended(_)
        | OrderFact::DetailsUpdated(_)
        | OrderFact::RefundRecorded(_)
        | OrderFact::NoteAdded(_)
        | OrderFact::ItemsCancelled(_)
        | OrderFact::PaymentRecorded(_)
        | OrderFact::ShipmentRecorded(_)
        | OrderFact::DeliveryRecorded(_)
        | OrderFact::ReturnRecorded(_) => {}
    }
    steps
}
