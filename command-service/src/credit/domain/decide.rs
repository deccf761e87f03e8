//! What a credit account decides: its terms, and whether an order may bind more of it.

use orderfold_events::{
    Currency, CustomerId, OrderId,
    credit::{CreditEvent, ExposureChanged, TermsSet},
};

use super::{CreditAccount, Terms};

/// One command to one credit account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreditCommand {
    SetTerms(Terms),
    Follow(Follow),
}

/// An order on account binds so much from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Follow {
    pub order_id: OrderId,
    pub currency: Currency,
    /// Minor units, zero or above.
    pub exposure: i64,
    /// The wire type of the order's event that causes it.
    pub cause: &'static str,
    /// Whether the limit is asked: facts and imports are recorded whatever it says.
    pub limited: bool,
}

/// A refusal by a credit account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CreditError {
    #[error("{requested} more would be owed where {available} is available")]
    LimitExceeded { available: i64, requested: i64 },
    #[error("the credit account is kept in {currency}")]
    OtherCurrency { currency: Currency },
}

type Decided = Result<Vec<CreditEvent>, CreditError>;

impl CreditAccount {
    /// Decides a command: the events that it causes, none where nothing becomes another, or a refusal.
    ///
    /// # Errors
    /// [`CreditError`] says why the account refuses.
    pub fn decide(&self, customer_id: CustomerId, command: &CreditCommand) -> Decided {
        match command {
            CreditCommand::SetTerms(terms) => self.set_terms(customer_id, *terms),
            CreditCommand::Follow(follow) => self.follow(customer_id, follow),
        }
    }

    fn set_terms(&self, customer_id: CustomerId, terms: Terms) -> Decided {
        if self.terms() == Some(terms) {
            return Ok(Vec::new());
        }
        match self {
            Self::Used(usage) if usage.terms.currency != terms.currency => {
                return Err(CreditError::OtherCurrency {
                    currency: usage.terms.currency,
                });
            }
            Self::Unopened | Self::Agreed(_) | Self::Used(_) => {}
        }
        Ok(vec![CreditEvent::TermsSet(TermsSet {
            customer_id,
            currency: terms.currency,
            limit: terms.limit,
            payment_days: terms.payment_days,
        })])
    }

    fn follow(&self, customer_id: CustomerId, follow: &Follow) -> Decided {
        let terms = self.terms();
        if let Some(Terms { currency, .. }) = terms
            && currency != follow.currency
        {
            return Err(CreditError::OtherCurrency { currency });
        }
        let (from, to) = (self.exposure_of(follow.order_id), follow.exposure);
        let requested = to - from;
        if requested == 0 {
            return Ok(Vec::new());
        }
        let available = self.available();
        if follow.limited && requested > 0 && requested > available {
            return Err(CreditError::LimitExceeded {
                available,
                requested,
            });
        }
        Ok(vec![CreditEvent::ExposureChanged(ExposureChanged {
            customer_id,
            currency: follow.currency,
            order_id: follow.order_id,
            from,
            to,
            total: self.exposure().saturating_add(requested),
            limit: terms.map_or(0, |terms| terms.limit),
            cause: follow.cause.to_owned(),
        })])
    }
}
