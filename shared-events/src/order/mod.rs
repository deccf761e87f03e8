//! The events of an order: a summary of the order after the event, the change it made, and the fact itself.

pub mod facts;
pub mod totals;
pub mod words;

use serde::{Deserialize, Serialize};

pub use self::{
    facts::{
        Adjustment, Amended, AmendedPersonal, Cancelled, Completed, Confirmed, ContentHash,
        DeliveryRecorded, DetailsUpdated, Discarded, DraftContent, Held, ItemsCancelled, Line,
        LineQuantity, LineTax, NoteAdded, OrderPersonal, PaymentRecorded, Placed, RefundRecorded,
        Released, ReturnRecorded, ReturnedUnits, ShipmentRecorded,
    },
    totals::{Change, LineChange, Totals},
    words::{
        AdjustmentKind, AmendReason, CancelReason, FulfilmentStatus, HoldReason, Lifecycle,
        PaymentMethod, PaymentStatus, RefundReason, ReturnCondition, ReturnReason, Terms,
    },
};
use crate::{Currency, CustomerId, DecodeError, EventId, OrderId, OrderNumber, Timestamp};

/// One event of an order, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderEvent {
    pub summary: OrderSummary,
    pub change: Change,
    pub fact: OrderFact,
}

/// The order as it stands after the event; every event carries it, so that no reader calls back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderSummary {
    pub order_id: OrderId,
    pub customer_id: CustomerId,
    pub channel: String,
    pub currency: Currency,
    pub terms: Terms,
    /// Given at placing; a draft has none.
    pub number: Option<OrderNumber>,
    /// When the order was placed: the `occurred_at` of its `placed` event; a draft has none.
    pub placed_at: Option<Timestamp>,
    pub lifecycle: Lifecycle,
    pub payment_status: PaymentStatus,
    pub fulfilment_status: FulfilmentStatus,
    pub on_hold: bool,
    pub totals: Totals,
}

/// What happened. The wire names are fixed by hand in [`OrderFact::event_type`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum OrderFact {
    Drafted(Box<DraftContent>),
    DraftChanged(Box<DraftContent>),
    Discarded(Discarded),
    Placed(Box<Placed>),
    Confirmed(Confirmed),
    Held(Held),
    Released(Released),
    Amended(Box<Amended>),
    DetailsUpdated(DetailsUpdated),
    ItemsCancelled(ItemsCancelled),
    Cancelled(Cancelled),
    PaymentRecorded(PaymentRecorded),
    RefundRecorded(RefundRecorded),
    ShipmentRecorded(ShipmentRecorded),
    DeliveryRecorded(DeliveryRecorded),
    ReturnRecorded(ReturnRecorded),
    NoteAdded(NoteAdded),
    Completed(Completed),
}

const DRAFTED: &str = "orderfold.order.drafted.v1";
const DRAFT_CHANGED: &str = "orderfold.order.draft_changed.v1";
const DISCARDED: &str = "orderfold.order.discarded.v1";
const PLACED: &str = "orderfold.order.placed.v1";
const CONFIRMED: &str = "orderfold.order.confirmed.v1";
const HELD: &str = "orderfold.order.held.v1";
const RELEASED: &str = "orderfold.order.released.v1";
const AMENDED: &str = "orderfold.order.amended.v1";
const DETAILS_UPDATED: &str = "orderfold.order.details_updated.v1";
const ITEMS_CANCELLED: &str = "orderfold.order.items_cancelled.v1";
const CANCELLED: &str = "orderfold.order.cancelled.v1";
const PAYMENT_RECORDED: &str = "orderfold.order.payment_recorded.v1";
const REFUND_RECORDED: &str = "orderfold.order.refund_recorded.v1";
const SHIPMENT_RECORDED: &str = "orderfold.order.shipment_recorded.v1";
const DELIVERY_RECORDED: &str = "orderfold.order.delivery_recorded.v1";
const RETURN_RECORDED: &str = "orderfold.order.return_recorded.v1";
const NOTE_ADDED: &str = "orderfold.order.note_added.v1";
const COMPLETED: &str = "orderfold.order.completed.v1";

/// Every wire type of this aggregate.
pub const EVENT_TYPES: &[&str] = &[
    DRAFTED,
    DRAFT_CHANGED,
    DISCARDED,
    PLACED,
    CONFIRMED,
    HELD,
    RELEASED,
    AMENDED,
    DETAILS_UPDATED,
    ITEMS_CANCELLED,
    CANCELLED,
    PAYMENT_RECORDED,
    REFUND_RECORDED,
    SHIPMENT_RECORDED,
    DELIVERY_RECORDED,
    RETURN_RECORDED,
    NOTE_ADDED,
    COMPLETED,
];

