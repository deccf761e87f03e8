//! Given a customer, when one more command, then these events or that refusal.

use std::collections::BTreeMap;

use orderfold_events::{
    CustomerId,
    customer::{
        BlockReason, CustomerAddress, CustomerEvent, CustomerPersonal, CustomerStatus, EraseReason,
    },
    personal::Address,
};

use super::*;

fn address(label: &str, shipping: bool, billing: bool) -> CustomerAddress {
    let address = Address {
        city: Some(label.to_owned()),
        country: "US".to_owned(),
        ..Address::default()
    };
    CustomerAddress {
        label: label.to_owned(),
        default_shipping: shipping,
        default_billing: billing,
        address,
    }
}

fn register() -> CustomerCommand {
    CustomerCommand::Register(Box::new(Register {
        customer_id: CustomerId(uuid::Uuid::from_u128(1)),
        reference: None,
        language: Some("en-US".to_owned()),
        tags: vec!["consumer".to_owned()],
        metadata: BTreeMap::from([("segment".to_owned(), "home".to_owned())]),
        personal: CustomerPersonal {
            name: "Claire Gute".to_owned(),
            email: Some("claire@example.com".to_owned()),
            phone: Some("202 555 0143".to_owned()),
            phone_e164: None,
            addresses: vec![address("home", true, false), address("office", false, true)],
        },
    }))
}

fn given(commands: impl IntoIterator<Item = CustomerCommand>) -> Customer {
    let registered = after(Customer::default(), &register());
    commands
        .into_iter()
        .fold(registered, |customer, command| after(customer, &command))
}

fn after(customer: Customer, command: &CustomerCommand) -> Customer {
    let events = customer.decide(command).expect("an accepted command");
    events.iter().fold(customer, Customer::evolve)
}

fn block() -> CustomerCommand {
    CustomerCommand::Block(BlockReason::Fraud)
}

fn erase() -> CustomerCommand {
    CustomerCommand::Erase(EraseReason::Request)
}

fn save(address: CustomerAddress) -> CustomerCommand {
    CustomerCommand::SaveAddress(Box::new(address))
}

fn patch(patch: ProfilePatch) -> CustomerCommand {
    CustomerCommand::UpdateProfile(Box::new(patch))
}

fn profile(customer: &Customer) -> &Profile {
    match customer {
        Customer::Active(profile) | Customer::Blocked(profile) => profile,
        other => panic!("{other:?} has no profile"),
    }
}

/// One of every command to a customer who exists.
fn every_change() -> Vec<CustomerCommand> {
    vec![
        patch(ProfilePatch {
            name: Some("Another Name".to_owned()),
            ..ProfilePatch::default()
        }),
        CustomerCommand::ChangeEmail(None),
        save(address("attic", false, false)),
        CustomerCommand::RemoveAddress("home".to_owned()),
        block(),
        CustomerCommand::Unblock,
    ]
}

#[test]
fn a_registered_customer_offers_its_addresses_as_defaults() {
    let customer = given([]);
    let book = profile(&customer);
    let city = |address: Option<&Address>| address.and_then(|address| address.city.clone());
    assert_eq!(city(book.default_shipping()).as_deref(), Some("home"));
    assert_eq!(city(book.default_billing()).as_deref(), Some("office"));
    assert_eq!(city(book.labelled("office")).as_deref(), Some("office"));
    assert_eq!(city(book.labelled("attic")), None);
}

#[test]
fn nobody_is_registered_twice() {
    for customer in [given([]), given([block()]), given([erase()])] {
        assert_eq!(
            customer.decide(&register()),
            Err(CustomerError::AlreadyRegistered)
        );
    }
}

#[test]
fn whoever_is_not_registered_takes_no_other_command() {
    for command in every_change().into_iter().chain([erase()]) {
        assert_eq!(
            Customer::default().decide(&command),
            Err(CustomerError::NotFound)
        );
    }
}

#[test]
fn a_profile_keeps_what_a_patch_does_not_name_and_loses_what_it_sets_to_null() {
    let patch = patch(ProfilePatch {
        name: Some("Claire Meier".to_owned()),
        phone: Some(None),
        language: None,
        tags: Some(Vec::new()),
        metadata: Some(MetadataPatch {
            clear: false,
            members: BTreeMap::from([
                ("segment".to_owned(), None),
                ("tier".to_owned(), Some("gold".to_owned())),
            ]),
        }),
    });
    let customer = given([patch.clone()]);
    let profile = profile(&customer);
    assert_eq!(profile.personal.name, "Claire Meier");
    assert_eq!(profile.personal.phone, None);
    assert_eq!(profile.personal.phone_e164, None);
    assert_eq!(
        profile.personal.email.as_deref(),
        Some("claire@example.com")
    );
    assert_eq!(profile.language.as_deref(), Some("en-US"));
    assert!(profile.tags.is_empty());
    let tier = BTreeMap::from([("tier".to_owned(), "gold".to_owned())]);
    assert_eq!(profile.metadata, tier);
    assert_eq!(customer.decide(&patch), Ok(vec![]), "nothing is new in it");
}

#[test]
fn clearing_metadata_leaves_none_of_it() {
    let cleared = given([patch(ProfilePatch {
        metadata: Some(MetadataPatch {
            clear: true,
            members: BTreeMap::new(),
        }),
        ..ProfilePatch::default()
    })]);
    assert!(profile(&cleared).metadata.is_empty());
}

