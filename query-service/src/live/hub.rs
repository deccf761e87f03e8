//! Follows the changes and hands them out. A change is kept and handed out under one lock, and so is a listener's
//! place among them found: nothing is told twice or passed over.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use orderfold_http::clock;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, broadcast},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{
    database::{
        Build, Database, DatabaseError,
        changes::{Changes, Place, Since, TimelineHead},
    },
    projections::ReadModel,
};

/// Listeners of one replica at once.
const LISTENERS_MAX: usize = 1_000;
/// Changes that are kept for those who come back.
const KEPT_MAX: usize = 4_096;
/// Changes that a slow listener may be behind.
const BEHIND_MAX: usize = 1_024;
/// How far back a replica looks that starts.
const RECENT: Duration = Duration::from_mins(5);
/// How often it is looked whether another build answers.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
const RETRY: Duration = Duration::from_secs(1);

/// One change.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// What a listener who comes back names as `Last-Event-ID`.
    pub(super) id: ChangeId,
    pub(super) head: TimelineHead,
}

/// The place of a change in one build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChangeId {
    build: Build,
    place: String,
}

/// What listeners are told.
#[derive(Debug, Clone)]
pub(super) enum Signal {
    Change(Arc<Change>),
    /// What comes next does not follow what came before.
    Reset,
}

/// Everybody who listens to this replica. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Live {
    kept: Arc<Mutex<Kept>>,
    signals: broadcast::Sender<Signal>,
    places: Arc<Semaphore>,
    pub(super) stop: CancellationToken,
}

#[derive(Debug, Default)]
struct Kept {
    build: Build,
    changes: VecDeque<Arc<Change>>,
}

/// A listener's place: what came since it left, and what comes.
pub(super) struct Seat {
    pub(super) missed: VecDeque<Arc<Change>>,
    /// Whether it cannot be told what came since it left.
    pub(super) is_lost: bool,
    pub(super) signals: broadcast::Receiver<Signal>,
    pub(super) permit: OwnedSemaphorePermit,
}

impl ChangeId {
    /// Reads what a listener names; `None` for what was never ours.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (build, place) = text.split_once('-')?;
        let is_place = !place.is_empty() && place.bytes().all(|byte| byte.is_ascii_hexdigit());
        Some(Self {
            build: build.parse().ok().map(Build).filter(|_| is_place)?,
            place: place.to_owned(),
        })
    }
}

impl std::fmt::Display for ChangeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.build, self.place)
    }
}

impl Live {
    /// Nothing is told until [`Live::follow`] runs; listeners are let go on `stop`.
    #[must_use]
    pub fn new(stop: CancellationToken) -> Self {
        Self {
            kept: Arc::default(),
            signals: broadcast::Sender::new(BEHIND_MAX),
            places: Arc::new(Semaphore::new(LISTENERS_MAX)),
            stop,
        }
    }

