//! What can be asked of an order. Every member is already parsed and within its own limits; what the state decides is
//! not checked yet.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use orderfold_events::{
    Currency, CustomerId, OrderId, OrderNumber, TaxRate, Timestamp,
    order::{
        Adjustment, AdjustmentKind, AmendReason, CancelReason, ContentHash, HoldReason, LineTax,
        OrderPersonal, PaymentMethod, RefundReason, ReturnCondition, ReturnReason, Terms,
    },
    personal::{Address, Contact},
};

use super::{
    lines::DistinctLines,
    patch::{DetailsPatch, Patch},
};

/// One command to one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderCommand {
    Draft(Box<Place>),
    ChangeDraft(Box<ChangeDraft>),
    DiscardDraft,
    Place(Box<Place>),
    PlaceDraft(Box<PlaceDraft>),
    Confirm(Confirm),
    Hold(Hold),
    Release(Release),
    Amend(Box<Amend>),
    UpdateDetails(DetailsPatch),
    Cancel(Cancel),
    RecordPayment(RecordPayment),
    RecordRefund(RecordRefund),
    RecordShipment(RecordShipment),
    RecordDelivery(RecordDelivery),
    RecordReturn(RecordReturn),
    AddNote(AddNote),
}

/// A whole order, placed at once or drafted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub order_id: OrderId,
    pub customer_id: CustomerId,
    /// None in a draft, and where placing is only rehearsed.
    pub number: Option<OrderNumber>,
    pub channel: String,
    pub currency: Currency,
    pub terms: Terms,
    pub prices_include_tax: bool,
    pub digital: bool,
    pub due_on: Option<NaiveDate>,
    pub reference: Option<String>,
    pub customer_reference: Option<String>,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    pub lines: Vec<NewLine>,
    pub adjustments: Vec<NewAdjustment>,
    /// The snapshots: as sent, or the customer's defaults.
    pub personal: OrderPersonal,
    pub occurred_at: Option<Timestamp>,
}

/// What is to be otherwise in a draft; what is not named stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeDraft {
    pub channel: Option<String>,
    pub currency: Option<Currency>,
    pub terms: Option<Terms>,
    pub prices_include_tax: Option<bool>,
    pub digital: Option<bool>,
    pub due_on: Patch<NaiveDate>,
    pub details: DetailsPatch,
    pub lines: Option<Vec<NewLine>>,
    pub adjustments: Option<Vec<NewAdjustment>>,
    pub ship_to: Patch<Address>,
    pub bill_to: Patch<Address>,
    pub contact: Patch<Contact>,
}

/// Places a draft as it is, with what it leaves open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlaceDraft {
    /// None where placing is only rehearsed.
    pub number: Option<OrderNumber>,
    /// The customer's defaults, where the draft names no address.
    pub ship_to: Option<Address>,
    pub bill_to: Option<Address>,
    /// By the customer's payment terms, where an order on account names no day.
    pub due_on: Option<NaiveDate>,
}

/// A line as asked for; its number comes from its place in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLine {
    pub sku: String,
    pub name: String,
    pub category: Option<String>,
    pub reference: Option<String>,
    pub quantity: i64,
    pub unit_price: i64,
    pub discount: i64,
    pub tax: LineTax,
    pub metadata: BTreeMap<String, String>,
}

/// An adjustment as asked for; never a reversal, which the system alone makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAdjustment {
    pub kind: AdjustmentKind,
    pub label: Option<String>,
    pub amount: i64,
    pub tax_rate: TaxRate,
}

impl From<&Adjustment> for NewAdjustment {
    fn from(adjustment: &Adjustment) -> Self {
        Self {
            kind: adjustment.kind,
            label: adjustment.label.clone(),
            amount: adjustment.amount,
            tax_rate: adjustment.tax_rate,
        }
    }
}

