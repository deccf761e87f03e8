//! Event by event to a [`CustomerDocument`]. Events of different streams may come in any order.

use std::cmp::Reverse;

use orderfold_events::{
    Coordinate, CustomerId, Envelope, Event, StreamId, Version,
    credit::CreditEvent,
    customer::{Blocked, CustomerEvent, Erased, KeyDestroyed, Registered, Unblocked},
    order::{OrderEvent, OrderFact, Totals},
};

use super::{
    Credit, Customer360, CustomerDocument, LAST_ORDERS_MAX, LastOrder, Lifetime, OrderCounts,
    Profile,
};
use crate::projections::{
    Contradiction, DocumentView, ReadModel, VersionPlace, order_steps, require_next,
};

impl DocumentView for Customer360 {
    type Id = CustomerId;
    type Document = CustomerDocument;
    type Fact = Event;

    const READ_MODEL: ReadModel = ReadModel::Customer360;

    fn select(event: &Event) -> Option<(CustomerId, &Event)> {
        Some((event.customer_id(), event))
    }

    fn id(document: &CustomerDocument) -> CustomerId {
        document.customer_id
    }

    fn version_of(stream: StreamId) -> Option<VersionPlace<CustomerId>> {
        match stream {
            StreamId::Customer(document) => Some(VersionPlace::Member {
                document,
                path: "profile.version",
            }),
            StreamId::Order(order) => Some(VersionPlace::Entry {
                list: "last_orders",
                order,
            }),
            StreamId::Credit(document) => Some(VersionPlace::Member {
                document,
                path: "credit.version",
            }),
        }
    }

    fn fold(
        document: Option<CustomerDocument>,
        envelope: &Envelope,
        event: &Event,
    ) -> Result<CustomerDocument, Contradiction> {
        let document =
            document.unwrap_or_else(|| nothing_yet(event.customer_id(), envelope.coordinate));
        let document = match event {
            Event::Customer(customer) => fold_customer(document, envelope, customer)?,
            Event::Order(order) => fold_order(document, envelope, order)?,
            Event::Credit(credit) => fold_credit(document, envelope, credit)?,
        };
        Ok(CustomerDocument {
            coordinate: envelope.coordinate,
            ..document
        })
    }
}

fn nothing_yet(customer_id: CustomerId, coordinate: Coordinate) -> CustomerDocument {
    CustomerDocument {
        customer_id,
        coordinate,
        profile: None,
        credit: None,
        counts: OrderCounts::default(),
        lifetime: Vec::new(),
        first_order_at: None,
        last_order_at: None,
        last_orders: Vec::new(),
    }
}

fn fold_customer(
    document: CustomerDocument,
    envelope: &Envelope,
    event: &CustomerEvent,
) -> Result<CustomerDocument, Contradiction> {
    let before = match (document.profile, event) {
        (None, CustomerEvent::Registered(registered)) => {
            require_next(Version::NONE, envelope)?;
            return Ok(CustomerDocument {
                profile: Some(registered_profile(envelope, registered)),
                ..document
            });
        }
        (Some(_), CustomerEvent::Registered(_)) => return Err(Contradiction::RegisteredTwice),
        (None, _) => return Err(Contradiction::NotRegistered),
        (Some(profile), _) => profile,
    };
    require_next(before.version, envelope)?;
    let profile = Profile {
        version: envelope.version,
        updated_at: envelope.recorded_at,
        ..before
    };
    Ok(CustomerDocument {
        profile: Some(changed_profile(profile, event)),
        ..document
    })
}

/// The profile with what an event after the registration says.
fn changed_profile(profile: Profile, event: &CustomerEvent) -> Profile {
    match event {
        CustomerEvent::Registered(_) => profile,
        CustomerEvent::ProfileUpdated(updated) => Profile {
            status: updated.status,
            language: updated.language.clone(),
            tags: updated.tags.clone(),
            metadata: updated.metadata.clone(),
            personal: Some(updated.personal.clone()),
            ..profile
        },
        CustomerEvent::EmailChanged(changed)
        | CustomerEvent::AddressSaved(changed)
        | CustomerEvent::AddressRemoved(changed) => Profile {
            status: changed.status,
            personal: Some(changed.personal.clone()),
            ..profile
        },
        CustomerEvent::Blocked(Blocked { status, .. })
        | CustomerEvent::Unblocked(Unblocked { status, .. }) => Profile {
            status: *status,
            ..profile
        },
        CustomerEvent::Erased(Erased { status, .. })
        | CustomerEvent::KeyDestroyed(KeyDestroyed { status, .. }) => Profile {
            status: *status,
            personal: None,
            ..profile
        },
    }
}