#[test]
fn metadata_that_would_be_too_much_together_is_refused() {
    let members = |from: usize, to: usize| {
        let member = |n| (format!("k{n}"), Some(String::new()));
        patch(ProfilePatch {
            metadata: Some(MetadataPatch {
                clear: false,
                members: (from..to).map(member).collect(),
            }),
            ..ProfilePatch::default()
        })
    };
    let full = given([members(0, 49)]);
    assert_eq!(profile(&full).metadata.len(), 50);
    assert_eq!(
        full.decide(&members(49, 50)),
        Err(CustomerError::TooManyMetadata { limit: 50 })
    );
    assert_eq!(full.decide(&members(0, 49)), Ok(vec![]));
}

#[test]
fn a_phone_number_is_told_by_the_country_of_the_billing_address() {
    let e164 = |customer: &Customer| profile(customer).personal.phone_e164.clone();
    assert_eq!(e164(&given([])).as_deref(), Some("+12025550143"));
    let mut berlin = address("berlin", false, true);
    berlin.address.country = "DE".to_owned();
    let phone = patch(ProfilePatch {
        phone: Some(Some("030-0074321".to_owned())),
        ..ProfilePatch::default()
    });
    assert_eq!(e164(&given([phone.clone()])), None);
    assert_eq!(
        e164(&given([phone, save(berlin)])).as_deref(),
        Some("+49300074321")
    );
}

#[test]
fn an_email_is_changed_and_removed_and_repeating_it_is_no_event() {
    let change = CustomerCommand::ChangeEmail(Some("claire@example.org".to_owned()));
    let customer = given([change.clone()]);
    let email = |customer: &Customer| profile(customer).personal.email.clone();
    assert_eq!(email(&customer).as_deref(), Some("claire@example.org"));
    assert_eq!(customer.decide(&change), Ok(vec![]));
    let removed = after(customer, &CustomerCommand::ChangeEmail(None));
    assert_eq!(email(&removed), None);
    assert_eq!(
        removed.decide(&CustomerCommand::ChangeEmail(None)),
        Ok(vec![])
    );
}

#[test]
fn an_address_takes_the_place_of_its_label_and_the_defaults_of_others() {
    let mut moved = address("home", true, true);
    moved.address.city = Some("Henderson".to_owned());
    let customer = given([save(moved.clone())]);
    let addresses = &profile(&customer).personal.addresses;
    assert_eq!(addresses, &[moved.clone(), address("office", false, false)]);
    assert_eq!(customer.decide(&save(moved)), Ok(vec![]));

    let given_up = given([save(address("home", false, false))]);
    assert_eq!(profile(&given_up).default_shipping(), None);
}

#[test]
fn a_customer_has_at_most_200_addresses_but_may_save_over_one() {
    let many = (2..200).map(|n| save(address(&n.to_string(), false, false)));
    let full = given(many);
    assert_eq!(
        full.decide(&save(address("one more", false, false))),
        Err(CustomerError::TooManyAddresses { limit: 200 })
    );
    assert_eq!(
        full.decide(&save(address("7", true, false))).unwrap().len(),
        1
    );
}

#[test]
fn an_address_that_is_not_there_cannot_be_removed() {
    let remove = CustomerCommand::RemoveAddress("home".to_owned());
    let customer = given([remove.clone()]);
    assert_eq!(profile(&customer).default_shipping(), None);
    assert_eq!(
        customer.decide(&remove),
        Err(CustomerError::AddressNotFound)
    );
}

#[test]
fn blocking_and_unblocking_again_is_no_event() {
    let blocked = given([block()]);
    assert_eq!(blocked.status(), Some(CustomerStatus::Blocked));
    let again = CustomerCommand::Block(BlockReason::Request);
    assert_eq!(blocked.decide(&again), Ok(vec![]));
    let unblocked = after(blocked, &CustomerCommand::Unblock);
    assert_eq!(unblocked, given([]));
    assert_eq!(unblocked.decide(&CustomerCommand::Unblock), Ok(vec![]));
}

#[test]
fn a_blocked_customer_is_still_kept_up_to_date_and_stays_blocked() {
    for command in &every_change()[..4] {
        let customer = after(given([block()]), command);
        assert_eq!(customer.status(), Some(CustomerStatus::Blocked));
        assert_ne!(customer, given([block()]));
    }
}

#[test]
fn what_is_erased_is_gone_and_stays_so() {
    for before in [given([]), given([block()])] {
        let erased = after(before, &erase());
        assert_eq!(erased.status(), Some(CustomerStatus::Erased));
        assert_eq!(erased.personal(), None);
        assert_eq!(erased.decide(&erase()), Ok(vec![]));
        for command in every_change() {
            assert_eq!(erased.decide(&command), Err(CustomerError::Erased));
        }
    }
}

#[test]
fn every_event_tells_the_status_that_it_leaves() {
    for command in every_change().into_iter().chain([erase()]) {
        let customer = given([]);
        for event in customer.decide(&command).unwrap() {
            let decoded = CustomerEvent::decode(event.event_type(), &event.encode().unwrap());
            assert_eq!(decoded.unwrap(), event);
            // Readers take the status from the event alone.
            let status = match &event {
                CustomerEvent::Registered(event) => event.status,
                CustomerEvent::ProfileUpdated(event) => event.status,
                CustomerEvent::EmailChanged(event)
                | CustomerEvent::AddressSaved(event)
                | CustomerEvent::AddressRemoved(event) => event.status,
                CustomerEvent::Blocked(event) => event.status,
                CustomerEvent::Unblocked(event) => event.status,
                CustomerEvent::Erased(event) => event.status,
                CustomerEvent::KeyDestroyed(event) => event.status,
            };
            assert_eq!(customer.clone().evolve(&event).status(), Some(status));
        }
    }
}
