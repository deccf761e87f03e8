//! Customers and their credit accounts: every event after a registration.

use orderfold_events::{
    Personal, StreamId, Version,
    credit::{CreditEvent, ExposureChanged, TermsSet},
    customer::{
        BlockReason, Blocked, CustomerEvent, CustomerPersonal, CustomerStatus, EraseReason, Erased,
        KeyDestroyed, PersonalChanged, ProfileUpdated, Unblocked,
    },
};

use super::{
    super::{customer_360::Profile, customer_list::CustomerList, customer_list::CustomerRow},
    *,
};

fn personal(name: &str) -> Personal<CustomerPersonal> {
    Personal::plain(CustomerPersonal {
        name: name.to_owned(),
        email: Some("claire@example.com".to_owned()),
        phone: None,
        phone_e164: None,
        addresses: Vec::new(),
    })
}

fn changed(customer_id: CustomerId, name: &str) -> Box<PersonalChanged> {
    Box::new(PersonalChanged {
        customer_id,
        status: CustomerStatus::Active,
        personal: personal(name),
    })
}

pub fn update_profile(history: &mut History, customer_id: CustomerId, name: &str) {
    let event = CustomerEvent::ProfileUpdated(Box::new(ProfileUpdated {
        customer_id,
        status: CustomerStatus::Active,
        language: Some("de-DE".to_owned()),
        tags: vec!["vip".to_owned(), "b2b".to_owned()],
        metadata: [("segment".to_owned(), "home".to_owned())].into(),
        personal: personal(name),
    }));
    history.happen_to_customer(event);
}

pub fn block(history: &mut History, customer_id: CustomerId) {
    history.happen_to_customer(CustomerEvent::Blocked(Blocked {
        customer_id,
        status: CustomerStatus::Blocked,
        reason: BlockReason::Unpaid,
    }));
}

pub fn unblock(history: &mut History, customer_id: CustomerId) {
    history.happen_to_customer(CustomerEvent::Unblocked(Unblocked {
        customer_id,
        status: CustomerStatus::Active,
    }));
}

fn erase(history: &mut History, customer_id: CustomerId) {
    history.happen_to_customer(CustomerEvent::Erased(Erased {
        customer_id,
        status: CustomerStatus::Erased,
        reason: EraseReason::Request,
    }));
}

pub fn set_terms(history: &mut History, customer_id: CustomerId, limit: i64) {
    history.happen_to_credit(CreditEvent::TermsSet(TermsSet {
        customer_id,
        currency: "USD".parse().unwrap(),
        limit,
        payment_days: 30,
    }));
}

pub fn expose(history: &mut History, customer_id: CustomerId, order_id: OrderId, total: i64) {
    history.happen_to_credit(CreditEvent::ExposureChanged(ExposureChanged {
        customer_id,
        currency: "USD".parse().unwrap(),
        order_id,
        from: 0,
        to: total,
        total,
        limit: 5000,
        cause: "orderfold.order.placed.v1".to_owned(),
    }));
}

fn shown(history: &History, customer: CustomerId) -> (CustomerRow, Profile) {
    let row = fold::<CustomerList>(&history.log)
        .remove(&customer)
        .unwrap();
    let profile = customer_document(history, customer).profile.unwrap();
    assert_eq!(row.version, profile.version);
    assert_eq!(row.status, profile.status);
    assert_eq!(row.personal, profile.personal);
    assert_eq!(row.updated_at, last(history).0.recorded_at);
    (row, profile)
}

#[test]
fn a_profile_is_what_it_was_updated_to() {
    let (mut history, customer, _) = one_order();
    update_profile(&mut history, customer, "Claire Gute");
    let (row, profile) = shown(&history, customer);
    assert_eq!(
        (row.version, row.tags),
        (Version(2), vec!["b2b".to_owned(), "vip".to_owned()])
    );
    assert_eq!(profile.language.as_deref(), Some("de-DE"));
    assert_eq!(profile.metadata["segment"], "home");
    assert!(
        profile.reference.is_some() && !row.search.is_empty(),
        "what it does not say stays"
    );
    assert_eq!(
        in_plain(&history, &row.personal.unwrap()),
        personal("Claire Gute")
    );
}

#[test]
fn an_e_mail_and_addresses_come_with_the_whole_personal_part() {
    let happenings: [fn(Box<PersonalChanged>) -> CustomerEvent; 3] = [
        CustomerEvent::EmailChanged,
        CustomerEvent::AddressSaved,
        CustomerEvent::AddressRemoved,
    ];
    for event in happenings {
        let (mut history, customer, _) = one_order();
        history.happen_to_customer(event(changed(customer, "Claire")));
        let (row, _) = shown(&history, customer);
        let said = in_plain(&history, &row.personal.unwrap());
        assert_eq!((row.version, said), (Version(2), personal("Claire")));
    }
}

