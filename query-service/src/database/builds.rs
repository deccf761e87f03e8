//! Builds: fillings of a read model beside one another. A registration per read model says which builds there are, which
//! one answers, and what may become of them.

use orderfold_events::{Timestamp, closed_list};
use serde::{Deserialize, Serialize};

use super::stored;
use crate::projections::ReadModel;

/// The number of a filling of one read model; its collections and checkpoints bear it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Build(pub u32);

impl Build {
    /// What a verification fills, compares and drops; no registry names it.
    pub const SCRATCH: Self = Self(0);
    pub const FIRST: Self = Self(1);
}

impl Default for Build {
    fn default() -> Self {
        Self::FIRST
    }
}

impl std::fmt::Display for Build {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

closed_list! {
    /// How far a build is.
    BuildState {
        /// It is being filled, or waits to be compared.
        Filling = "filling",
        /// It answers, or may be made to.
        Ready = "ready",
        /// It differs from what the events say.
        Failed = "failed",
        /// It is about to be dropped.
        Retiring = "retiring",
    }
}

/// One build that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildEntry {
    pub number: Build,
    pub state: BuildState,
    #[serde(with = "stored::optional_time")]
    pub started_at: Option<Timestamp>,
    /// What was found wrong with it.
    pub note: Option<String>,
}

/// The builds of one read model, in its present version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    #[serde(rename = "_id")]
    pub id: String,
    pub projection: ReadModel,
    pub version: u32,
    /// Counts the changes of this document.
    pub revision: i64,
    /// The build that answers.
    pub active: Build,
    /// The newest number that was given out.
    pub last: Build,
    pub builds: Vec<BuildEntry>,
}

/// Why the builds stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BuildRefusal {
    #[error("a rebuild is going on")]
    InProgress,
    #[error("there is no such build")]
    Unknown,
    #[error("the build is not ready to answer")]
    NotReady,
    #[error("the build answers")]
    Active,
}

impl Registration {
    /// One build, which answers from the start.
    #[must_use]
    pub fn first(projection: ReadModel) -> Self {
        Self {
            id: format!("{projection}@{}", projection.version()),
            projection,
            version: projection.version(),
            revision: 1,
            active: Build::FIRST,
            last: Build::FIRST,
            builds: vec![BuildEntry {
                number: Build::FIRST,
                state: BuildState::Ready,
                started_at: None,
                note: None,
            }],
        }
    }

    #[must_use]
    pub fn entry(&self, number: Build) -> Option<&BuildEntry> {
        self.builds.iter().find(|entry| entry.number == number)
    }

    /// The build that is being filled.
    #[must_use]
    pub fn filling(&self) -> Option<&BuildEntry> {
        let mut entries = self.builds.iter();
        entries.find(|entry| entry.state == BuildState::Filling)
    }

    /// Builds that are folded into: all but those about to be dropped.
    pub fn folded(&self) -> impl Iterator<Item = Build> {
        let kept = self.builds.iter();
        kept.filter(|entry| entry.state != BuildState::Retiring)
            .map(|entry| entry.number)
    }

    pub fn retiring(&self) -> impl Iterator<Item = Build> {
        let dropped = self.builds.iter();
        dropped
            .filter(|entry| entry.state == BuildState::Retiring)
            .map(|entry| entry.number)
    }

    /// With one build more, to be filled; what stood by until now is dropped.
    ///
    /// # Errors
    /// [`BuildRefusal::InProgress`].
    pub fn rebuild(&self, now: Timestamp) -> Result<Self, BuildRefusal> {
        if self.filling().is_some() {
            return Err(BuildRefusal::InProgress);
        }
        let number = Build(self.last.0.saturating_add(1));
        let mut after = Self {
            last: number,
            ..self.clone()
        };
        for entry in &mut after.builds {
            if entry.number != self.active {
                entry.state = BuildState::Retiring;
            }
        }
        after.builds.push(BuildEntry {
            number,
            state: BuildState::Filling,
            started_at: Some(now),
            note: None,
        });
        Ok(after)
    }

    /// With a filled build found right: it answers from now on, and the one before it stands by.
    ///
    /// # Errors
    /// [`BuildRefusal`] when it is not being filled.
    pub fn completed(&self, number: Build) -> Result<Self, BuildRefusal> {
        self.require(number, BuildState::Filling)?;
        Ok(Self {
            active: number,
            ..self.with(number, BuildState::Ready, None)
        })
    }

