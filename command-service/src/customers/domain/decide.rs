//! Which state takes which command. What changes nothing yields no event.

use orderfold_events::{
    CustomerId, Personal,
    customer::{
        BlockReason, Blocked, CustomerEvent, CustomerStatus, EraseReason, Erased, PersonalChanged,
        ProfileUpdated, Registered, Unblocked,
    },
};

use super::{
    Customer, CustomerCommand, CustomerError, Register,
    profile::{Profile, tell_phone},
};

type Decided = Result<Vec<CustomerEvent>, CustomerError>;

impl Customer {
    /// Decides a command: the events that it causes, or a refusal.
    ///
    /// # Errors
    /// [`CustomerError`] says why the customer refuses.
    pub fn decide(&self, command: &CustomerCommand) -> Decided {
        match (self, command) {
            (Self::Unregistered, CustomerCommand::Register(register)) => {
                Ok(vec![CustomerEvent::Registered(Box::new(registered(
                    register,
                )))])
            }
            (
                Self::Unregistered,
                CustomerCommand::UpdateProfile(_)
                | CustomerCommand::ChangeEmail(_)
                | CustomerCommand::SaveAddress(_)
                | CustomerCommand::RemoveAddress(_)
                | CustomerCommand::Block(_)
                | CustomerCommand::Unblock
                | CustomerCommand::Erase(_),
            ) => Err(CustomerError::NotFound),
            (Self::Active(profile), _) => decide_known(CustomerStatus::Active, profile, command),
            (Self::Blocked(profile), _) => decide_known(CustomerStatus::Blocked, profile, command),
            (Self::Erased(_), CustomerCommand::Erase(_)) => Ok(Vec::new()),
            (Self::Erased(_), CustomerCommand::Register(_)) => {
                Err(CustomerError::AlreadyRegistered)
            }
            (
                Self::Erased(_),
                CustomerCommand::UpdateProfile(_)
                | CustomerCommand::ChangeEmail(_)
                | CustomerCommand::SaveAddress(_)
                | CustomerCommand::RemoveAddress(_)
                | CustomerCommand::Block(_)
                | CustomerCommand::Unblock,
            ) => Err(CustomerError::Erased),
        }
    }
}

fn decide_known(status: CustomerStatus, before: &Profile, command: &CustomerCommand) -> Decided {
    let customer_id = before.customer_id;
    match command {
        CustomerCommand::Register(_) => Err(CustomerError::AlreadyRegistered),
        CustomerCommand::UpdateProfile(patch) => {
            let after = before.patched(patch)?;
            Ok(unless_same(before, after, |after| {
                CustomerEvent::ProfileUpdated(Box::new(ProfileUpdated {
                    customer_id,
                    status,
                    language: after.language,
                    tags: after.tags,
                    metadata: after.metadata,
                    personal: Personal::plain(after.personal),
                }))
            }))
        }
        CustomerCommand::ChangeEmail(email) => {
            let after = before.with_email(email.as_ref());
            Ok(unless_same(before, after, |after| {
                CustomerEvent::EmailChanged(personal_changed(status, after))
            }))
        }
        CustomerCommand::SaveAddress(address) => {
            let after = before.with_address(address)?;
            Ok(unless_same(before, after, |after| {
                CustomerEvent::AddressSaved(personal_changed(status, after))
            }))
        }
        CustomerCommand::RemoveAddress(label) => {
            let after = before.without_address(label)?;
            Ok(vec![CustomerEvent::AddressRemoved(personal_changed(
                status, after,
            ))])
        }
        CustomerCommand::Block(reason) => Ok(block(status, customer_id, *reason)),
        CustomerCommand::Unblock => Ok(unblock(status, customer_id)),
        CustomerCommand::Erase(reason) => Ok(vec![erased(customer_id, *reason)]),
    }
}

fn unless_same(
    before: &Profile,
    after: Profile,
    event: impl FnOnce(Profile) -> CustomerEvent,
) -> Vec<CustomerEvent> {
    if *before == after {
        Vec::new()
    } else {
        vec![event(after)]
    }
}

fn personal_changed(status: CustomerStatus, after: Profile) -> Box<PersonalChanged> {
    Box::new(PersonalChanged {
        customer_id: after.customer_id,
        status,
        personal: Personal::plain(after.personal),
    })
}

/// Blocking again is a repetition, whatever the reason.
fn block(
    status: CustomerStatus,
    customer_id: CustomerId,
    reason: BlockReason,
) -> Vec<CustomerEvent> {
    match status {
        CustomerStatus::Active => vec![CustomerEvent::Blocked(Blocked {
            customer_id,
            status: CustomerStatus::Blocked,
            reason,
        })],
        CustomerStatus::Blocked | CustomerStatus::Erased => Vec::new(),
    }
}

fn unblock(status: CustomerStatus, customer_id: CustomerId) -> Vec<CustomerEvent> {
    match status {
        CustomerStatus::Blocked => vec![CustomerEvent::Unblocked(Unblocked {
            customer_id,
            status: CustomerStatus::Active,
        })],
        CustomerStatus::Active | CustomerStatus::Erased => Vec::new(),
    }
}

fn erased(customer_id: CustomerId, reason: EraseReason) -> CustomerEvent {
    CustomerEvent::Erased(Erased {
        customer_id,
        status: CustomerStatus::Erased,
        reason,
    })
}

fn registered(register: &Register) -> Registered {
    let mut personal = register.personal.clone();
    tell_phone(&mut personal);
    Registered {
        customer_id: register.customer_id,
        status: CustomerStatus::Active,
        reference: register.reference.clone(),
        language: register.language.clone(),
        tags: register.tags.clone(),
        metadata: register.metadata.clone(),
        personal: Personal::plain(personal),
    }
}
