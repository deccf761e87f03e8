//! `cargo stack up`.

use orderfold_stack::{
    Progress, Result, StackError, demo,
    local::{ConnectionDetails, Description, LocalStack, write_env},
    process::{Identity, State},
    system::System,
};

use crate::{arguments::UpOptions, banner, console, lifecycle, supervise};

pub async fn up(here: &LocalStack, options: &UpOptions) -> Result<()> {
    // Held to the end: of the start when detached, of the stack when in the foreground.
    let _turn = here.take_turn()?;
    let progress = Progress::to_stderr();
    refuse_if_detached(here)?;
    heal(here, &progress).await?;
    let description = Description {
        supervisor: Identity::of(std::process::id()),
        ephemeral: options.ephemeral,
        brokers: options.brokers,
        mongo_nodes: options.mongo_nodes,
        command_replicas: options.command_replicas,
        query_replicas: options.query_replicas,
        projectors: options.projectors,
    };
    here.describe(&description)?;
    let stopping = supervise::stop_requested()?;
    tokio::pin!(stopping);
    let started = tokio::select! {
        started = start(here, &description, &progress) => started,
        () = &mut stopping => {
            progress.note("stopping what was started so far");
            return lifecycle::stop_everything(here, &progress).await;
        }
    };
    let (system, connection) = match started {
        Ok(started) => started,
        Err(error) => {
            // The reason not to be up matters more than what else may go wrong now.
            let _ = lifecycle::stop_everything(here, &progress).await;
            return Err(error);
        }
    };
    banner::print(&connection, here);
    if options.detach {
        return here.describe(&Description {
            supervisor: None,
            ..description
        });
    }
    console::say("Ctrl-C stops everything. The logs:");
    supervise::until_stopped(here, &system, stopping).await;
    lifecycle::stop_everything(here, &progress).await
}

async fn start(
    here: &LocalStack,
    description: &Description,
    progress: &Progress,
) -> Result<(System, ConnectionDetails)> {
    let system = here.assemble(description, progress).await?;
    system.clear_logs()?;
    system.start(progress).await?;
    let connection = write_env(&system, &here.folder(), &here.env_file())?;
    demo::load(&connection, system.data_folder(), progress).await?;
    Ok((system, connection))
}

fn refuse_if_detached(here: &LocalStack) -> Result<()> {
    let detached = here
        .description()
        .is_some_and(|description| description.supervisor.is_none());
    if !detached || !here.is_anything_running() {
        return Ok(());
    }
    let stopped: Vec<String> = here
        .records()
        .into_iter()
        .filter(|record| record.state() == State::Stopped)
        .map(|record| {
            format!(
                "; {name} is not running (`cargo stack restart {name}`)",
                name = record.name
            )
        })
        .collect();
    let reason = format!(
        "a detached stack is up from this clone (see `cargo stack status`, `cargo stack down`){}",
        stopped.concat()
    );
    Err(StackError::failed("start", reason))
}

/// An earlier stack whose `up` was killed, or whose machine was switched off, left processes,
/// records and perhaps the data of an ephemeral one.
async fn heal(here: &LocalStack, progress: &Progress) -> Result<()> {
    if here.description().is_none() && here.records().is_empty() {
        return Ok(());
    }
    let step = progress.step("clearing up after a stack that was not stopped");
    here.clear().await?;
    step.done();
    Ok(())
}
