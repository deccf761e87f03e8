//! Event by event to a [`CustomerRow`].

use orderfold_events::{
    CustomerId, Envelope, Event, Version,
    customer::{CustomerEvent, Registered},
};

use super::{CustomerList, CustomerRow};
use crate::projections::{Contradiction, DocumentView, ReadModel, require_next};

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
            // CONTRACT: all that may follow a registration.
            (Some(row), _) => Ok(row),
            (None, _) => Err(Contradiction::NotPlaced),
        }
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
    }
}
