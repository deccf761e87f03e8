//! The credit account of a customer: its terms, and what each open order on account binds of its limit. Pure:
//! commands in, events or a refusal out.

mod allocation;
mod decide;
mod state;
#[cfg(test)]
mod tests;

pub use self::{
    allocation::{ALLOCATIONS_MAX, Due, Share, TooManyAllocations, oldest_first},
    decide::{CreditCommand, CreditError, Follow},
    state::{CreditAccount, Terms, Usage},
};