fn fold_credit(
    document: CustomerDocument,
    envelope: &Envelope,
    event: &CreditEvent,
) -> Result<CustomerDocument, Contradiction> {
    let before = document.credit;
    // What comes first here need not be the account's first event: that one may have been skipped, and left no
    // version behind. Any event of an account says how it stands.
    if let Some(credit) = &before {
        require_next(credit.version, envelope)?;
    }
    let credit = match event {
        CreditEvent::TermsSet(terms) => Credit {
            version: envelope.version,
            currency: terms.currency,
            limit: terms.limit,
            payment_days: Some(terms.payment_days),
            exposure: before.map_or(0, |credit| credit.exposure),
            updated_at: envelope.recorded_at,
        },
        CreditEvent::ExposureChanged(changed) => Credit {
            version: envelope.version,
            currency: changed.currency,
            limit: changed.limit,
            payment_days: before.and_then(|credit| credit.payment_days),
            exposure: changed.total,
            updated_at: envelope.recorded_at,
        },
    };
    Ok(CustomerDocument {
        credit: Some(credit),
        ..document
    })
}

fn registered_profile(envelope: &Envelope, registered: &Registered) -> Profile {
    Profile {
        version: envelope.version,
        status: registered.status,
        reference: registered.reference.clone(),
        language: registered.language.clone(),
        tags: registered.tags.clone(),
        metadata: registered.metadata.clone(),
        created_at: envelope.recorded_at,
        updated_at: envelope.recorded_at,
        personal: Some(registered.personal.clone()),
    }
}

fn fold_order(
    mut document: CustomerDocument,
    envelope: &Envelope,
    event: &OrderEvent,
) -> Result<CustomerDocument, Contradiction> {
    // Drafts are no orders yet: they book nothing and are not listed.
    let Some((number, placed_at)) = event.summary.number.zip(event.summary.placed_at) else {
        return Ok(document);
    };
    let steps = order_steps(&event.fact);
    document.counts = add_counts(document.counts, steps)?;
    add_to_lifetime(&mut document.lifetime, event, steps)?;
    if let OrderFact::Placed(_) = event.fact {
        let first = document.first_order_at.unwrap_or(placed_at);
        document.first_order_at = Some(first.min(placed_at));
        document.last_order_at = document.last_order_at.max(Some(placed_at));
    }
    let summary = &event.summary;
    let order = LastOrder {
        order_id: summary.order_id,
        version: envelope.version,
        number,
        channel: summary.channel.clone(),
        currency: summary.currency,
        placed_at,
        lifecycle: summary.lifecycle,
        payment_status: summary.payment_status,
        fulfilment_status: summary.fulfilment_status,
        on_hold: summary.on_hold,
        totals: summary.totals,
    };
    list_order(&mut document.last_orders, envelope, (order, &event.fact))?;
    Ok(document)
}

fn add_counts(before: OrderCounts, steps: OrderCounts) -> Result<OrderCounts, Contradiction> {
    let add = |before: i64, step: i64| before.checked_add(step).ok_or(Contradiction::Figure);
    Ok(OrderCounts {
        placed: add(before.placed, steps.placed)?,
        cancelled: add(before.cancelled, steps.cancelled)?,
        completed: add(before.completed, steps.completed)?,
    })
}

fn add_to_lifetime(
    lifetime: &mut Vec<Lifetime>,
    event: &OrderEvent,
    steps: OrderCounts,
) -> Result<(), Contradiction> {
    let currency = event.summary.currency;
    let index = match lifetime.binary_search_by_key(&currency, |entry| entry.currency) {
        Ok(index) => index,
        Err(index) => {
            let entry = Lifetime {
                currency,
                counts: OrderCounts::default(),
                totals: Totals::default(),
            };
            lifetime.insert(index, entry);
            index
        }
    };
    if let Some(entry) = lifetime.get_mut(index) {
        entry.counts = add_counts(entry.counts, steps)?;
        entry.totals = entry
            .totals
            .checked_add(&event.change.totals)
            .ok_or(Contradiction::Figure)?;
    }
    Ok(())
}

/// Puts the order among the last ones where it belongs. One that newer orders have pushed out stays out: only a
/// placing can bring an order in, and it can only be older than those that pushed it out.
fn list_order(
    orders: &mut Vec<LastOrder>,
    envelope: &Envelope,
    (order, fact): (LastOrder, &OrderFact),
) -> Result<(), Contradiction> {
    let listed = orders
        .iter_mut()
        .find(|listed| listed.order_id == order.order_id);
    match (listed, fact) {
        (Some(_), OrderFact::Placed(_)) => return Err(Contradiction::PlacedTwice),
        (Some(listed), _) => {
            require_next(listed.version, envelope)?;
            *listed = order;
        }
        // Events of the draft it was may have come before, so any version may be the first here.
        (None, OrderFact::Placed(_)) => {
            orders.push(order);
            orders.sort_unstable_by_key(|order| Reverse((order.placed_at, order.order_id)));
            orders.truncate(LAST_ORDERS_MAX);
        }
        (None, _) => {}
    }
    Ok(())
}
