//! Event by event to a [`CustomerRow`].

use orderfold_events::{
    CustomerId, Envelope, Event, Version,
    customer::{Blocked, CustomerEvent, Erased, KeyDestroyed, Registered, Unblocked},
};

use super::{CustomerList, CustomerRow};
use crate::projections::{
    Contradiction, DocumentView, ReadModel, order_list::search, require_next, sorted,
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
        Ok(changed(row, event))
    }
}

/// The row with what an event after the registration says.
fn changed(row: CustomerRow, event: &CustomerEvent) -> CustomerRow {
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
        CustomerEvent::Erased(Erased { status, .. })
        | CustomerEvent::KeyDestroyed(KeyDestroyed { status, .. }) => CustomerRow {
            status: *status,
            personal: None,
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
    }
}
