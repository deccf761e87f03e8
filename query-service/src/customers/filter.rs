//! Which customers a list asks for: typed values only, so that nothing a caller writes can become an operator.

use orderfold_events::{CustomerId, customer::CustomerStatus};
use serde::Serialize;

/// What a list of customers is narrowed to. Of several values any may match; an empty list does not narrow.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct CustomerFilter {
    /// Only this customer, whatever else is asked for: a customer sees only themselves.
    pub owner: Option<CustomerId>,
    /// Words that all have to be found.
    pub q: Vec<String>,
    pub status: Vec<CustomerStatus>,
    pub tag: Vec<String>,
    /// Values of references, in any channel.
    pub reference: Vec<String>,
}
