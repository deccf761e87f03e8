//! The stack of a clone after things went wrong.

use std::process::{Child, Command};

use orderfold_stack::{
    Result, State,
    local::{Description, LocalStack},
    process::{Identity, Record, Signal},
};

/// A process that an `up` started before it was killed.
fn left_over(here: &LocalStack, name: &str) -> Result<(Child, Record)> {
    let layout = here.layout(false);
    layout.make()?;
    let child = Command::new("sleep")
        .arg("600")
        .spawn()
        .map_err(|error| orderfold_stack::StackError::failed("start sleep", error))?;
    let identity = Identity::of(child.id())
        .ok_or_else(|| orderfold_stack::StackError::NotInStack(name.to_owned()))?;
    let record = Record {
        name: name.to_owned(),
        identity,
        addresses: Vec::new(),
        log: layout.logs().join("sleep.log"),
        folder: layout.data().to_owned(),
        stop_signal: Signal::TERM.as_raw(),
    };
    layout.records().write(&record)?;
    Ok((child, record))
}

#[tokio::test]
async fn what_a_killed_up_left_is_ended_and_forgotten_its_ephemeral_data_included() {
    let root = tempfile::tempdir().expect("a folder");
    let here = LocalStack::of_clone(root.path().to_owned());
    let (mut frozen, record) = left_over(&here, "kafka").expect("a process");
    record.identity.signal(Signal::STOP);
    here.describe(&Description {
        supervisor: None,
        ephemeral: true,
        brokers: 1,
        mongo_nodes: 1,
        command_replicas: 1,
        query_replicas: 1,
        projectors: 0,
    })
    .expect("described");
    here.layout(true)
        .make()
        .expect("a place for ephemeral data");

    here.clear().await.expect("cleared");
    assert_eq!(record.state(), State::Stopped);
    assert!(here.records().is_empty());
    assert_eq!(here.description(), None);
    assert!(!here.layout(true).data().exists());
    assert!(
        here.layout(false).data().exists(),
        "the lasting data is not touched"
    );
    frozen.wait().expect("collected");
}

#[tokio::test]
async fn a_recorded_number_that_is_another_process_by_now_is_left_alone() {
    let root = tempfile::tempdir().expect("a folder");
    let here = LocalStack::of_clone(root.path().to_owned());
    let (mut innocent, mut record) = left_over(&here, "kafka").expect("a process");
    let mut identity = serde_json::to_value(record.identity).expect("JSON");
    identity["started"] = 1.into();
    record.identity = serde_json::from_value(identity).expect("an identity");
    here.layout(false)
        .records()
        .write(&record)
        .expect("recorded");

    here.clear().await.expect("cleared");
    assert!(
        innocent.try_wait().expect("a look").is_none(),
        "it still runs"
    );
    innocent.kill().expect("ended by the test");
    innocent.wait().expect("collected");
}

#[test]
fn only_one_may_start_a_stack_of_a_clone_at_a_time() {
    let root = tempfile::tempdir().expect("a folder");
    let here = LocalStack::of_clone(root.path().to_owned());
    let turn = here.take_turn().expect("the first");
    let refused = here.take_turn().err().expect("the second is refused");
    assert!(refused.to_string().contains("already up"), "{refused}");
    drop(turn);
    here.take_turn().expect("free again");
}
