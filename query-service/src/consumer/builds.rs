//! One projector for every build that exists: started when the registry names a new one, ended when it names it no
//! more. What answers gets all that is read from Kafka; what is being filled reads the feed, and never holds up the rest.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::{
    sync::mpsc::{self, error::TrySendError},
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    QUEUE_EVENTS_MAX, Shared,
    projector::{Delivery, Projector},
    record::Record,
    setup::Store,
    views::{ForView, View, for_view},
};
use crate::{
    database::{Build, DatabaseError},
    progress::Assignment,
    projections::ReadModel,
};

/// How often the registry is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// Events that wait for a projector whose build does not answer; what does not fit, it reads from the feed.
const STANDBY_EVENTS_MAX: usize = 256;

/// What one projector folds into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    pub read_model: ReadModel,
    pub build: Build,
    /// Whether the build answers.
    pub is_active: bool,
    /// Whether it was started behind: it reads the feed without waiting for Kafka to reveal a gap.
    pub catches_up: bool,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}@{}.{}",
            self.read_model,
            self.read_model.version(),
            self.build
        )
    }
}

/// The queues of all projectors.
#[derive(Debug, Default)]
pub(super) struct Queues(RwLock<BTreeMap<Target, mpsc::Sender<Delivery>>>);

impl Queues {
    /// Gives a record to every projector. Queues of builds that answer are never full, because memory for events is
    /// used up first; the others do without, and find the gap.
    pub(super) fn hand_over(&self, assignment: Assignment, record: &Arc<Record>) {
        let queues = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for (target, queue) in queues.iter() {
            match queue.try_send((assignment, Arc::clone(record))) {
                Err(TrySendError::Full(_)) if target.is_active => {
                    warn!(projection = %target, "a queue is full: the feed has to be read");
                }
                // Closed is the queue of a projector that is about to end.
                Ok(()) | Err(TrySendError::Full(_) | TrySendError::Closed(_)) => {}
            }
        }
    }

    fn add(&self, target: Target, queue: mpsc::Sender<Delivery>) {
        let mut queues = self.0.write().unwrap_or_else(PoisonError::into_inner);
        queues.insert(target, queue);
    }

    fn remove(&self, target: Target) {
        let mut queues = self.0.write().unwrap_or_else(PoisonError::into_inner);
        queues.remove(&target);
    }
}

/// The projectors that run.
pub(super) struct Projectors {
    shared: Shared,
    store: Store,
    queues: Arc<Queues>,
    running: BTreeMap<(ReadModel, Build), (Target, CancellationToken)>,
    tasks: JoinSet<()>,
    /// Whether those that come now came while others were running.
    is_late: bool,
}

impl Projectors {
    pub(super) fn new(shared: Shared, store: Store) -> Self {
        Self {
            shared,
            store,
            queues: Arc::default(),
            running: BTreeMap::new(),
            tasks: JoinSet::new(),
            is_late: false,
        }
    }

    pub(super) fn queues(&self) -> Arc<Queues> {
        Arc::clone(&self.queues)
    }

    /// Starts and ends projectors as the registry says.
    pub(super) async fn follow_registry(&mut self) {
        for &read_model in ReadModel::ALL {
            let Some(registration) = self.shared.progress.registration(read_model) else {
                continue;
            };
            let wanted: Vec<Build> = registration.folded().collect();
            let running = self.running.keys().copied().collect::<Vec<_>>();
            for (_, build) in running.into_iter().filter(|(of, _)| *of == read_model) {
                if !wanted.contains(&build) {
                    self.end(read_model, build);
                }
            }
            for build in wanted {
                let target = Target {
                    read_model,
                    build,
                    is_active: build == registration.active,
                    catches_up: self.is_late || build != registration.active,
                };
                if let Err(error) = self.ensure(target).await {
                    let error = &error as &dyn std::error::Error;
                    warn!(error, projection = %target, "a build cannot be prepared yet");
                }
            }
        }
        self.is_late = true;
    }

    /// Follows the registry until a projector breaks down.
    pub(super) async fn follow(&mut self) {
        let mut look = interval(LOOK_INTERVAL);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = look.tick() => self.follow_registry().await,
                Some(Err(error)) = self.tasks.join_next() => {
                    warn!(%error, "a projector broke down");
                    return;
                }
            }
        }
    }

    /// Waits until all have ended.
    pub(super) async fn ended(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }

    /// Starts a projector, unless one works for the same. Where a build begins or ceases to answer, another takes
    /// over: its queue is there before the first one goes.
    async fn ensure(&mut self, target: Target) -> Result<(), DatabaseError> {
        let key = (target.read_model, target.build);
        let known = self.running.get(&key).map(|(known, _)| *known);
        if known.is_some_and(|known| known.is_active == target.is_active) {
            return Ok(());
        }
        let database = &self.shared.database;
        database
            .bootstrap_build(target.read_model, target.build)
            .await?;
        database
            .ensure_checkpoints_of(target.read_model, target.build, self.store.shards)
            .await?;
        let cancel = self.shared.cancel.child_token();
        let start = Start {
            target,
            store: self.store,
            shared: Shared {
                cancel: cancel.clone(),
                ..self.shared.clone()
            },
            queues: &self.queues,
            tasks: &mut self.tasks,
        };
        for_view(target.read_model, self.store, start);
        if known.is_some() {
            self.end(target.read_model, target.build);
        }
        self.running.insert(key, (target, cancel));
        info!(projection = %target, answers = target.is_active, "folding");
        Ok(())
    }

    fn end(&mut self, read_model: ReadModel, build: Build) {
        if let Some((target, cancel)) = self.running.remove(&(read_model, build)) {
            cancel.cancel();
            self.queues.remove(target);
            self.shared.health.clear_all(target);
        }
    }
}

/// Starts the projector of a target.
struct Start<'a> {
    target: Target,
    store: Store,
    shared: Shared,
    queues: &'a Queues,
    tasks: &'a mut JoinSet<()>,
}

impl ForView for Start<'_> {
    type Output = ();

    fn with<V: View>(self, view: V) {
        let capacity = if self.target.is_active {
            QUEUE_EVENTS_MAX
        } else {
            STANDBY_EVENTS_MAX
        };
        let (sender, queue) = mpsc::channel(capacity);
        let projector = Projector::new((self.target, view), self.shared, self.store.shards, queue);
        self.queues.add(self.target, sender);
        self.tasks.spawn(projector.run());
    }
}
