//! The parameters of the order list, and the names of an order in a path.

use std::str::FromStr;

use orderfold_events::{
    CustomerId, Version,
    order::{FulfilmentStatus, Lifecycle, PaymentStatus, Terms},
};
use orderfold_http::{Problem, parameters::Parameters};
use serde_json::json;

use super::{
    as_of::Moment,
    filter::{Names, OrderFilter, OrderSort},
    repository::OrderKey,
};
use crate::{
    calendar::Bound,
    database::reading::Slice,
    http::{
        cursor::Binding,
        parameters::{amount, bound, date, flag, search, slice, texts, values, word, words, zone},
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
        let filter = filter(&mut parameters, owner);
        let sort = sort(&mut parameters);
        let binding = Binding::new("orders", &(&filter, sort));
        let slice = slice(&mut parameters, binding);
        let question = parameters.finish(Self {
            filter,
            sort,
            slice,
            binding,
        })?;
        require_currency(&question.filter, question.sort)?;
        Ok(question)
    }
}

/// What is to be counted, or exported.
#[derive(Debug)]
pub struct WholeQuestion {
    pub filter: OrderFilter,
    pub sort: OrderSort,
}

impl WholeQuestion {
    /// Reads a query string that asks for facets: filters, and nothing to sort.
    ///
    /// # Errors
    /// 422 with every parameter at fault.
    pub fn facets(query: Option<&str>, owner: Option<CustomerId>) -> Result<Self, Problem> {
        let mut parameters = Parameters::read(query);
        let filter = filter(&mut parameters, owner);
        Self::checked(parameters, filter, OrderSort::PlacedAtDescending)
    }

    /// Reads a query string that asks for every row.
    ///
    /// # Errors
    /// 422 with every parameter at fault.
    pub fn export(query: Option<&str>, owner: Option<CustomerId>) -> Result<Self, Problem> {
        let mut parameters = Parameters::read(query);
        let filter = filter(&mut parameters, owner);
        let sort = sort(&mut parameters);
        Self::checked(parameters, filter, sort)
    }

    fn checked(
        parameters: Parameters,
        filter: OrderFilter,
        sort: OrderSort,
    ) -> Result<Self, Problem> {
        let question = parameters.finish(Self { filter, sort })?;
        require_currency(&question.filter, sort)?;
        Ok(question)
    }
}

fn sort(it: &mut Parameters) -> OrderSort {
    word(it, "sort", OrderSort::ALL).unwrap_or(OrderSort::PlacedAtDescending)
}

fn filter(it: &mut Parameters, owner: Option<CustomerId>) -> OrderFilter {
    let zone = zone(it);
    let mut range = |name: &str| {
        let from = bound(it, &format!("{name}_from"), zone);
        (from, bound(it, &format!("{name}_to"), zone))
    };
    let (placed, updated) = (range("placed"), range("updated"));
    OrderFilter {
        owner,
        lifecycle: words(it, "lifecycle", Lifecycle::ALL),
        payment_status: words(it, "payment_status", PaymentStatus::ALL),
        fulfilment_status: words(it, "fulfilment_status", FulfilmentStatus::ALL),
        on_hold: flag(it, "on_hold"),
        to_ship: flag(it, "to_ship"),
        refund_due: flag(it, "refund_due"),
        channel: texts(it, "channel"),
        currency: values(it, "currency", "currency codes of ISO 4217"),
        terms: words(it, "terms", Terms::ALL),
        customer_id: values(it, "customer_id", "customer ids"),
        placed,
        updated,
        due_before: date(it, "due_before"),
        total: (amount(it, "total_min"), amount(it, "total_max")),
        sku: texts(it, "sku"),
        tag: texts(it, "tag"),
        reference: texts(it, "reference"),
        customer_reference: texts(it, "customer_reference"),
        payment_reference: texts(it, "payment_reference"),
        tracking_number: texts(it, "tracking_number"),
        ids: names(it),
        q: search(it),
    }
}

/// `ids`: orders by id or number.
fn names(it: &mut Parameters) -> Names {
    let mut names = Names::default();
    for key in values::<OrderKey>(it, "ids", "order ids or numbers") {
        match key {
            OrderKey::Id(id) => names.ids.push(id),
            OrderKey::Number(number) => names.numbers.push(number),
        }
    }
    names
}

/// Money never adds up, and is never compared, across currencies.
fn require_currency(filter: &OrderFilter, sort: OrderSort) -> Result<(), Problem> {
    if !filter.mixes_currencies(sort) {
        return Ok(());
    }
    let detail = "must be one currency, because amounts are compared";
    let error =
        json!([{"pointer": "/query/currency", "code": "currency_required", "detail": detail}]);
    Err(Problem::from(problems::CURRENCY_REQUIRED)
        .detail(format!("currency {detail}"))
        .fact("errors", error))
}

/// Reads which past state of an order is asked for, if any.
///
/// # Errors
/// 422 with every parameter at fault.
pub fn moment(query: Option<&str>) -> Result<Option<Moment>, Problem> {
    let mut parameters = Parameters::read(query);
    let version = parameters.parsed("version", "a whole number from 1 on", |text| {
        let version: u32 = text.parse().ok()?;
        (version > 0 && version.to_string() == text).then_some(Version(version))
    });
    let time = parameters.parsed("at", "an RFC 3339 instant", |text| match text.parse() {
        Ok(Bound::Instant(instant)) => Some(instant.into()),
        _ => None,
    });
    if version.is_some() && time.is_some() {
        parameters.fault("at", "conflicting", "must not be given beside version");
    }
    let version = version.map(Moment::Version);
    parameters.finish(version.or(time.map(Moment::Time)))
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

impl FromStr for OrderKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        let id = text.parse().map(Self::Id);
        id.or_else(|_no_id| text.parse().map(Self::Number))
            .map_err(|_no_number| InvalidKey)
    }
}

/// The text is neither an order id nor an order number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither an order id nor an order number")]
pub struct InvalidKey;

impl OrderKey {
    /// Reads an order id or an order number.
    ///
    /// # Errors
    /// 404: no order has another name.
    pub fn read(text: &str) -> Result<Self, Problem> {
        text.parse()
            .map_err(|_no_name: InvalidKey| problems::ORDER_NOT_FOUND.into())
    }
}
