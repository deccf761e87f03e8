//! Open work and debts as callers see them.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use orderfold_events::{Currency, CustomerId, OrderId, OrderNumber, Timestamp, order::Terms};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    open_queries::{ReceivablesFound, StageFound},
    open_repository::{Ages, StageSum},
};
use crate::{
    http::{freshness::FreshnessBody, schemas},
    orders::listed::NamedCustomer,
    projections::work_queue::{Stage, WorkDocument},
};

/// Names of customers that may be seen.
pub type Names = HashMap<CustomerId, String>;

/// Open work by stage. An order can be in several stages at once.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WorkQueueBody {
    pub data: Vec<StageBody>,
    pub freshness: FreshnessBody,
}

/// One stage.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StageBody {
    #[serde(flatten)]
    pub sums: StageSums,
    /// Those that are in it for the longest, oldest first.
    pub orders: Vec<OpenOrder>,
}

/// How much there is in a stage.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StageSums {
    #[schema(schema_with = schemas::stage)]
    pub stage: Stage,
    pub count: i64,
    /// One entry per currency.
    pub values: Vec<StageValue>,
    /// Since when the oldest is in it; null when there is none.
    #[schema(schema_with = schemas::optional_instant)]
    pub oldest_since: Option<Timestamp>,
    pub oldest_age_seconds: Option<i64>,
}

/// The orders of one currency in a stage.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StageValue {
    #[schema(schema_with = schemas::currency)]
    pub currency: Currency,
    pub count: i64,
    /// Minor units: what is owed (`awaiting_payment`), what is to be given back (`refund_due`), or the total of the
    /// orders.
    pub amount: i64,
}

/// An order that something is to be done about.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OpenOrder {
    #[schema(value_type = Uuid)]
    pub order_id: OrderId,
    #[schema(schema_with = schemas::order_number)]
    pub number: OrderNumber,
    pub customer: NamedCustomer,
    pub channel: String,
    #[schema(schema_with = schemas::currency)]
    pub currency: Currency,
    #[schema(schema_with = schemas::terms)]
    pub terms: Terms,
    /// Since when it is in the stage.
    #[schema(schema_with = schemas::optional_instant)]
    pub since: Option<Timestamp>,
    pub age_seconds: Option<i64>,
    /// Minor units; so is `balance`.
    pub total_sales: i64,
    pub balance: i64,
}

/// Open balances of orders on account, by how long they are past due today. Minor units of `currency`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReceivablesBody {
    #[schema(schema_with = schemas::currency)]
    pub currency: Currency,
    /// Today in the store's reporting zone.
    pub as_of_day: NaiveDate,
    #[schema(value_type = String, examples("Europe/Berlin"))]
    pub tz: Tz,
    pub totals: AgesBody,
    /// Customers, those that owe most first.
    pub data: Vec<CustomerDebtBody>,
    pub freshness: FreshnessBody,
}

/// What one customer owes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CustomerDebtBody {
    pub customer: NamedCustomer,
    #[serde(flatten)]
    pub ages: AgesBody,
}

/// What is owed, by how many days it is past due.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct AgesBody {
    pub orders: i64,
    pub total: i64,
    pub not_due: i64,
    pub days_1_30: i64,
    pub days_31_60: i64,
    pub days_61_90: i64,
    pub days_over_90: i64,
}

impl StageBody {
    /// A stage as of now.
    #[must_use]
    pub fn new(found: StageFound, names: &Names, now: DateTime<Utc>) -> Self {
        let stage = found.stage;
        Self {
            sums: StageSums::new(stage, found.sums, now),
            orders: found
                .oldest
                .into_iter()
                .map(|order| OpenOrder::new(order, stage, names, now))
                .collect(),
        }
    }
}

impl StageSums {
    /// How much there is in a stage as of now.
    #[must_use]
    pub fn new(stage: Stage, sums: Vec<StageSum>, now: DateTime<Utc>) -> Self {
        let oldest_since = sums.iter().map(|sum| sum.oldest).min();
        Self {
            stage,
            count: sums.iter().map(|sum| sum.orders).sum(),
            oldest_since,
            oldest_age_seconds: oldest_since.map(|since| age_seconds(since, now)),
            values: sums.into_iter().map(StageValue::from).collect(),
        }
    }
}

impl From<StageSum> for StageValue {
    fn from(sum: StageSum) -> Self {
        Self {
            currency: sum.currency,
            count: sum.orders,
            amount: sum.amount,
        }
    }
}

impl OpenOrder {
    fn new(order: WorkDocument, stage: Stage, names: &Names, now: DateTime<Utc>) -> Self {
        let since = order.since.of(stage);
        Self {
            order_id: order.order_id,
            number: order.number,
            customer: named(order.customer_id, names),
            channel: order.channel,
            currency: order.currency,
            terms: order.terms,
            since,
            age_seconds: since.map(|since| age_seconds(since, now)),
            total_sales: order.total_sales,
            balance: order.balance,
        }
    }
}

impl ReceivablesBody {
    /// What was found for a currency on a day of the reporting zone.
    #[must_use]
    pub fn new(
        (currency, as_of_day, tz): (Currency, NaiveDate, Tz),
        found: ReceivablesFound,
        names: &Names,
        freshness: FreshnessBody,
    ) -> Self {
        let customers = found.customers.into_iter().map(|debt| CustomerDebtBody {
            customer: named(debt.customer_id, names),
            ages: debt.ages.into(),
        });
        Self {
            currency,
            as_of_day,
            tz,
            totals: found.total.into(),
            data: customers.collect(),
            freshness,
        }
    }
}

impl From<Ages> for AgesBody {
    fn from(ages: Ages) -> Self {
        Self {
            orders: ages.orders,
            total: ages.total,
            not_due: ages.not_due,
            days_1_30: ages.days_1_30,
            days_31_60: ages.days_31_60,
            days_61_90: ages.days_61_90,
            days_over_90: ages.days_over_90,
        }
    }
}

fn named(customer_id: CustomerId, names: &Names) -> NamedCustomer {
    NamedCustomer {
        customer_id,
        name: names.get(&customer_id).cloned(),
    }
}

/// Never below zero: the clock that recorded may be ahead of this one.
fn age_seconds(since: Timestamp, now: DateTime<Utc>) -> i64 {
    let age = now.signed_duration_since(since.datetime());
    age.num_seconds().max(0)
}
