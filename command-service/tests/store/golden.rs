//! Every event version that was ever published is read by this service, and folded.

use std::path::PathBuf;

use command_service::{
    customers::domain::Customer, event_sourcing::Aggregate, orders::domain::Order,
};

fn folded<A: Aggregate>(event_type: &str, data: &[u8]) -> A {
    let event = A::decode(event_type, data);
    let event = event.unwrap_or_else(|error| panic!("{event_type}: {error:?}"));
    A::initial().evolve(&event)
}

#[test]
fn every_published_event_is_read_and_folded() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared-events/golden/events");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let event_type = name.strip_suffix(".sealed").unwrap_or(name);
        let data = std::fs::read(&path).unwrap();
        if event_type.starts_with("orderfold.customer.") {
            let _customer: Customer = folded(event_type, &data);
        } else if event_type.starts_with("orderfold.order.") {
            let _order: Order = folded(event_type, &data);
        }
        read += 1;
    }
    assert!(read >= 10, "only {read} golden files were found");
}
