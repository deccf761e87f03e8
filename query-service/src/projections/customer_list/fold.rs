//! Event by event to a [`CustomerRow`].

use orderfold_events::{
    CustomerId, Envelope, Event, Version,
    customer::{CustomerEvent, CustomerStatus, Registered},
};

use super::{CustomerList, CustomerRow, KeyEnd, tokens};
use crate::projections::{Contradiction, DocumentView, FoldKeys, ReadModel, require_next};

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
        match (document, event) {
            (None, CustomerEvent::Registered(registered)) => {
                require_next(Version::NONE, envelope)?;
                Ok(registered_row(envelope, registered))
            }
            (Some(_), CustomerEvent::Registered(_)) => Err(Contradiction::RegisteredTwice),
            (Some(row), CustomerEvent::Erased(_)) => {
                require_next(row.version, envelope)?;
                Ok(CustomerRow {
                    status: CustomerStatus::Erased,
                    erased_at: Some(envelope.recorded_at),
                    ..moved(row, envelope)
                })
            }
            (Some(row), CustomerEvent::KeyDestroyed(_)) => {
                require_next(row.version, envelope)?;
                let end = KeyEnd {
                    coordinate: envelope.coordinate,
                    recorded_at: envelope.recorded_at,
                };
                Ok(CustomerRow {
                    key_end: Some(end),
                    ..moved(row, envelope)
                })
            }
            // CONTRACT: all else that may follow a registration.
            (Some(row), _) => Ok(row),
            (None, _) => Err(Contradiction::NotPlaced),
        }
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
                let personal = row.personal.open(&keys.keys);
                let personal = personal.map_err(|_otherwise| Contradiction::Sealed)?;
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

fn moved(row: CustomerRow, envelope: &Envelope) -> CustomerRow {
    CustomerRow {
        version: envelope.version,
        coordinate: envelope.coordinate,
        updated_at: envelope.recorded_at,
        ..row
    }
}

fn registered_row(envelope: &Envelope, registered: &Registered) -> CustomerRow {
    let mut tags = registered.tags.clone();
    tags.sort_unstable();
    tags.dedup();
    CustomerRow {
        customer_id: registered.customer_id,
        version: envelope.version,
        coordinate: envelope.coordinate,
        status: registered.status,
        reference: registered.reference.clone(),
        tags,
        created_at: envelope.recorded_at,
        updated_at: envelope.recorded_at,
        personal: registered.personal.clone(),
        tokens: Vec::new(),
        erased_at: None,
        key_end: None,
    }
}
