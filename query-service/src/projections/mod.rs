//! The read models: the shape of each one's documents, and the pure folds from events to them. No clock, no
//! randomness, no call: folding the same events again gives the same documents, whatever batches they come in.
//! It knows neither the broker nor how documents are written.

pub mod customer_360;
pub mod customer_list;
pub mod customer_sales;
mod fold_keys;
pub mod order_detail;
pub mod order_list;
pub mod order_timeline;
pub mod product_sales;
pub mod ranking;
pub mod receivables;
pub mod sales_series;
pub mod units;
pub mod work_queue;

#[cfg(test)]
pub(crate) mod tests;

use orderfold_events::{
    CustomerId, Envelope, Event, OrderId, StreamId, Version, closed_list,
    order::{Lifecycle, OrderEvent, OrderFact},
};
use serde::{Serialize, de::DeserializeOwned};

pub use self::fold_keys::FoldKeys;
use crate::database::stored::StoredId;

closed_list! {
    /// Every read model, by the name that its checkpoints and collections carry.
    ReadModel {
        OrderList = "order_list", OrderDetail = "order_detail", OrderTimeline = "order_timeline",
        CustomerList = "customer_list", Customer360 = "customer_360", SalesSeries = "sales_series",
        ProductSales = "product_sales", CustomerSales = "customer_sales", WorkQueue = "work_queue",
        Receivables = "receivables",
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
            | Self::SalesSeries
            | Self::ProductSales
            | Self::CustomerSales
            | Self::WorkQueue
            | Self::Receivables => 1,
        }
    }

    /// Whether its documents gather what happened to many customers, so that none can be recomputed from the events
    /// of a few.
    #[must_use]
    pub const fn gathers(self) -> bool {
        match self {
            Self::SalesSeries | Self::ProductSales => true,
            Self::OrderList
            | Self::OrderDetail
            | Self::OrderTimeline
            | Self::CustomerList
            | Self::Customer360
            | Self::CustomerSales
            | Self::WorkQueue
            | Self::Receivables => false,
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

    /// Whose key folding the event takes; none unless the document holds what only the key tells.
    fn key_for(_fact: &Self::Fact) -> Option<CustomerId> {
        None
    }

    /// The document after the event, with what only keys tell.
    ///
    /// # Errors
    /// As [`DocumentView::fold`], and [`Contradiction::Sealed`].
    fn fold_with(
        document: Option<Self::Document>,
        envelope: &Envelope,
        fact: &Self::Fact,
        _keys: &FoldKeys,
    ) -> Result<Self::Document, Contradiction> {
        Self::fold(document, envelope, fact)
    }

    /// Whose key ends with the event here, and whether it is destroyed for good.
    fn ends_key(_fact: &Self::Fact) -> Option<(CustomerId, bool)> {
        None
    }
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
    #[error("the order is not placed")]
    NotPlaced,
    #[error("the order was placed before")]
    PlacedTwice,
    #[error("the order is no draft, or not any more")]
    NoDraft,
    #[error("the customer is not registered")]
    NotRegistered,
    #[error("the customer was registered before")]
    RegisteredTwice,
    #[error("the event names line {0}, which the order does not have")]
    UnknownLine(u32),
    #[error("line {0} would have more units than were ordered, or fewer than none")]
    Units(u32),
    #[error("a figure is beyond its range")]
    Figure,
    #[error("the customer's key does not open what is personal in the event")]
    Sealed,
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

/// Checks that a fact can have happened to an order in this state; `None` is an order that is not there yet.
fn require_possible(before: Option<Lifecycle>, fact: &OrderFact) -> Result<(), Contradiction> {
    let is_placed = match before {
        None => {
            return match fact {
                OrderFact::Drafted(_) | OrderFact::Placed(_) => Ok(()),
                _ => Err(Contradiction::NotPlaced),
            };
        }
        Some(Lifecycle::Draft | Lifecycle::Discarded) => false,
        Some(
            Lifecycle::Placed | Lifecycle::Confirmed | Lifecycle::Cancelled | Lifecycle::Completed,
        ) => true,
    };
    match fact {
        OrderFact::NoteAdded(_) => Ok(()),
        OrderFact::Placed(_) if is_placed => Err(Contradiction::PlacedTwice),
        OrderFact::DraftChanged(_) | OrderFact::Discarded(_) | OrderFact::Placed(_)
            if before == Some(Lifecycle::Draft) =>
        {
            Ok(())
        }
        OrderFact::Drafted(_)
        | OrderFact::DraftChanged(_)
        | OrderFact::Discarded(_)
        | OrderFact::Placed(_) => Err(Contradiction::NoDraft),
        OrderFact::Confirmed(_)
        | OrderFact::Held(_)
        | OrderFact::Released(_)
        | OrderFact::Amended(_)
        | OrderFact::DetailsUpdated(_)
        | OrderFact::ItemsCancelled(_)
        | OrderFact::Cancelled(_)
        | OrderFact::PaymentRecorded(_)
        | OrderFact::RefundRecorded(_)
        | OrderFact::ShipmentRecorded(_)
        | OrderFact::DeliveryRecorded(_)
        | OrderFact::ReturnRecorded(_)
        | OrderFact::Completed(_) => {
            if is_placed {
                Ok(())
            } else {
                Err(Contradiction::NotPlaced)
            }
        }
    }
}

/// The events of an order from its placing on; drafts book nothing and bind nobody.
fn placed_order_of(event: &Event) -> Option<(OrderId, &OrderEvent)> {
    order_of(event).filter(|(_, order)| order.summary.number.is_some())
}

/// Adds two figures.
fn sum(one: i64, other: i64) -> Result<i64, Contradiction> {
    one.checked_add(other).ok_or(Contradiction::Figure)
}

/// Each once, in order.
fn sorted(texts: &[String]) -> Vec<String> {
    let mut texts = texts.to_vec();
    texts.sort_unstable();
    texts.dedup();
    texts
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