impl OrderFact {
    /// The wire type, such as `orderfold.order.placed.v1`.
    #[must_use]
    pub fn event_type(&self) -> &'static str {
        match self {
            Self::Drafted(_) => DRAFTED,
            Self::DraftChanged(_) => DRAFT_CHANGED,
            Self::Discarded(_) => DISCARDED,
            Self::Placed(_) => PLACED,
            Self::Confirmed(_) => CONFIRMED,
            Self::Held(_) => HELD,
            Self::Released(_) => RELEASED,
            Self::Amended(_) => AMENDED,
            Self::DetailsUpdated(_) => DETAILS_UPDATED,
            Self::ItemsCancelled(_) => ITEMS_CANCELLED,
            Self::Cancelled(_) => CANCELLED,
            Self::PaymentRecorded(_) => PAYMENT_RECORDED,
            Self::RefundRecorded(_) => REFUND_RECORDED,
            Self::ShipmentRecorded(_) => SHIPMENT_RECORDED,
            Self::DeliveryRecorded(_) => DELIVERY_RECORDED,
            Self::ReturnRecorded(_) => RETURN_RECORDED,
            Self::NoteAdded(_) => NOTE_ADDED,
            Self::Completed(_) => COMPLETED,
        }
    }

    pub(crate) fn sealed_for(&self) -> Option<EventId> {
        match self {
            Self::Drafted(draft) | Self::DraftChanged(draft) => draft.order.personal.sealed_for(),
            Self::Placed(placed) => placed.personal.sealed_for(),
            Self::Held(held) => held.personal.sealed_for(),
            Self::Released(released) => released.personal.sealed_for(),
            Self::Amended(amended) => amended.personal.sealed_for(),
            Self::ItemsCancelled(cancelled) => cancelled.personal.sealed_for(),
            Self::Cancelled(cancelled) => cancelled.personal.sealed_for(),
            Self::NoteAdded(note) => note.personal.sealed_for(),
            Self::Discarded(_)
            | Self::Confirmed(_)
            | Self::DetailsUpdated(_)
            | Self::PaymentRecorded(_)
            | Self::RefundRecorded(_)
            | Self::ShipmentRecorded(_)
            | Self::DeliveryRecorded(_)
            | Self::ReturnRecorded(_)
            | Self::Completed(_) => None,
        }
    }

    fn decode(event_type: &str, data: &[u8]) -> Result<Self, DecodeError> {
        use crate::event::parse;
        Ok(match event_type {
            DRAFTED => Self::Drafted(Box::new(parse(data)?)),
            DRAFT_CHANGED => Self::DraftChanged(Box::new(parse(data)?)),
            DISCARDED => Self::Discarded(parse(data)?),
            PLACED => Self::Placed(Box::new(parse(data)?)),
            CONFIRMED => Self::Confirmed(parse(data)?),
            HELD => Self::Held(parse(data)?),
            RELEASED => Self::Released(parse(data)?),
            AMENDED => Self::Amended(Box::new(parse(data)?)),
            DETAILS_UPDATED => Self::DetailsUpdated(parse(data)?),
            ITEMS_CANCELLED => Self::ItemsCancelled(parse(data)?),
            CANCELLED => Self::Cancelled(parse(data)?),
            PAYMENT_RECORDED => Self::PaymentRecorded(parse(data)?),
            REFUND_RECORDED => Self::RefundRecorded(parse(data)?),
            SHIPMENT_RECORDED => Self::ShipmentRecorded(parse(data)?),
            DELIVERY_RECORDED => Self::DeliveryRecorded(parse(data)?),
            RETURN_RECORDED => Self::ReturnRecorded(parse(data)?),
            NOTE_ADDED => Self::NoteAdded(parse(data)?),
            COMPLETED => Self::Completed(parse(data)?),
            _ => return Err(DecodeError::UnknownType(event_type.to_owned())),
        })
    }
}

impl OrderEvent {
    /// The wire type, such as `orderfold.order.placed.v1`.
    #[must_use]
    pub fn event_type(&self) -> &'static str {
        self.fact.event_type()
    }

    /// The JSON of the event's data: the very bytes that are stored and sent.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] when the event has no JSON form, which would be a bug of its types.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        #[derive(Serialize)]
        struct Wire<'a> {
            #[serde(flatten)]
            summary: &'a OrderSummary,
            change: &'a Change,
            #[serde(flatten)]
            fact: &'a OrderFact,
        }
        let wire = Wire {
            summary: &self.summary,
            change: &self.change,
            fact: &self.fact,
        };
        serde_json::to_vec(&wire).map_err(DecodeError::Malformed)
    }

    /// Reads the data of an event of the given wire type; members it does not know are ignored.
    ///
    /// # Errors
    /// [`DecodeError`] for a type that is not an order's, or data that is not what the type promises.
    pub fn decode(event_type: &str, data: &[u8]) -> Result<Self, DecodeError> {
        #[derive(Deserialize)]
        struct ChangeOnly {
            change: Change,
        }
        let lifted = crate::upcast::lifted(event_type, data)?;
        let data = lifted.data.as_ref();
        let fact = OrderFact::decode(lifted.event_type, data)?;
        let summary = crate::event::parse(data)?;
        let ChangeOnly { change } = crate::event::parse(data)?;
        Ok(Self {
            summary,
            change,
            fact,
        })
    }
}
