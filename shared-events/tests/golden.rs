//! Every event version ever published has a file here that both binaries must go on reading: files are added, never
//! edited. A file that no longer decodes, or that would be written otherwise today, breaks a promise.

#![expect(clippy::unwrap_used, reason = "what is not as expected ends the test")]

use std::{collections::BTreeSet, path::PathBuf};

use orderfold_events::{Event, Keys, Personal, SealingKey, credit, customer, order};

/// Members that an event may lack.
const OPTIONAL: &[(&str, &str)] = &[
    ("orderfold.customer.registered.v1", "reference"),
    ("orderfold.customer.registered.v1", "language"),
    ("orderfold.customer.profile_updated.v1", "language"),
    ("orderfold.order.placed.v1", "due_on"),
    ("orderfold.order.placed.v1", "reference"),
    ("orderfold.order.placed.v1", "customer_reference"),
    ("orderfold.order.drafted.v1", "due_on"),
    ("orderfold.order.drafted.v1", "reference"),
    ("orderfold.order.drafted.v1", "customer_reference"),
    ("orderfold.order.draft_changed.v1", "due_on"),
    ("orderfold.order.draft_changed.v1", "reference"),
    ("orderfold.order.draft_changed.v1", "customer_reference"),
    ("orderfold.order.details_updated.v1", "reference"),
    ("orderfold.order.details_updated.v1", "customer_reference"),
    ("orderfold.order.refund_recorded.v1", "payment"),
    ("orderfold.order.refund_recorded.v1", "return"),
    ("orderfold.order.shipment_recorded.v1", "carrier"),
    ("orderfold.order.shipment_recorded.v1", "tracking_number"),
    ("orderfold.order.delivery_recorded.v1", "shipment"),
    ("orderfold.order.return_recorded.v1", "shipment"),
    ("orderfold.order.return_recorded.v1", "condition"),
];

/// Members that any event of an order may lack: a draft has neither.
const OPTIONAL_IN_ORDERS: &[&str] = &["number", "placed_at"];

fn optional(event_type: &str, member: &str) -> bool {
    let of_an_order = event_type.starts_with("orderfold.order.");
    OPTIONAL.contains(&(event_type, member))
        || (of_an_order && OPTIONAL_IN_ORDERS.contains(&member))
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/events")
}

fn files() -> Vec<(String, Vec<u8>)> {
    std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            // The personal part has two forms, and a file for each.
            let event_type = name.strip_suffix(".sealed").unwrap_or(name).to_owned();
            (event_type, std::fs::read(path).unwrap())
        })
        .collect()
}

fn encode(event: &Event) -> Vec<u8> {
    match event {
        Event::Customer(event) => event.encode().unwrap(),
        Event::Credit(event) => event.encode().unwrap(),
        Event::Order(event) => event.encode().unwrap(),
    }
}

#[test]
fn every_published_event_is_still_read_and_written_the_same() {
    for (event_type, data) in files() {
        let event = Event::decode(&event_type, &data)
            .unwrap_or_else(|error| panic!("{event_type}: {error:?}"));
        assert_eq!(event.event_type(), event_type);
        let golden: serde_json::Value = serde_json::from_slice(&data).unwrap();
        let written: serde_json::Value = serde_json::from_slice(&encode(&event)).unwrap();
        assert_eq!(written, golden, "{event_type} is written otherwise today");
    }
}

#[test]
fn every_event_type_has_a_golden_file() {
    let golden: BTreeSet<String> = files()
        .into_iter()
        .map(|(event_type, _)| event_type)
        .collect();
    let known = customer::EVENT_TYPES
        .iter()
        .chain(credit::EVENT_TYPES)
        .chain(order::EVENT_TYPES);
    let missing: Vec<_> = known
        .filter(|event_type| !golden.contains(**event_type))
        .collect();
    assert!(missing.is_empty(), "no golden file for {missing:?}");
}

#[test]
fn an_event_with_members_of_a_later_release_is_still_read() {
    for (event_type, data) in files() {
        let mut later: serde_json::Value = serde_json::from_slice(&data).unwrap();
        later["member_of_a_later_release"] = serde_json::json!({"any": ["thing"]});
        let data = serde_json::to_vec(&later).unwrap();
        assert!(Event::decode(&event_type, &data).is_ok(), "{event_type}");
    }
}

#[test]
fn data_that_lacks_a_promised_member_is_refused() {
    for (event_type, data) in files() {
        let whole: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&data).unwrap();
        for name in whole.keys().filter(|name| !optional(&event_type, name)) {
            let mut part = whole.clone();
            part.remove(name);
            let data = serde_json::to_vec(&part).unwrap();
            assert!(
                Event::decode(&event_type, &data).is_err(),
                "{event_type} was read without {name}"
            );
        }
    }
}

/// The key of the golden files, and what they hold: a release that opened them otherwise could not read its own log.
#[test]
fn sealed_personal_parts_still_open_to_what_their_plain_files_say() {
    let customer = "0199d3c4-7f00-73c6-869a-45b14da4f9fc".parse().unwrap();
    let keys: Keys = [(customer, SealingKey::new([7; 32]))].into_iter().collect();
    let personal = |file: &str| {
        let data = std::fs::read(folder().join(file)).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&data).unwrap();
        serde_json::from_value::<Personal<serde_json::Value>>(value["personal"].clone()).unwrap()
    };
    for event_type in [
        "orderfold.customer.registered.v1",
        "orderfold.order.placed.v1",
    ] {
        let sealed = personal(&format!("{event_type}.sealed.json"));
        assert_eq!(sealed.key(), Some(customer));
        let plain = personal(&format!("{event_type}.json"));
        assert_eq!(sealed.open(&keys).unwrap().as_ref(), plain.as_plain());
        assert_eq!(
            sealed.open(&Keys::default()),
            Ok(None),
            "its key was destroyed"
        );
    }
}
