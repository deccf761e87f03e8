//! What an order remembers in order to decide: who and what it is, its lines with their units, the money, and the
//! references of its facts. Nothing personal: addresses and notes stand in the events alone. It is kept in snapshots:
//! whoever changes what a member means raises their schema (`commands.rs`).

use orderfold_events::{
    Currency, CustomerId, OrderId, OrderNumber, Timestamp,
    order::{ContentHash, Lifecycle, OrderSummary, Placed, Terms, Totals},
};
use serde::{Deserialize, Serialize};

use super::{
    OrderError,
    figures::LineTerms,
    status::{Units, fulfilment_status, payment_status},
};

/// The state of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Order {
    /// No event yet.
    #[default]
    Unplaced,
    Placed(Box<Ledger>),
    Confirmed(Box<Ledger>),
    Cancelled(Box<Ledger>),
    Completed(Box<Ledger>),
}

impl Order {
    #[must_use]
    pub fn initial() -> Self {
        Self::Unplaced
    }

    pub(super) fn at(lifecycle: Lifecycle, ledger: Box<Ledger>) -> Self {
        match lifecycle {
            // CONTRACT: drafts.
            Lifecycle::Draft | Lifecycle::Discarded => Self::Unplaced,
            Lifecycle::Placed => Self::Placed(ledger),
            Lifecycle::Confirmed => Self::Confirmed(ledger),
            Lifecycle::Cancelled => Self::Cancelled(ledger),
            Lifecycle::Completed => Self::Completed(ledger),
        }
    }

    /// The order as its last event described it; `None` before the first.
    #[must_use]
    pub fn summary(&self) -> Option<OrderSummary> {
        match self {
            Self::Unplaced => None,
            Self::Placed(ledger) => Some(ledger.summary(Lifecycle::Placed)),
            Self::Confirmed(ledger) => Some(ledger.summary(Lifecycle::Confirmed)),
            Self::Cancelled(ledger) => Some(ledger.summary(Lifecycle::Cancelled)),
            Self::Completed(ledger) => Some(ledger.summary(Lifecycle::Completed)),
        }
    }

    pub(super) fn ledger(&self) -> Option<&Ledger> {
        match self {
            Self::Unplaced => None,
            Self::Placed(ledger)
            | Self::Confirmed(ledger)
            | Self::Cancelled(ledger)
            | Self::Completed(ledger) => Some(ledger),
        }
    }
}

/// What never changes about an order once it is placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    pub order_id: OrderId,
    pub customer_id: CustomerId,
    pub channel: String,
    pub currency: Currency,
    pub terms: Terms,
    pub number: Option<OrderNumber>,
    pub placed_at: Option<Timestamp>,
}

impl From<&OrderSummary> for Identity {
    fn from(summary: &OrderSummary) -> Self {
        Self {
            order_id: summary.order_id,
            customer_id: summary.customer_id,
            channel: summary.channel.clone(),
            currency: summary.currency,
            terms: summary.terms,
            number: summary.number,
            placed_at: summary.placed_at,
        }
    }
}

/// The quantities and the money of a placed order: the truth that all statuses are derived from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    pub(super) identity: Identity,
    pub(super) prices_include_tax: bool,
    pub(super) digital: bool,
    /// Line 1 first.
    pub(super) lines: Vec<Line>,
    pub(super) totals: Totals,
    pub(super) adjustments: Adjustments,
    pub(super) payments: Facts,
    pub(super) shipments: Facts,
    pub(super) deliveries: Facts,
    pub(super) returns: Facts,
}

impl Ledger {
    /// The ledger of an order whose `placed` event is not booked yet.
    pub(super) fn open(identity: Identity, placed: &Placed) -> Self {
        let mut ledger = Self {
            identity,
            prices_include_tax: placed.prices_include_tax,
            digital: placed.digital,
            lines: Vec::with_capacity(placed.lines.len()),
            totals: Totals::default(),
            adjustments: Adjustments::default(),
            payments: Facts::default(),
            shipments: Facts::default(),
            deliveries: Facts::default(),
            returns: Facts::default(),
        };
        ledger.lines.extend(placed.lines.iter().map(|line| Line {
            sku: line.sku.clone(),
            terms: LineTerms::of(line, placed.prices_include_tax),
            cancelled: 0,
            parcels: Vec::new(),
        }));
        ledger
    }

