//! Which lines have to wait for which: lines of one customer run in their order, and a line that speaks of a reference
//! waits for the line that makes it.

use std::collections::HashMap;

use futures::{
    FutureExt,
    future::{Shared, join_all},
};
use orderfold_events::{CustomerId, OrderId, StreamId};
use tokio::sync::oneshot;

use super::line::{Command, Line, Reference, Target};
use crate::{
    event_sourcing::{ClaimKind, EventStore, Loaded, StoreError},
    execution::Secrets,
    orders::domain::Order,
};

/// Anything that tells whose line it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    Customer(CustomerId),
    CustomerReference(Reference),
    Order(OrderId),
    OrderReference(Reference),
}

type Done = Shared<oneshot::Receiver<()>>;

/// What a line waits for, and what others that come after it wait for.
pub(super) struct Turn {
    before: Vec<Done>,
    done: oneshot::Sender<()>,
}

impl Turn {
    /// Waits for the lines before this one; whoever holds what is returned is at work.
    pub async fn wait(self) -> oneshot::Sender<()> {
        // A line that ended without a word has ended all the same.
        join_all(self.before).await;
        self.done
    }
}

/// The last line of every customer so far.
pub(super) struct Sequence<'a> {
    store: &'a EventStore,
    secrets: &'a Secrets,
    groups: HashMap<Name, usize>,
    tails: Vec<Option<Done>>,
}

impl<'a> Sequence<'a> {
    pub fn new(store: &'a EventStore, secrets: &'a Secrets) -> Self {
        Self {
            store,
            secrets,
            groups: HashMap::new(),
            tails: Vec::new(),
        }
    }

    /// Lines up the next line. Names that no line has used yet are looked up, so that a customer is one group however
    /// it is spoken of.
    pub async fn line_up(&mut self, line: &Line) -> Result<Turn, StoreError> {
        let mut names = named(line);
        if !names.iter().any(|name| self.groups.contains_key(name)) {
            let customer = self.customer_of(line).await?;
            names.extend(customer.map(Name::Customer));
        }
        names.extend(line.creates().map(|reference| match line.command {
            Command::RegisterCustomer => Name::CustomerReference(reference),
            Command::PlaceOrder | Command::Order(_) => Name::OrderReference(reference),
        }));
        Ok(self.turn(names))
    }

    fn turn(&mut self, names: Vec<Name>) -> Turn {
        let mut groups: Vec<usize> = names
            .iter()
            .filter_map(|name| self.groups.get(name).copied())
            .collect();
        groups.sort_unstable();
        groups.dedup();
        let own = groups.first().copied().unwrap_or_else(|| {
            self.tails.push(None);
            self.tails.len() - 1
        });
        if groups.is_empty() {
            groups.push(own);
        }
        for name in names {
            self.groups.entry(name).or_insert(own);
        }
        let (done, receiver) = oneshot::channel();
        let receiver = receiver.shared();
        let mut before = Vec::new();
        for group in groups {
            if let Some(tail) = self.tails.get_mut(group) {
                before.extend(tail.replace(receiver.clone()));
            }
        }
        Turn { before, done }
    }

    async fn customer_of(&self, line: &Line) -> Result<Option<CustomerId>, StoreError> {
        match (&line.customer, &line.order) {
            (Some(target), _) => find_customer(self.store, self.secrets, target).await,
            (None, Some(target)) => match find_order(self.store, self.secrets, target).await? {
                Some(order_id) => {
                    let order: Loaded<Order> = self.store.load(StreamId::Order(order_id)).await?;
                    Ok(order.state.summary().map(|summary| summary.customer_id))
                }
                None => Ok(None),
            },
            (None, None) => Ok(None),
        }
    }
}

fn named(line: &Line) -> Vec<Name> {
    let customer = line.customer.as_ref().map(|target| match target {
        Target::Id(id) => Name::Customer(*id),
        Target::Reference(reference) => Name::CustomerReference(reference.clone()),
    });
    let order = line.order.as_ref().map(|target| match target {
        Target::Id(id) => Name::Order(*id),
        Target::Reference(reference) => Name::OrderReference(reference.clone()),
    });
    let in_body = line
        .body
        .get("customer_id")
        .and_then(serde_json::Value::as_str);
    let in_body = in_body.and_then(|id| id.parse().ok()).map(Name::Customer);
    customer.into_iter().chain(order).chain(in_body).collect()
}

/// The customer that a target names, if there is one.
pub(super) async fn find_customer(
    store: &EventStore,
    secrets: &Secrets,
    target: &Target<CustomerId>,
) -> Result<Option<CustomerId>, StoreError> {
    match target {
        Target::Id(id) => Ok(Some(*id)),
        Target::Reference(reference) => {
            match find(store, secrets, ClaimKind::CustomerReference, reference).await? {
                Some(StreamId::Customer(id)) => Ok(Some(id)),
                Some(StreamId::Order(_)) | None => Ok(None),
            }
        }
    }
}

/// The order that a target names, if there is one.
pub(super) async fn find_order(
    store: &EventStore,
    secrets: &Secrets,
    target: &Target<OrderId>,
) -> Result<Option<OrderId>, StoreError> {
    match target {
        Target::Id(id) => Ok(Some(*id)),
        Target::Reference(reference) => {
            match find(store, secrets, ClaimKind::OrderReference, reference).await? {
                Some(StreamId::Order(id)) => Ok(Some(id)),
                Some(StreamId::Customer(_)) | None => Ok(None),
            }
        }
    }
}

async fn find(
    store: &EventStore,
    secrets: &Secrets,
    kind: ClaimKind,
    reference: &Reference,
) -> Result<Option<StreamId>, StoreError> {
    let key = secrets.reference(&reference.channel, &reference.value);
    store.find_claim(kind, &key).await
}
