//! Event by event to a [`CustomerRow`].

use orderfold_events::{
    CustomerId, Envelope, Event, Version,
    customer::{Blocked, CustomerEvent, Erased, KeyDestroyed, Registered, Unblocked},
};

use super::{CustomerList, CustomerRow, KeyEnd, tokens};
use crate::projections::{
    Contradiction, DocumentView, FoldKeys, ReadModel, order_list::search, require_next, sorted,
};

impl DocumentView for CustomerList {
    type Id = CustomerId;
    type Document = CustomerRow;
    type Fact = CustomerEvent;

    const READ_MODEL: ReadModel = ReadModel::CustomerList;

    fn select(event: &Event) -> Option<(CustomerId, &CustomerEvent)> {
        match event {
            Event::Customer(customer) => Some((customer.customer_id(), customer)),
            Event::Credit(_) | Event::Order(_) => None,
        }
    }

    fn id(document: &CustomerRow) -> CustomerId {
        document.customer_id
    }

    fn fold(
        document: Option<CustomerRow>,
        envelope: &Envelope,
        event: &CustomerEvent,
    ) -> Result<CustomerRow, Contradiction> {
        let before = match (document, event) {
            (None, CustomerEvent::Registered(registered)) => {
                require_next(Version::NONE, envelope)?;
                return Ok(registered_row(envelope, registered));
            }
            (Some(_), CustomerEvent::Registered(_)) => return Err(Contradiction::RegisteredTwice),
            (None, _) => return Err(Contradiction::NotRegistered),
            (Some(row), _) => row,
        };
        require_next(before.version, envelope)?;
        let row = CustomerRow {
            version: envelope.version,
            coordinate: envelope.coordinate,
            updated_at: envelope.recorded_at,
            ..before
        };
        Ok(changed(row, envelope, event))
    }

    fn key_for(event: &CustomerEvent) -> Option<CustomerId> {
        match event {
            CustomerEvent::Registered(event) => event.personal.key(),
            CustomerEvent::ProfileUpdated(event) => event.personal.key(),
            CustomerEvent::EmailChanged(event)
            | CustomerEvent::AddressSaved(event)
            | CustomerEvent::AddressRemoved(event) => event.personal.key(),
            CustomerEvent::Blocked(_)
            | CustomerEvent::Unblocked(_)
            | CustomerEvent::Erased(_)
            | CustomerEvent::KeyDestroyed(_) => None,
        }
    }

    fn fold_with(
        document: Option<CustomerRow>,
        envelope: &Envelope,
        event: &CustomerEvent,
        keys: &FoldKeys,
    ) -> Result<CustomerRow, Contradiction> {
        let row = Self::fold(document, envelope, event)?;
        let tokens = match event {
            CustomerEvent::Registered(_)
            | CustomerEvent::ProfileUpdated(_)
            | CustomerEvent::EmailChanged(_)
            | CustomerEvent::AddressSaved(_)
            | CustomerEvent::AddressRemoved(_) => {
                let personal = row.personal.as_ref().map(|part| part.open(&keys.keys));
                let personal = personal.transpose();
                let personal = personal
                    .map_err(|_otherwise| Contradiction::Sealed)?
                    .flatten();
                personal.map_or_else(Vec::new, |personal| tokens::tokens(&keys.search, &personal))
            }
            CustomerEvent::Blocked(_) | CustomerEvent::Unblocked(_) => return Ok(row),
            CustomerEvent::Erased(_) | CustomerEvent::KeyDestroyed(_) => Vec::new(),
        };
        Ok(CustomerRow { tokens, ..row })
    }

    fn ends_key(event: &CustomerEvent) -> Option<(CustomerId, bool)> {
        match event {
            CustomerEvent::Erased(event) => Some((event.customer_id, false)),
            CustomerEvent::KeyDestroyed(event) => Some((event.customer_id, true)),
            CustomerEvent::Registered(_)
            | CustomerEvent::ProfileUpdated(_)
            | CustomerEvent::EmailChanged(_)
            | CustomerEvent::AddressSaved(_)
            | CustomerEvent::AddressRemoved(_)
            | CustomerEvent::Blocked(_)
            | CustomerEvent::Unblocked(_) => None,
        }
    }
}

/// The row with what an event after the registration says.
fn changed(row: CustomerRow, envelope: &Envelope, event: &CustomerEvent) -> CustomerRow {
    match event {
        CustomerEvent::Registered(_) => row,
        CustomerEvent::ProfileUpdated(profile) => CustomerRow {
            status: profile.status,
            tags: sorted(&profile.tags),
            personal: Some(profile.personal.clone()),
            ..row
        },
        CustomerEvent::EmailChanged(changed)
        | CustomerEvent::AddressSaved(changed)
        | CustomerEvent::AddressRemoved(changed) => CustomerRow {
            status: changed.status,
            personal: Some(changed.personal.clone()),
            ..row
        },
        CustomerEvent::Blocked(Blocked { status, .. })
        | CustomerEvent::Unblocked(Unblocked { status, .. }) => CustomerRow {
            status: *status,
            ..row
        },
        CustomerEvent::Erased(Erased { status, .. }) => CustomerRow {
            status: *status,
            personal: None,
            erased_at: Some(envelope.recorded_at),
            ..row
        },
        CustomerEvent::KeyDestroyed(KeyDestroyed { status, .. }) => CustomerRow {
            status: *status,
            personal: None,
            key_end: Some(KeyEnd {
                coordinate: envelope.coordinate,
                recorded_at: envelope.recorded_at,
            }),
            ..row
        },
    }
}

fn registered_row(envelope: &Envelope, registered: &Registered) -> CustomerRow {
    let reference = registered.reference.iter().map(|it| it.value.as_str());
    CustomerRow {
        customer_id: registered.customer_id,
        version: envelope.version,
        coordinate: envelope.coordinate,
        status: registered.status,
        reference: registered.reference.clone(),
        tags: sorted(&registered.tags),
        search: search::words(reference),
        created_at: envelope.recorded_at,
        updated_at: envelope.recorded_at,
        personal: Some(registered.personal.clone()),
        tokens: Vec::new(),
        erased_at: None,
        key_end: None,
    }
}
