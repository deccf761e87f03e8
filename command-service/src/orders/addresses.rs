//! Where orders go and are billed: what a request names becomes a copy of the address as it is now.

use orderfold_events::personal::Address;

use super::{
    case::Refusal,
    commands::OrderRequest,
    domain::{OrderCommand, Patch},
};
use crate::customers::domain::Profile;

/// Where an order is to go or to be billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// The command does not speak of it.
    Unsaid,
    /// The customer's default, where there is one.
    Default,
    /// An address of the customer's book.
    Labelled(String),
    Address(Box<Address>),
}

/// Writes the addresses that a request names into its command.
pub(super) fn name_addresses(
    command: &mut OrderCommand,
    book: Option<&Profile>,
    request: &OrderRequest,
) -> Result<(), Refusal> {
    let (ship_to, bill_to) = snapshots(book, &request.ship_to, &request.bill_to)?;
    let patch = |destination: &Destination, address: Option<Address>| match (destination, address) {
        (Destination::Unsaid, _) => Patch::Keep,
        (_, Some(address)) => Patch::Set(address),
        (_, None) => Patch::Clear,
    };
    if let OrderCommand::ChangeDraft(change) = command {
        change.ship_to = patch(&request.ship_to, ship_to);
        change.bill_to = patch(&request.bill_to, bill_to);
    } else if let OrderCommand::Amend(amend) = command {
        amend.ship_to = ship_to;
        amend.bill_to = bill_to;
    }
    Ok(())
}

/// The addresses as they are now.
pub(super) fn snapshots(
    book: Option<&Profile>,
    ship_to: &Destination,
    bill_to: &Destination,
) -> Result<(Option<Address>, Option<Address>), Refusal> {
    let find = |destination: &Destination, default: Option<&Address>| match destination {
        Destination::Unsaid => Ok(None),
        Destination::Default => Ok(default.cloned()),
        Destination::Labelled(label) => book
            .and_then(|book| book.labelled(label))
            .cloned()
            .map(Some)
            .ok_or_else(|| Refusal::AddressNotFound {
                label: label.clone(),
            }),
        Destination::Address(address) => Ok(Some((**address).clone())),
    };
    let ship_to = find(ship_to, book.and_then(Profile::default_shipping))?;
    let bill_to = find(bill_to, book.and_then(Profile::default_billing))?;
    Ok((ship_to, bill_to))
}
