//! What is personal in an order's state: held as it was recorded, which is sealed, and opened for a decision that looks
//! at it.

use orderfold_events::{
    Keys, Personal, Unopened,
    order::{AmendedPersonal, OrderPersonal},
};
use serde::{Deserialize, Serialize};

use super::state::{Ledger, Order};

impl Order {
    /// The same order with what is personal opened; nothing of it is left where the key was destroyed.
    ///
    /// # Errors
    /// [`Unopened`] when it was sealed with another key.
    pub fn opened(self, keys: &Keys) -> Result<Self, Unopened> {
        let ledger = |ledger: Box<Ledger>| Ok(Box::new(ledger.opened(keys)?));
        Ok(match self {
            Self::Absent => Self::Absent,
            Self::Draft(draft) => Self::Draft(Box::new(draft.opened(keys)?)),
            Self::Discarded(draft) => Self::Discarded(Box::new(draft.opened(keys)?)),
            Self::Placed(it) => Self::Placed(ledger(it)?),
            Self::Confirmed(it) => Self::Confirmed(ledger(it)?),
            Self::Cancelled(it) => Self::Cancelled(ledger(it)?),
            Self::Completed(it) => Self::Completed(ledger(it)?),
        })
    }

    /// Whether nothing personal stands in it in plain, so that it may be kept.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Draft(draft) | Self::Discarded(draft) => draft.is_sealed(),
            Self::Placed(ledger)
            | Self::Confirmed(ledger)
            | Self::Cancelled(ledger)
            | Self::Completed(ledger) => ledger.addresses.is_sealed() && ledger.holds.is_sealed(),
        }
    }
}

impl Ledger {
    fn opened(self, keys: &Keys) -> Result<Self, Unopened> {
        Ok(Self {
            addresses: self.addresses.opened(keys)?,
            holds: self.holds.opened(keys)?,
            ..self
        })
    }
}

/// Where an order is to go and to be billed: as it was placed, and every amendment of that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Addresses {
    placed: Personal<OrderPersonal>,
    amended: Vec<Personal<AmendedPersonal>>,
}

impl Addresses {
    pub fn of(placed: &Personal<OrderPersonal>) -> Self {
        Self {
            placed: placed.clone(),
            amended: Vec::new(),
        }
    }

    pub fn amend(&mut self, amended: &Personal<AmendedPersonal>) {
        self.amended.push(amended.clone());
    }

    /// Those that hold, the newest amendment first; nothing while they are sealed.
    pub fn current(&self) -> Option<AmendedPersonal> {
        let placed = self.placed.as_plain()?;
        let placed = AmendedPersonal {
            ship_to: placed.ship_to.clone(),
            bill_to: placed.bill_to.clone(),
        };
        self.amended.iter().try_fold(placed, |before, amended| {
            let amended = amended.as_plain()?.clone();
            Some(AmendedPersonal {
                ship_to: amended.ship_to.or(before.ship_to),
                bill_to: amended.bill_to.or(before.bill_to),
            })
        })
    }

    fn is_sealed(&self) -> bool {
        let mut amended = self.amended.iter();
        self.placed.as_plain().is_none() && amended.all(|part| part.as_plain().is_none())
    }

    fn opened(&self, keys: &Keys) -> Result<Self, Unopened> {
        let amended = self.amended.iter().map(|part| part.opened(keys));
        Ok(Self {
            placed: self.placed.opened(keys)?,
            amended: amended.collect::<Result<_, _>>()?,
        })
    }
}
