//! Rebuilding: a new build of the list of orders, the read model with the most indexes, is filled from the log and
//! compared with it, against `insertMany` of the documents that come out.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use orderfold_stack::{
    Progress, Result, StackError,
    wait::{self, Seen},
};

use super::{
    Plan,
    scene::{Projection, Scene, parse},
};
use crate::{
    load::{Connection, Shot},
    report::Report,
    statistics::Spread,
    targets,
};

const VIEW: &str = "order_list";
const REBUILD_LIMIT: Duration = Duration::from_mins(30);

/// Seconds from the request on.
struct Rebuilt {
    caught_up: f64,
    answering: f64,
}

/// # Errors
/// When a build does not come to its end or turns out wrong, or MongoDB refuses.
pub async fn measure(
    scene: &Scene,
    plan: Plan,
    report: &mut Report,
    progress: &Progress,
) -> Result<()> {
    let (mut service, mut bare, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    let events = scene.events().await?;
    let step = progress.counted("rebuild: taking turns", u64::from(plan.pairs));
    for pair in 0..plan.pairs {
        let documents = scene.views.count(VIEW).await?;
        let rebuilt = rebuild(scene, events).await?;
        let after = scene.views.count(VIEW).await?;
        report.check("rebuild, documents", documents, after, 0)?;
        service.push(events as f64 / rebuilt.caught_up);
        whole.push(rebuilt.answering);
        bare.push(scene.views.insert(VIEW).await?);
        step.set(u64::from(pair) + 1);
    }
    step.done();
    let part = "rebuild";
    report.figure(part, "events, until caught up", "/s", Spread::of(&service)?);
    let what = format!("until compared and answering, {events} events");
    report.figure(part, what, "s", Spread::of(&whole)?);
    report.figure(part, "documents, insertMany", "/s", Spread::of(&bare)?);
    report.find(targets::REBUILD, Spread::of_ratios(&service, &bare)?);
    Ok(())
}

async fn rebuild(scene: &Scene, events: u64) -> Result<Rebuilt> {
    let path = format!("/v1/projections/{VIEW}/rebuild");
    let begun = Instant::now();
    let mut connection = Connection::open(&scene.api).await?;
    let answer = connection.ask(&scene.api, Shot::post(&path, "{}")).await?;
    let projection: Projection = parse(&path, answer.body())?;
    let newest = projection.builds.iter().map(|build| build.build).max();
    let newest = newest.unwrap_or(projection.active_build);
    let caught_up = Cell::new(None);
    let caught_up_at = &caught_up;
    let look = || async move {
        let projections = match scene.projections().await {
            Ok(projections) => projections,
            Err(error) => return Seen::Never(error),
        };
        let seen = standing(&projections, newest);
        if matches!(seen, Standing::Folded(folded) if folded >= events)
            || matches!(seen, Standing::Answers)
        {
            caught_up_at.set(caught_up_at.get().or_else(|| Some(begun.elapsed())));
        }
        match seen {
            Standing::Answers => Seen::Done(()),
            Standing::Folded(folded) => Seen::NotYet(format!("{folded} of {events} events")),
            Standing::Wrong(note) => Seen::Never(StackError::failed("rebuild", note)),
        }
    };
    wait::until("a new build to answer", REBUILD_LIMIT, look).await?;
    let answering = begun.elapsed();
    Ok(Rebuilt {
        caught_up: caught_up.get().unwrap_or(answering).as_secs_f64(),
        answering: answering.as_secs_f64(),
    })
}

#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Folded(u64),
    Answers,
    Wrong(String),
}

/// How far a build is. Only one that is found wrong has a note.
fn standing(projections: &[Projection], build: u32) -> Standing {
    let rebuilt = projections
        .iter()
        .find(|projection| projection.name == VIEW);
    match rebuilt {
        Some(projection) if projection.active_build == build => Standing::Answers,
        Some(projection) => match projection.build(build) {
            Some(found) => match &found.note {
                Some(note) => Standing::Wrong(note.clone()),
                None => Standing::Folded(found.events_folded),
            },
            None => Standing::Wrong("the new build is gone".to_owned()),
        },
        None => Standing::Folded(0),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn listed(active: u32, note: &Value) -> Vec<Projection> {
        let build = json!({"build": 2, "note": note, "events_folded": 5, "parked": 0});
        let all = json!([{"name": VIEW, "active_build": active, "builds": [build]}]);
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn a_build_folds_then_answers_or_is_found_wrong() {
        assert_eq!(standing(&listed(1, &Value::Null), 2), Standing::Folded(5));
        assert_eq!(standing(&listed(2, &Value::Null), 2), Standing::Answers);
        let wrong = standing(&listed(1, &json!("1 of 9 documents differ")), 2);
        assert_eq!(wrong, Standing::Wrong("1 of 9 documents differ".to_owned()));
        assert!(matches!(
            standing(&listed(1, &Value::Null), 3),
            Standing::Wrong(_)
        ));
    }
}