    /// With a filled build found wrong.
    ///
    /// # Errors
    /// [`BuildRefusal`] when it is not being filled.
    pub fn failed(&self, number: Build, note: &str) -> Result<Self, BuildRefusal> {
        self.require(number, BuildState::Filling)?;
        Ok(self.with(number, BuildState::Failed, Some(note)))
    }

    /// With another build that answers.
    ///
    /// # Errors
    /// [`BuildRefusal`] when it is not ready.
    pub fn activated(&self, number: Build) -> Result<Self, BuildRefusal> {
        self.require(number, BuildState::Ready)?;
        Ok(Self {
            active: number,
            ..self.clone()
        })
    }

    /// With a build that is about to be dropped.
    ///
    /// # Errors
    /// [`BuildRefusal`] when there is none, or it answers.
    pub fn retired(&self, number: Build) -> Result<Self, BuildRefusal> {
        if number == self.active {
            return Err(BuildRefusal::Active);
        }
        self.entry(number).ok_or(BuildRefusal::Unknown)?;
        Ok(self.with(number, BuildState::Retiring, None))
    }

    /// Without a build that was dropped.
    #[must_use]
    pub fn without(&self, number: Build) -> Self {
        let mut after = self.clone();
        after.builds.retain(|entry| entry.number != number);
        after
    }

    fn require(&self, number: Build, state: BuildState) -> Result<(), BuildRefusal> {
        let entry = self.entry(number).ok_or(BuildRefusal::Unknown)?;
        if entry.state == state {
            Ok(())
        } else {
            Err(BuildRefusal::NotReady)
        }
    }

    fn with(&self, number: Build, state: BuildState, note: Option<&str>) -> Self {
        let mut after = self.clone();
        for entry in &mut after.builds {
            if entry.number == number {
                entry.state = state;
                entry.note = note.map(str::to_owned);
            }
        }
        after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T10:00:00.000Z".parse().unwrap()
    }

    fn rebuilt() -> Registration {
        let filling = Registration::first(ReadModel::OrderList).rebuild(now());
        filling.unwrap().completed(Build(2)).unwrap()
    }

    #[test]
    fn a_build_that_is_found_right_answers_and_the_one_before_it_stands_by() {
        let first = Registration::first(ReadModel::OrderList);
        let filling = first.rebuild(now()).unwrap();
        assert_eq!(filling.active, Build::FIRST);
        assert_eq!(filling.filling().unwrap().number, Build(2));
        assert_eq!(filling.rebuild(now()), Err(BuildRefusal::InProgress));
        assert_eq!(filling.activated(Build(2)), Err(BuildRefusal::NotReady));

        let ready = filling.completed(Build(2)).unwrap();
        assert_eq!(ready.active, Build(2));
        assert_eq!(ready.folded().collect::<Vec<_>>(), [Build(1), Build(2)]);
    }

    #[test]
    fn it_is_switched_back_by_the_same_step_until_the_old_build_is_retired() {
        let back = rebuilt().activated(Build(1)).unwrap();
        assert_eq!(back.active, Build(1));
        assert_eq!(back.retired(Build(1)), Err(BuildRefusal::Active));
        let retired = rebuilt().retired(Build(1)).unwrap();
        assert_eq!(retired.activated(Build(1)), Err(BuildRefusal::NotReady));
        let dropped = retired.without(Build(1));
        assert_eq!(dropped.activated(Build(1)), Err(BuildRefusal::Unknown));
    }

    #[test]
    fn a_build_that_is_found_wrong_never_answers() {
        let filling = Registration::first(ReadModel::OrderList).rebuild(now());
        let failed = filling.unwrap().failed(Build(2), "differs");
        let failed = failed.unwrap();
        assert_eq!(failed.active, Build::FIRST);
        assert_eq!(failed.activated(Build(2)), Err(BuildRefusal::NotReady));
        assert_eq!(failed.completed(Build(2)), Err(BuildRefusal::NotReady));
    }

    #[test]
    fn a_number_is_never_given_out_twice() {
        let again = rebuilt().rebuild(now()).unwrap();
        assert_eq!(again.retiring().collect::<Vec<_>>(), [Build(1)]);
        assert_eq!(again.filling().unwrap().number, Build(3));
        let failed = again.failed(Build(3), "").unwrap();
        let gone = failed.retired(Build(3)).unwrap().without(Build(3));
        let next = gone.rebuild(now()).unwrap();
        assert_eq!(next.filling().unwrap().number, Build(4));
    }
}