/// Who asks, as far as the rules tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requester {
    /// The trading business, through a system or a person of its own.
    Trader,
    /// The customer whose order it is.
    Customer,
    /// The system itself, after a delay: it acts only where the reason that it was armed for still holds.
    Timer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirm {
    pub requester: Requester,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub reason: HoldReason,
    pub note: Option<String>,
    pub occurred_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Release {
    /// None releases all.
    pub hold: Option<u32>,
    pub note: Option<String>,
    pub occurred_at: Option<Timestamp>,
}

/// What was agreed after placing; it says at least one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amend {
    pub reason: AmendReason,
    /// Each line once.
    pub lines: Vec<AmendLine>,
    pub new_lines: Vec<NewLine>,
    pub adjustments: Vec<NewAdjustment>,
    pub ship_to: Option<Address>,
    pub bill_to: Option<Address>,
}

/// What is to be otherwise on one line; what is not named stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AmendLine {
    pub line: u32,
    /// Units wanted: ordered and not cancelled.
    pub quantity: Option<i64>,
    pub unit_price: Option<i64>,
    pub discount: Option<i64>,
    pub tax: Option<LineTax>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddNote {
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancel {
    pub reason: CancelReason,
    pub note: Option<String>,
    /// None cancels everything open.
    pub lines: Option<DistinctLines>,
    pub requester: Requester,
    pub occurred_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPayment {
    pub reference: String,
    pub amount: i64,
    pub method: PaymentMethod,
    pub content: ContentHash,
    pub occurred_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRefund {
    pub reference: String,
    pub amount: i64,
    pub reason: RefundReason,
    /// References of what it gives back, and of what it is for.
    pub payment: Option<String>,
    pub return_reference: Option<String>,
    pub adjustments: Vec<NewAdjustment>,
    pub content: ContentHash,
    pub occurred_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordShipment {
    pub reference: String,
    pub carrier: Option<String>,
    pub tracking_number: Option<String>,
    /// None ships everything open.
    pub lines: Option<DistinctLines>,
    pub content: ContentHash,
    pub occurred_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordDelivery {
    pub reference: String,
    /// None takes all shipments, the oldest first.
    pub shipment: Option<String>,
    /// None delivers everything under way.
    pub lines: Option<DistinctLines>,
    pub content: ContentHash,
    pub occurred_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordReturn {
    pub reference: String,
    pub shipment: Option<String>,
    pub reason: ReturnReason,
    pub condition: Option<ReturnCondition>,
    /// Refused or lost on the way: units under way come back before delivered ones.
    pub undelivered: bool,
    pub lines: DistinctLines,
    pub adjustments: Vec<NewAdjustment>,
    pub content: ContentHash,
    pub occurred_at: Option<Timestamp>,
}

impl OrderCommand {
    /// When it happened, where the command itself says so.
    #[must_use]
    pub fn occurred_at(&self) -> Option<Timestamp> {
        match self {
            Self::Draft(_)
            | Self::ChangeDraft(_)
            | Self::DiscardDraft
            | Self::PlaceDraft(_)
            | Self::Confirm(_)
            | Self::Amend(_)
            | Self::UpdateDetails(_)
            | Self::AddNote(_) => None,
            Self::Place(place) => place.occurred_at,
            Self::Hold(hold) => hold.occurred_at,
            Self::Release(release) => release.occurred_at,
            Self::Cancel(cancel) => cancel.occurred_at,
            Self::RecordPayment(payment) => payment.occurred_at,
            Self::RecordRefund(refund) => refund.occurred_at,
            Self::RecordShipment(shipment) => shipment.occurred_at,
            Self::RecordDelivery(delivery) => delivery.occurred_at,
            Self::RecordReturn(returned) => returned.occurred_at,
        }
    }

    /// Whether its outcome depends on how the business stands with the customer, or on what the customer has.
    #[must_use]
    pub fn asks_for_the_customer(&self) -> bool {
        match self {
            Self::Draft(_)
            | Self::ChangeDraft(_)
            | Self::Place(_)
            | Self::PlaceDraft(_)
            | Self::Hold(_)
            | Self::Amend(_)
            | Self::UpdateDetails(_)
            | Self::AddNote(_) => true,
            Self::Release(release) => release.note.is_some(),
            Self::Cancel(cancel) => cancel.note.is_some(),
            Self::DiscardDraft
            | Self::Confirm(_)
            | Self::RecordPayment(_)
            | Self::RecordRefund(_)
            | Self::RecordShipment(_)
            | Self::RecordDelivery(_)
            | Self::RecordReturn(_) => false,
        }
    }
}