    pub(super) fn line(&self, line: u32) -> Result<&Line, OrderError> {
        index_of(line)
            .and_then(|index| self.lines.get(index))
            .ok_or(OrderError::LineNotFound { line })
    }

    pub(super) fn line_mut(&mut self, line: u32) -> Option<&mut Line> {
        index_of(line).and_then(|index| self.lines.get_mut(index))
    }

    /// Every line with its number.
    pub(super) fn numbered(&self) -> impl Iterator<Item = (u32, &Line)> {
        (1..).zip(&self.lines)
    }

    pub(super) fn units(&self) -> Units {
        self.lines
            .iter()
            .fold(Units::default(), |sum, line| sum + line.units())
    }

    pub(super) fn summary(&self, lifecycle: Lifecycle) -> OrderSummary {
        let Identity {
            order_id,
            customer_id,
            channel,
            currency,
            terms,
            number,
            placed_at,
        } = self.identity.clone();
        OrderSummary {
            order_id,
            customer_id,
            channel,
            currency,
            terms,
            number,
            placed_at,
            lifecycle,
            payment_status: payment_status(&self.totals),
            fulfilment_status: fulfilment_status(&self.units()),
            on_hold: false,
            totals: self.totals,
        }
    }
}

fn index_of(line: u32) -> Option<usize> {
    usize::try_from(line).ok()?.checked_sub(1)
}

/// One line: its terms, and where its units are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pub sku: String,
    pub terms: LineTerms,
    pub cancelled: i64,
    /// The units of each shipment, the oldest first.
    pub parcels: Vec<Parcel>,
}

impl Line {
    pub fn units(&self) -> Units {
        let left = Units {
            ordered: self.terms.quantity,
            cancelled: self.cancelled,
            ..Units::default()
        };
        self.parcels.iter().fold(left, |sum, parcel| {
            sum + Units {
                shipped: parcel.shipped,
                delivered: parcel.delivered,
                returned: parcel.returned,
                undelivered: parcel.undelivered,
                ..Units::default()
            }
        })
    }

    /// Parcels of one shipment, or of all.
    pub fn parcels_of(&self, shipment: Option<usize>) -> impl Iterator<Item = &Parcel> {
        self.parcels
            .iter()
            .filter(move |parcel| shipment.is_none() || parcel.shipment == shipment)
    }
}

/// The units of one line in one shipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parcel {
    /// Its place among the order's shipments; none where a digital delivery was its own shipment.
    pub shipment: Option<usize>,
    pub shipped: i64,
    pub delivered: i64,
    /// All that came back, `undelivered` included.
    pub returned: i64,
    /// What came back without ever arriving.
    pub undelivered: i64,
}

impl Parcel {
    pub fn in_transit(&self) -> i64 {
        self.shipped - self.delivered - self.undelivered
    }

    pub fn with_customer(&self) -> i64 {
        self.delivered - (self.returned - self.undelivered)
    }
}

/// How many adjustments there are: numbers go on, the limit counts what callers sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adjustments {
    pub last_number: u32,
    pub sent_by_callers: usize,
}

impl Adjustments {
    pub fn next_number(self) -> u32 {
        self.last_number.saturating_add(1)
    }
}

/// The facts of one kind, in the order recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Facts(Vec<(String, ContentHash)>);

impl Facts {
    pub fn add(&mut self, reference: &str, content: &ContentHash) {
        self.0.push((reference.to_owned(), content.clone()));
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    pub fn position(&self, reference: &str) -> Option<usize> {
        self.0.iter().position(|(known, _)| known == reference)
    }

    /// Whether the fact was recorded before: the same reference with the same content.
    pub fn repeats(&self, reference: &str, content: &ContentHash) -> Result<bool, OrderError> {
        match self.0.iter().find(|(known, _)| known == reference) {
            None => Ok(false),
            Some((_, known)) if known == content => Ok(true),
            Some(_) => Err(OrderError::ReferenceReused {
                reference: reference.to_owned(),
            }),
        }
    }
}