#[test]
fn a_customer_is_blocked_and_unblocked() {
    let (mut history, customer, _) = one_order();
    block(&mut history, customer);
    assert_eq!(shown(&history, customer).0.status, CustomerStatus::Blocked);
    unblock(&mut history, customer);
    let (row, _) = shown(&history, customer);
    assert_eq!(
        (row.status, row.version),
        (CustomerStatus::Active, Version(3))
    );
}

#[test]
fn of_an_erased_customer_nothing_personal_is_kept() {
    let (mut history, customer, _) = one_order();
    update_profile(&mut history, customer, "Claire Gute");
    erase(&mut history, customer);
    assert_eq!(shown(&history, customer).0.personal, None);
    history.happen_to_customer(CustomerEvent::KeyDestroyed(KeyDestroyed {
        customer_id: customer,
        status: CustomerStatus::Erased,
    }));
    let (row, _) = shown(&history, customer);
    assert_eq!(
        (row.status, row.version),
        (CustomerStatus::Erased, Version(4))
    );
    assert_eq!(
        customer_document(&history, customer).counts.placed,
        1,
        "orders remain"
    );
}

#[test]
fn a_credit_account_keeps_its_terms_and_what_is_bound() {
    let (mut history, customer, order) = one_order();
    assert_eq!(customer_document(&history, customer).credit, None);
    set_terms(&mut history, customer, 5000);
    expose(&mut history, customer, order, 3500);
    set_terms(&mut history, customer, 2000);
    let document = customer_document(&history, customer);
    let credit = document.credit.unwrap();
    assert_eq!((credit.limit, credit.exposure), (2000, 3500));
    assert_eq!(
        (credit.payment_days, credit.version),
        (Some(30), Version(3))
    );
    assert_eq!(
        document.profile.unwrap().version,
        Version(1),
        "a stream of its own"
    );
}

#[test]
fn an_exposure_before_any_terms_is_kept() {
    let (mut history, customer, order) = one_order();
    expose(&mut history, customer, order, 3500);
    let credit = customer_document(&history, customer).credit.unwrap();
    assert_eq!((credit.payment_days, credit.exposure), (None, 3500));
}

#[test]
fn what_needs_a_registered_customer_contradicts_without_one() {
    let (mut history, customer, _) = one_order();
    block(&mut history, customer);
    let blocked = &history.log[2..];
    let refusal = Err(Contradiction::NotRegistered);
    assert_eq!(
        fold_into::<CustomerList>(&mut Documents::<CustomerList>::new(), blocked),
        refusal
    );
    assert_eq!(
        fold_into::<Customer360>(&mut Documents::<Customer360>::new(), blocked),
        refusal
    );
}

#[test]
fn a_version_that_is_not_the_next_contradicts_in_every_stream() {
    let (mut history, customer, order) = one_order();
    block(&mut history, customer);
    expose(&mut history, customer, order, 1);
    expose(&mut history, customer, order, 2);
    for index in [2, 4] {
        let mut log = history.log.clone();
        log[index].envelope.version = Version(7);
        assert!(fold_into::<Customer360>(&mut Documents::<Customer360>::new(), &log).is_err());
    }
    let mut log = history.log.clone();
    log[2].envelope.version = Version(7);
    assert!(fold_into::<CustomerList>(&mut Documents::<CustomerList>::new(), &log).is_err());
}

#[test]
fn an_account_whose_first_event_was_skipped_goes_on_with_what_the_next_one_says() {
    let (mut history, customer, order) = one_order();
    set_terms(&mut history, customer, 4000);
    expose(&mut history, customer, order, 3000);
    set_terms(&mut history, customer, 6000);
    let of_account = |version| {
        move |event: &Recorded| {
            event.envelope.stream == StreamId::Credit(customer)
                && event.envelope.version == Version(version)
        }
    };
    history.log.retain(|event| !of_account(1)(event));
    let credit = customer_document(&history, customer).credit.unwrap();
    assert_eq!((credit.version, credit.limit), (Version(3), 6000));
    assert_eq!((credit.exposure, credit.payment_days), (3000, Some(30)));

    history.log.retain(|event| !of_account(3)(event));
    set_terms(&mut history, customer, 7000);
    let mut documents = Documents::<Customer360>::new();
    let expected = Contradiction::Version {
        document: Version(2),
        event: Version(4),
    };
    let folded = fold_into::<Customer360>(&mut documents, &history.log);
    assert_eq!(folded, Err(expected), "behind it nothing may be missing");
}
