//! What a credit account remembers, and how its events fold into it.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use orderfold_events::{
    Currency, OrderId,
    credit::{CreditEvent, ExposureChanged},
};
use serde::{Deserialize, Serialize};

/// The state of a credit account.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum CreditAccount {
    /// No event yet: nothing may be owed.
    #[default]
    Unopened,
    /// Terms are set, and no order was placed on account yet: the currency may still become another.
    Agreed(Terms),
    /// The first order on account has fixed the currency.
    Used(Usage),
}

/// What was agreed with the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub currency: Currency,
    /// Minor units, zero or above.
    pub limit: i64,
    /// From placing to the due date.
    pub payment_days: u32,
}

/// An account in use. Before any terms were set its limit is zero: imported orders do not ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub terms: Terms,
    /// What each order binds, minor units above zero; one that binds nothing is not among them.
    pub exposures: BTreeMap<OrderId, i64>,
}

impl Usage {
    /// What all orders bind together.
    #[must_use]
    pub fn total(&self) -> i64 {
        let exposures = self.exposures.values();
        exposures.fold(0, |sum, exposure| sum.saturating_add(*exposure))
    }
}

impl CreditAccount {
    /// The state after one more event.
    #[must_use]
    pub fn evolve(self, event: &CreditEvent) -> Self {
        match event {
            CreditEvent::TermsSet(set) => {
                let terms = Terms {
                    currency: set.currency,
                    limit: set.limit,
                    payment_days: set.payment_days,
                };
                match self {
                    Self::Unopened | Self::Agreed(_) => Self::Agreed(terms),
                    Self::Used(usage) => Self::Used(Usage { terms, ..usage }),
                }
            }
            CreditEvent::ExposureChanged(changed) => Self::Used(self.used(changed)),
        }
    }

    fn used(self, changed: &ExposureChanged) -> Usage {
        let unused = |terms| Usage {
            terms,
            exposures: BTreeMap::new(),
        };
        let mut usage = match self {
            Self::Unopened => unused(Terms {
                currency: changed.currency,
                limit: 0,
                payment_days: 0,
            }),
            Self::Agreed(terms) => unused(terms),
            Self::Used(usage) => usage,
        };
        if changed.to > 0 {
            usage.exposures.insert(changed.order_id, changed.to);
        } else {
            usage.exposures.remove(&changed.order_id);
        }
        usage
    }

    #[must_use]
    pub fn terms(&self) -> Option<Terms> {
        match self {
            Self::Unopened => None,
            Self::Agreed(terms) => Some(*terms),
            Self::Used(usage) => Some(usage.terms),
        }
    }

    /// What the customer owes on account, minor units.
    #[must_use]
    pub fn exposure(&self) -> i64 {
        match self {
            Self::Unopened | Self::Agreed(_) => 0,
            Self::Used(usage) => usage.total(),
        }
    }

    /// What may still be owed; below zero where a limit was lowered or an import went above it.
    #[must_use]
    pub fn available(&self) -> i64 {
        let limit = self.terms().map_or(0, |terms| terms.limit);
        limit.saturating_sub(self.exposure())
    }

    #[must_use]
    pub fn exposure_of(&self, order: OrderId) -> i64 {
        match self {
            Self::Unopened | Self::Agreed(_) => 0,
            Self::Used(usage) => usage.exposures.get(&order).copied().unwrap_or(0),
        }
    }

    /// The orders that bind something.
    pub fn open_orders(&self) -> impl Iterator<Item = (OrderId, i64)> {
        let exposures = match self {
            Self::Unopened | Self::Agreed(_) => None,
            Self::Used(usage) => Some(&usage.exposures),
        };
        let exposures = exposures.into_iter().flatten();
        exposures.map(|(order, exposure)| (*order, *exposure))
    }

    /// When an order that is placed on this day is due.
    #[must_use]
    pub fn due_on(&self, placed_on: NaiveDate) -> NaiveDate {
        let days = self.terms().map_or(0, |terms| terms.payment_days);
        placed_on
            .checked_add_days(Days::new(days.into()))
            .unwrap_or(NaiveDate::MAX)
    }
}
