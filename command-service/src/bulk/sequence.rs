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

/// A line that this one waits for ended without an outcome: carried out or not, nobody knows yet.
pub(super) struct Unsettled;

impl Turn {
    /// Waits for the lines before this one. Whoever has an outcome says so through what is returned; whoever drops it
    /// has none, and then the lines that wait for it have none either. Decided without it they might be refused for a
    /// reason that the next attempt removes, and a refusal is kept under its key.
    pub async fn wait(self) -> Result<oneshot::Sender<()>, Unsettled> {
        let settled = join_all(self.before).await.iter().all(Result::is_ok);
        if settled {
            Ok(self.done)
        } else {
            Err(Unsettled)
        }
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
        let known = names.iter().any(|name| self.groups.contains_key(name));
        let customer = if known {
            Ok(None)
        } else {
            self.customer_of(line).await
        };
        names.extend(line.creates().map(|reference| match line.command {
            Command::RegisterCustomer => Name::CustomerReference(reference),
            Command::PlaceOrder
            | Command::DraftOrder
            | Command::Order(_)
            | Command::Customer(_)
            | Command::SetCreditTerms
            | Command::RecordAccountPayment => Name::OrderReference(reference),
        }));
        match customer {
            Ok(customer) => {
                names.extend(customer.map(Name::Customer));
                Ok(self.turn(names))
            }
            Err(error) => {
                // Its turn passes without an outcome, so that no later line overtakes it.
                drop(self.turn(names));
                Err(error)
            }
        }
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
                Some(StreamId::Order(_) | StreamId::Credit(_)) | None => Ok(None),
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
                Some(StreamId::Customer(_) | StreamId::Credit(_)) | None => Ok(None),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn turn_after(before: Vec<Done>) -> (Turn, Done) {
        let (done, receiver) = oneshot::channel();
        (Turn { before, done }, receiver.shared())
    }

    #[tokio::test]
    async fn a_line_has_its_turn_once_every_line_before_it_has_an_outcome() {
        let (first, first_done) = turn_after(Vec::new());
        let (second, _) = turn_after(vec![first_done]);
        let mut second = Box::pin(second.wait());
        assert!(
            (&mut second).now_or_never().is_none(),
            "the first has none yet"
        );
        let Ok(done) = first.wait().await else {
            panic!("nothing is before the first line")
        };
        done.send(()).expect("the second line is waiting");
        assert!(second.await.is_ok());
    }

    #[tokio::test]
    async fn a_line_without_an_outcome_takes_all_that_wait_for_it_along() {
        let (first, first_done) = turn_after(Vec::new());
        let (second, second_done) = turn_after(vec![first_done]);
        let (third, _) = turn_after(vec![second_done]);
        drop(first.wait().await);
        assert!(second.wait().await.is_err());
        assert!(third.wait().await.is_err());
    }
}
