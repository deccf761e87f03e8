//! The parameters of the order list, and the names of an order in a path.

use orderfold_events::{
    CustomerId,
    order::{FulfilmentStatus, Lifecycle, PaymentStatus},
};
use orderfold_http::{Problem, parameters::Parameters};

use super::{
    filter::{OrderFilter, OrderSort},
    repository::OrderKey,
};
use crate::{
    database::reading::Slice,
    http::{
        cursor::Binding,
        parameters::{bound, slice, texts, values, word, words, zone},
        problems,
    },
};

/// A page of the order list to answer.
#[derive(Debug)]
pub struct ListQuestion {
    pub filter: OrderFilter,
    pub sort: OrderSort,
    pub slice: Slice,
    /// What the cursor of the next page is bound to.
    pub binding: Binding,
}

impl ListQuestion {
    /// Reads a query string; a list for an `owner` holds only what is theirs.
    ///
    /// # Errors
    /// 422 with every parameter at fault.
    pub fn read(query: Option<&str>, owner: Option<CustomerId>) -> Result<Self, Problem> {
        let mut parameters = Parameters::read(query);
        let it = &mut parameters;
        let zone = zone(it);
        let filter = OrderFilter {
            owner,
            lifecycle: words(it, "lifecycle", Lifecycle::ALL),
            payment_status: words(it, "payment_status", PaymentStatus::ALL),
            fulfilment_status: words(it, "fulfilment_status", FulfilmentStatus::ALL),
            channel: texts(it, "channel"),
            currency: values(it, "currency", "currency codes of ISO 4217"),
            customer_id: values(it, "customer_id", "customer ids"),
            reference: texts(it, "reference"),
            placed_from: bound(it, "placed_from", zone),
            placed_to: bound(it, "placed_to", zone),
        };
        let sort = word(it, "sort", OrderSort::ALL).unwrap_or(OrderSort::PlacedAtDescending);
        let binding = Binding::new("orders", &(&filter, sort));
        let slice = slice(it, binding);
        parameters.finish(Self {
            filter,
            sort,
            slice,
            binding,
        })
    }
}

/// A page of an order's timeline to answer.
#[derive(Debug)]
pub struct TimelineQuestion {
    pub slice: Slice,
    /// What the cursor of the next page is bound to.
    pub binding: Binding,
}

impl TimelineQuestion {
    /// Reads a query string.
    ///
    /// # Errors
    /// 422 with every parameter at fault.
    pub fn read(query: Option<&str>, key: OrderKey) -> Result<Self, Problem> {
        let mut parameters = Parameters::read(query);
        let name = match key {
            OrderKey::Id(id) => id.to_string(),
            OrderKey::Number(number) => number.to_string(),
        };
        let binding = Binding::new("timeline", &name);
        let slice = slice(&mut parameters, binding);
        parameters.finish(Self { slice, binding })
    }
}

impl OrderKey {
    /// Reads an order id or an order number.
    ///
    /// # Errors
    /// 404: no order has another name.
    pub fn read(text: &str) -> Result<Self, Problem> {
        let id = text.parse().map(Self::Id);
        id.or_else(|_no_id| text.parse().map(Self::Number))
            .map_err(|_no_number| problems::ORDER_NOT_FOUND.into())
    }
}
