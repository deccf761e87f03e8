//! Stopping, restarting and resetting, from the foreground or from another terminal.

use std::time::Duration;

use orderfold_stack::{
    Progress, Result, StackError, Unit, files,
    local::{LocalStack, write_env},
    process::{self, Signal},
    wait::{self, Seen},
};

use crate::console;

const SUPERVISOR_LIMIT: Duration = Duration::from_mins(2);

pub async fn down(here: &LocalStack) -> Result<()> {
    let progress = Progress::to_stderr();
    if here.description().is_none() && here.records().is_empty() {
        console::say("Nothing is up from this clone.");
        return Ok(());
    }
    dismiss_supervisor(here).await?;
    stop_everything(here, &progress).await
}

/// Stops in the order of need, each within its limit.
pub async fn stop_everything(here: &LocalStack, progress: &Progress) -> Result<()> {
    for record in here.records() {
        let step = progress.step(format!("stopping {}", record.name));
        process::stop(&record).await?;
        step.done();
    }
    here.clear().await
}

pub async fn reset(here: &LocalStack) -> Result<()> {
    down(here).await?;
    // Nobody may start meanwhile.
    let _turn = here.take_turn()?;
    here.remove_data(false)?;
    files::remove_folder(&here.folder())?;
    console::say(&format!(
        "Removed {} with everything in it.",
        here.folder().display()
    ));
    Ok(())
}

/// The `up` in the foreground stops everything itself when it is asked to end.
async fn dismiss_supervisor(here: &LocalStack) -> Result<()> {
    let description = here
        .description()
        .filter(orderfold_stack::local::Description::is_supervised);
    let Some(supervisor) = description.and_then(|description| description.supervisor) else {
        return Ok(());
    };
    supervisor.signal(Signal::TERM);
    wait::until(
        "the `cargo stack up` in the foreground to stop everything",
        SUPERVISOR_LIMIT,
        || {
            std::future::ready(if supervisor.is_alive() {
                Seen::NotYet(format!("process {} still runs", supervisor.pid))
            } else {
                Seen::Done(())
            })
        },
    )
    .await
}

pub async fn restart(here: &LocalStack, name: &str) -> Result<()> {
    let progress = Progress::to_stderr();
    let description = here.description().ok_or_else(|| {
        StackError::failed(
            format!("restart {name}"),
            "no stack is up: `cargo stack up` first",
        )
    })?;
    let system = here.assemble(&description, &progress).await?;
    let units: Vec<&Unit> = system
        .units()
        .into_iter()
        .filter(|unit| is_meant(&unit.name(), name))
        .collect();
    if units.is_empty() {
        let names: Vec<String> = system.units().iter().map(|unit| unit.name()).collect();
        return Err(StackError::failed(
            format!("restart {name}"),
            format!("there is {} only", names.join(", ")),
        ));
    }
    for unit in units {
        let step = progress.step(format!("restarting {}", unit.name()));
        unit.restart().await?;
        step.done();
    }
    write_env(&system, &here.folder(), &here.env_file())?;
    Ok(())
}

/// A service's name means all its replicas, and Kafka's or MongoDB's all its nodes.
const OF_SEVERAL: [&str; 5] = [
    "command-service",
    "query-service",
    "projector",
    "kafka",
    "mongodb",
];

fn is_meant(unit: &str, name: &str) -> bool {
    let number = unit.strip_prefix(name);
    unit == name
        || OF_SEVERAL.contains(&name) && number.is_some_and(|number| number.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::is_meant;

    #[test]
    fn the_name_of_a_service_means_all_its_replicas_and_no_other_service() {
        assert!(is_meant("command-service", "command-service"));
        assert!(is_meant("command-service-2", "command-service"));
        assert!(is_meant("command-service-2", "command-service-2"));
        assert!(is_meant("kafka-2", "kafka"));
        assert!(is_meant("mongodb-3", "mongodb"));
        assert!(!is_meant("command-service-2", "command-service-1"));
        assert!(!is_meant("command-service", "command"));
        assert!(!is_meant("query-service", "command-service"));
    }
}