    /// Takes a seat from now on, or behind the change that is named; `None` when all are taken.
    pub(super) fn sit_down(&self, last: Option<&str>) -> Option<Seat> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let kept = self.lock();
        let missed = match last {
            None => Some(VecDeque::new()),
            Some(text) => ChangeId::parse(text).and_then(|last| kept.since(&last)),
        };
        Some(Seat {
            is_lost: missed.is_none(),
            missed: missed.unwrap_or_default(),
            signals: self.signals.subscribe(),
            permit,
        })
    }

    /// Follows the changes until told to stop.
    pub async fn follow(&self, database: &Database) {
        let following = async {
            let mut place = None;
            loop {
                let build = database.serving().of(ReadModel::OrderTimeline);
                if self.begin(build) {
                    place = None;
                }
                if let Err(error) = self.follow_build(database, build, &mut place).await {
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "the live feed stands still"
                    );
                    sleep(RETRY).await;
                }
            }
        };
        let _stopped: Option<std::convert::Infallible> =
            self.stop.run_until_cancelled(following).await;
    }

    /// Follows one build for as long as it answers.
    async fn follow_build(
        &self,
        database: &Database,
        build: Build,
        place: &mut Option<Place>,
    ) -> Result<(), DatabaseError> {
        let mut changes = self.open(database, place).await?;
        loop {
            tokio::select! {
                change = changes.next() => {
                    let Some((at, head)) = change? else {
                        sleep(RETRY).await;
                        return Ok(());
                    };
                    self.tell(build, &at, head);
                    *place = Some(at);
                }
                () = self.another_answers(database, build) => return Ok(()),
            }
        }
    }

    /// Goes on where it was, or begins a while ago. Where the database does not reach back so far, listeners are told.
    async fn open(
        &self,
        database: &Database,
        place: &mut Option<Place>,
    ) -> Result<Changes, DatabaseError> {
        let since = match place.take() {
            Some(place) => Since::After(place),
            None => Since::Recent {
                now: clock::now().into(),
                ago: RECENT,
            },
        };
        match database.timeline_changes(since).await {
            Ok(changes) => Ok(changes),
            Err(error) => {
                debug!(
                    error = &error as &dyn std::error::Error,
                    "changes were missed"
                );
                let changes = database.timeline_changes(Since::Now).await?;
                self.reset();
                Ok(changes)
            }
        }
    }

    async fn another_answers(&self, database: &Database, build: Build) {
        while database.serving().of(ReadModel::OrderTimeline) == build {
            sleep(LOOK_INTERVAL).await;
        }
    }

    /// Begins with a build; answers whether it is another one than before.
    fn begin(&self, build: Build) -> bool {
        let mut kept = self.lock();
        if kept.build == build {
            return false;
        }
        *kept = Kept {
            build,
            ..Kept::default()
        };
        // Without listeners nobody has to know.
        let _ = self.signals.send(Signal::Reset);
        true
    }

    fn reset(&self) {
        let mut kept = self.lock();
        kept.changes.clear();
        let _ = self.signals.send(Signal::Reset);
    }

    fn tell(&self, build: Build, place: &Place, head: TimelineHead) {
        let id = ChangeId {
            build,
            place: place.text().to_owned(),
        };
        let change = Arc::new(Change { id, head });
        let mut kept = self.lock();
        kept.changes.push_back(Arc::clone(&change));
        if kept.changes.len() > KEPT_MAX {
            kept.changes.pop_front();
        }
        let _ = self.signals.send(Signal::Change(change));
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// What came after a change; `None` when that is not known.
    fn since(&self, last: &ChangeId) -> Option<VecDeque<Arc<Change>>> {
        let first = self.changes.front()?;
        if last.build != self.build || last.place < first.id.place {
            return None;
        }
        let after = self
            .changes
            .iter()
            .filter(|change| change.id.place > last.place);
        Some(after.cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use orderfold_events::{
        Coordinate, CustomerId, Epoch, EventId, OrderId, Position, Shard, Version,
    };
    use uuid::Uuid;

    use super::*;

    fn change(place: &str) -> Arc<Change> {
        let id = Uuid::from_u128(1);
        let instant = "2026-11-24T10:00:00.000Z".parse().unwrap();
        Arc::new(Change {
            id: ChangeId {
                build: Build::FIRST,
                place: place.to_owned(),
            },
            head: TimelineHead {
                event_id: EventId(id),
                order_id: OrderId(id),
                customer_id: CustomerId(id),
                version: Version(1),
                event_type: "orderfold.order.placed.v1".to_owned(),
                coordinate: Coordinate {
                    epoch: Epoch::FIRST,
                    shard: Shard(0),
                    position: Position(1),
                },
                occurred_at: instant,
                recorded_at: instant,
            },
        })
    }

    fn since(kept: &Kept, last: &str) -> Option<Vec<String>> {
        let changes = kept.since(&ChangeId::parse(last)?)?;
        Some(changes.iter().map(|change| change.id.to_string()).collect())
    }

    #[test]
    fn who_comes_back_gets_what_came_since_or_learns_that_it_is_lost() {
        let kept = Kept {
            build: Build::FIRST,
            changes: ["82A0", "82B0", "82C0"].map(change).into(),
        };
        assert_eq!(
            since(&kept, "1-82A0"),
            Some(vec!["1-82B0".to_owned(), "1-82C0".to_owned()])
        );
        assert_eq!(since(&kept, "1-82C0"), Some(Vec::new()));
        for lost in ["1-8200", "2-82B0", "x", "", "1-", "1-zz", "-82B0"] {
            assert_eq!(since(&kept, lost), None, "{lost}");
        }
        assert_eq!(since(&Kept::default(), "0-82B0"), None, "nothing is kept");
    }

    #[test]
    fn seats_are_counted() {
        let live = Live::new(CancellationToken::new());
        let seats: Vec<_> = (0..LISTENERS_MAX).map(|_| live.sit_down(None)).collect();
        assert!(seats.iter().all(Option::is_some));
        assert!(live.sit_down(None).is_none());
        drop(seats);
        assert!(live.sit_down(None).is_some());
    }
}
