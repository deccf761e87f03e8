//! The parameters of the customer list, and the name of a customer in a path.

use orderfold_events::{CustomerId, customer::CustomerStatus};
use orderfold_http::{Problem, parameters::Parameters};

use super::filter::CustomerFilter;
use crate::{
    database::reading::Slice,
    http::{
        cursor::Binding,
        parameters::{search, slice, texts, words},
        problems,
    },
};

/// A page of the customer list to answer.
#[derive(Debug)]
pub struct ListQuestion {
    pub filter: CustomerFilter,
    pub slice: Slice,
    /// What the cursor of the next page is bound to.
    pub binding: Binding,
}

impl ListQuestion {
    /// Reads a query string; a list for an `owner` holds only themselves.
    ///
    /// # Errors
    /// 422 with every parameter at fault.
    pub fn read(query: Option<&str>, owner: Option<CustomerId>) -> Result<Self, Problem> {
        let mut parameters = Parameters::read(query);
        let it = &mut parameters;
        let filter = CustomerFilter {
            owner,
            q: search(it),
            status: words(it, "status", CustomerStatus::ALL),
            tag: texts(it, "tag"),
            reference: texts(it, "reference"),
        };
        let binding = Binding::new("customers", &filter);
        let slice = slice(it, binding);
        parameters.finish(Self {
            filter,
            slice,
            binding,
        })
    }
}

/// Reads the id of a customer, whom the caller must be where the caller is a customer.
///
/// # Errors
/// 404: somebody else's is as good as none.
pub fn customer_id(text: &str, owner: Option<CustomerId>) -> Result<CustomerId, Problem> {
    let id: Option<CustomerId> = text.parse().ok();
    id.filter(|id| owner.is_none_or(|owner| owner == *id))
        .ok_or_else(|| problems::CUSTOMER_NOT_FOUND.into())
}
