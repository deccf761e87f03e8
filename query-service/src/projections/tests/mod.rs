//! Tests of the folds: every event in every read model, and that batches and interleavings make no difference.

mod drafts;
mod events;
#[path = "../../../tests/support/history.rs"]
#[expect(dead_code, reason = "the tests of the API use the rest")]
pub(crate) mod history;
mod later;
mod parties;
mod properties;
mod sums;

use std::collections::BTreeMap;

use orderfold_events::{CustomerId, Envelope, Event, OrderId, Personal, SealingKey, Shard};
use serde::de::DeserializeOwned;

use self::history::{History, Recorded, keys_of};
use super::{
    Contradiction, DocumentView, FoldKeys,
    customer_360::{Customer360, CustomerDocument},
    order_detail::{OrderDetail, OrderDocument},
    order_list::{OrderList, OrderRow},
};

/// The documents of one read model.
type Documents<V> = BTreeMap<<V as DocumentView>::Id, <V as DocumentView>::Document>;

/// Folds events into documents.
fn fold_into<V: DocumentView>(
    documents: &mut Documents<V>,
    events: &[Recorded],
) -> Result<(), Contradiction> {
    let keys = FoldKeys {
        keys: keys_of(events),
        search: SealingKey::new([9; 32]),
    };
    for Recorded {
        envelope, event, ..
    } in events
    {
        if let Some((id, fact)) = V::select(event) {
            let folded = V::fold_with(documents.remove(&id), envelope, fact, &keys)?;
            assert!(V::id(&folded) == id, "a document keeps its id");
            documents.insert(id, folded);
        }
    }
    Ok(())
}

fn fold<V: DocumentView>(events: &[Recorded]) -> Documents<V> {
    let mut documents = Documents::<V>::new();
    fold_into::<V>(&mut documents, events).unwrap();
    documents
}

/// One customer with one order of two lines: 3 × 10.00 and 1 × 5.00.
fn one_order() -> (History, CustomerId, OrderId) {
    let mut history = History::new(8);
    let customer = history.register_in(Shard(3));
    let order = history.place(customer, &[(3, 1000), (1, 500)]);
    (history, customer, order)
}

fn last(history: &History) -> (&Envelope, &Event) {
    let last = history.log.last().unwrap();
    (&last.envelope, &last.event)
}

fn row(history: &History, order: OrderId) -> OrderRow {
    fold::<OrderList>(&history.log).remove(&order).unwrap()
}

fn detail(history: &History, order: OrderId) -> OrderDocument {
    fold::<OrderDetail>(&history.log).remove(&order).unwrap()
}

fn customer_document(history: &History, customer: CustomerId) -> CustomerDocument {
    fold::<Customer360>(&history.log).remove(&customer).unwrap()
}

/// What a document keeps sealed, as it was said.
fn in_plain<T: DeserializeOwned + Clone>(history: &History, sealed: &Personal<T>) -> Personal<T> {
    assert!(matches!(sealed, Personal::Sealed(_)), "it is kept sealed");
    let plain = sealed.open(&keys_of(&history.log)).unwrap();
    Personal::plain(plain.unwrap())
}
