//! How one payment is spread over the orders that it settles.

use orderfold_events::{OrderId, OrderNumber, Timestamp};

/// Orders that one payment can settle.
pub const ALLOCATIONS_MAX: usize = 100;

/// An order on account that owes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    pub order_id: OrderId,
    pub placed_at: Option<Timestamp>,
    pub number: Option<OrderNumber>,
    /// Minor units, above zero.
    pub balance: i64,
}

/// What an order gets of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub order_id: OrderId,
    /// Minor units, above zero.
    pub amount: i64,
}

/// The payment reaches more orders than one command may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payment would settle more than {limit} orders")]
pub struct TooManyAllocations {
    pub limit: usize,
}

/// The oldest order gets what it owes, then the next; what is left when all have theirs overpays the newest.
///
/// # Errors
/// [`TooManyAllocations`].
pub fn oldest_first(mut due: Vec<Due>, amount: i64) -> Result<Vec<Share>, TooManyAllocations> {
    due.sort_by_key(|order| (order.placed_at, order.number));
    let mut left = amount;
    let mut shares = Vec::new();
    for order in &due {
        if left == 0 {
            break;
        }
        if shares.len() == ALLOCATIONS_MAX {
            return Err(TooManyAllocations {
                limit: ALLOCATIONS_MAX,
            });
        }
        let amount = order.balance.min(left);
        left -= amount;
        shares.push(Share {
            order_id: order.order_id,
            amount,
        });
    }
    if let Some(newest) = shares.last_mut() {
        newest.amount += left;
    }
    Ok(shares)
}
