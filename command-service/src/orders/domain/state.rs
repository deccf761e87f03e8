//! What an order remembers in order to decide: who and what it is, its lines with their units, the money, the
//! references of its facts, and of its words only what another command is compared with.

use orderfold_events::{
    Currency, CustomerId, OrderId, OrderNumber, Timestamp,
    order::{DetailsUpdated, Lifecycle, OrderSummary, Placed, Terms, Totals},
};
use serde::{Deserialize, Serialize};

use super::{
    CustomerStanding, Hold, OrderError,
    details::details_of,
    draft::Draft,
    figures,
    holds::Holds,
    line::Line,
    personal::Addresses,
    references::{Adjustments, Facts},
    status::{Units, fulfilment_status, payment_status},
};

/// The state of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Order {
    /// No event yet.
    #[default]
    Absent,
    Draft(Box<Draft>),
    Discarded(Box<Draft>),
    Placed(Box<Ledger>),
    Confirmed(Box<Ledger>),
    Cancelled(Box<Ledger>),
    Completed(Box<Ledger>),
}

impl Order {
    #[must_use]
    pub fn initial() -> Self {
        Self::Absent
    }

    pub(super) fn at(lifecycle: Lifecycle, ledger: Box<Ledger>) -> Self {
        match lifecycle {
            // What has a ledger is no draft any more.
            Lifecycle::Draft | Lifecycle::Discarded | Lifecycle::Placed => Self::Placed(ledger),
            Lifecycle::Confirmed => Self::Confirmed(ledger),
            Lifecycle::Cancelled => Self::Cancelled(ledger),
            Lifecycle::Completed => Self::Completed(ledger),
        }
    }

    /// The order as its last event described it; `None` before the first.
    #[must_use]
    pub fn summary(&self) -> Option<OrderSummary> {
        match self {
            Self::Absent => None,
            Self::Draft(draft) => Some(draft.summary(Lifecycle::Draft)),
            Self::Discarded(draft) => Some(draft.summary(Lifecycle::Discarded)),
            Self::Placed(ledger) => Some(ledger.summary(Lifecycle::Placed)),
            Self::Confirmed(ledger) => Some(ledger.summary(Lifecycle::Confirmed)),
            Self::Cancelled(ledger) => Some(ledger.summary(Lifecycle::Cancelled)),
            Self::Completed(ledger) => Some(ledger.summary(Lifecycle::Completed)),
        }
    }

    /// What placing a draft as it is would book.
    #[must_use]
    pub fn preview(&self) -> Option<Totals> {
        match self {
            Self::Draft(draft) => Some(draft.content.preview),
            Self::Absent
            | Self::Discarded(_)
            | Self::Placed(_)
            | Self::Confirmed(_)
            | Self::Cancelled(_)
            | Self::Completed(_) => None,
        }
    }

    /// The channel and the reference in it that no other order may have. A draft holds one, a cancelled order too; what
    /// is discarded holds none.
    #[must_use]
    pub fn claimed_reference(&self) -> Option<(&str, &str)> {
        let (identity, reference) = match self {
            Self::Absent | Self::Discarded(_) => return None,
            Self::Draft(draft) => (&draft.identity, &draft.content.order.reference),
            Self::Placed(ledger)
            | Self::Confirmed(ledger)
            | Self::Cancelled(ledger)
            | Self::Completed(ledger) => (&ledger.identity, &ledger.details.reference),
        };
        Some((&identity.channel, reference.as_deref()?))
    }

    /// What the order binds of the customer's credit, in minor units.
    #[must_use]
    pub fn exposure(&self) -> i64 {
        self.ledger().map_or(0, |ledger| {
            figures::exposure(ledger.identity.terms, &ledger.totals)
        })
    }

    /// The number of the open hold that a command asks for.
    #[must_use]
    pub fn open_hold(&self, command: &Hold, customer: CustomerStanding) -> Option<u32> {
        self.ledger()?.holds.find(command, customer)
    }

    pub(super) fn ledger(&self) -> Option<&Ledger> {
        match self {
            Self::Absent | Self::Draft(_) | Self::Discarded(_) => None,
            Self::Placed(ledger)
            | Self::Confirmed(ledger)
            | Self::Cancelled(ledger)
            | Self::Completed(ledger) => Some(ledger),
        }
    }
}

/// Who an order is. Once it is placed, none of it changes.
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
    pub(super) details: DetailsUpdated,
    pub(super) addresses: Addresses,
    /// Whether it ever was.
    pub(super) confirmed: bool,
    /// Line 1 first.
    pub(super) lines: Vec<Line>,
    pub(super) totals: Totals,
    pub(super) adjustments: Adjustments,
    pub(super) holds: Holds,
    pub(super) notes: usize,
    pub(super) payments: Facts,
    pub(super) refunds: Facts,
    pub(super) shipments: Facts,
    pub(super) deliveries: Facts,
    pub(super) returns: Facts,
}

impl Ledger {
    /// The ledger of an order whose `placed` event is not booked yet.
    pub(super) fn open(identity: Identity, placed: &Placed) -> Self {
        let lines = placed.lines.iter();
        Self {
            identity,
            prices_include_tax: placed.prices_include_tax,
            digital: placed.digital,
            details: details_of(placed),
            addresses: Addresses::of(&placed.personal),
            confirmed: false,
            lines: lines
                .map(|line| Line::new(line, placed.prices_include_tax))
                .collect(),
            totals: Totals::default(),
            adjustments: Adjustments::default(),
            holds: Holds::default(),
            notes: 0,
            payments: Facts::default(),
            refunds: Facts::default(),
            shipments: Facts::default(),
            deliveries: Facts::default(),
            returns: Facts::default(),
        }
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

    /// The number of a line to come.
    pub(super) fn next_line(&self) -> u32 {
        self.numbered()
            .last()
            .map_or(1, |(number, _)| number.saturating_add(1))
    }

    pub(super) fn units(&self) -> Units {
        self.lines
            .iter()
            .fold(Units::default(), |sum, line| sum + line.units())
    }

    pub(super) fn summary(&self, lifecycle: Lifecycle) -> OrderSummary {
        let identity = self.identity.clone();
        OrderSummary {
            order_id: identity.order_id,
            customer_id: identity.customer_id,
            channel: identity.channel,
            currency: identity.currency,
            terms: identity.terms,
            number: identity.number,
            placed_at: identity.placed_at,
            lifecycle,
            payment_status: payment_status(&self.totals),
            fulfilment_status: fulfilment_status(&self.units()),
            on_hold: self.holds.any_open(),
            totals: self.totals,
        }
    }
}

fn index_of(line: u32) -> Option<usize> {
    usize::try_from(line).ok()?.checked_sub(1)
}
