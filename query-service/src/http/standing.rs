//! Where the read models stand when a question is answered: waiting for a Consistency-Token, and saying how fresh the
//! answer is. Checkpoints are looked at before documents, so that what is said of an answer is never too much.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use orderfold_events::ConsistencyToken;
use orderfold_http::{Problem, ProblemCode};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::{freshness::FreshnessBody, prefer::Preferences, problems};
use crate::{
    progress::{Freshness, Progress, Subject, Wait},
    projections::ReadModel,
};

const CONSISTENCY_TOKEN: &str = "consistency-token";
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const READ_MODEL_AS_OF: HeaderName = HeaderName::from_static("read-model-as-of");
const READ_MODEL_LAG: HeaderName = HeaderName::from_static("read-model-lag");
const READ_MODEL_PARKED: HeaderName = HeaderName::from_static("read-model-parked");
const READ_MODEL_CONSISTENT: HeaderName = HeaderName::from_static("read-model-consistent");
/// A token that was not reached in time probably is a little later.
const RETRY_AFTER_SECONDS: u16 = 1;

/// Reads that are worked on at once, waiting ones not counted. Beyond it callers are told to come back, rather than
/// kept until they give up.
const READS_MAX: usize = 512;

/// Looks where the read models stand.
#[derive(Debug, Clone)]
pub struct Standings {
    progress: Arc<Progress>,
    places: Arc<Semaphore>,
}

/// Where the read models of one answer stand.
#[derive(Debug)]
pub struct Standing {
    progress: Arc<Progress>,
    read_models: Vec<ReadModel>,
    subject: Subject,
    /// Its place among the reads worked on, until it is answered.
    _place: Option<OwnedSemaphorePermit>,
    freshness: Freshness,
    /// Whether they have reached the caller's token; `None` when there was none.
    has_reached: Option<bool>,
    applied: Option<String>,
}

impl Standings {
    #[must_use]
    pub fn new(progress: Arc<Progress>) -> Self {
        Self {
            progress,
            places: Arc::new(Semaphore::new(READS_MAX)),
        }
    }

    /// Waits as the headers ask, then looks. To be called before any document is read.
    ///
    /// # Errors
    /// A problem when the token is none, is lost, or was not reached and `handling=strict` is preferred; and when
    /// there is more to do than can be done.
    pub async fn of(
        &self,
        headers: &HeaderMap,
        read_models: &[ReadModel],
    ) -> Result<Standing, Problem> {
        let mut has_reached = None;
        let mut applied = None;
        if let Some(token) = token(headers)? {
            let preferences = Preferences::read(headers);
            has_reached = Some(self.wait(read_models, &token, preferences).await?);
            applied = preferences.applied();
        }
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_full| Problem::unavailable("Too many reads are being worked on."))?;
        Ok(Standing {
            progress: Arc::clone(&self.progress),
            read_models: read_models.to_vec(),
            subject: Subject::Many,
            _place: Some(place),
            freshness: self.progress.freshness(read_models),
            has_reached,
            applied,
        })
    }

    async fn wait(
        &self,
        read_models: &[ReadModel],
        token: &ConsistencyToken,
        preferences: Preferences,
    ) -> Result<bool, Problem> {
        let deadline = Instant::now() + preferences.wait.unwrap_or_default();
        match self.progress.wait_for(read_models, token, deadline).await {
            Wait::Reached => Ok(true),
            Wait::TimedOut if preferences.strict => {
                let problem = Problem::from(problems::NOT_YET_CONSISTENT);
                Err(problem.retry_after_seconds(RETRY_AFTER_SECONDS))
            }
            Wait::TimedOut => Ok(false),
            Wait::UnknownShard => Err(invalid_token()),
            Wait::ForkedAway => Err(problems::CONSISTENCY_TOKEN_LOST.into()),
            Wait::TooMany => Err(Problem::unavailable(
                "Too many readers are waiting already.",
            )),
        }
    }
}

impl Standing {
    /// Says what the answer is about, so that it is not said to miss what it would not show.
    #[must_use]
    pub fn about(self, subject: Subject) -> Self {
        Self { subject, ..self }
    }

    /// The freshness as lists and reports show it in their body.
    #[must_use]
    pub fn freshness(&self) -> FreshnessBody {
        FreshnessBody {
            as_of: self.freshness.as_of,
            lag_events: self.freshness.lag_events,
            lag_ms: self.freshness.lag_ms,
        }
    }

    /// The headers that every read answers with.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let Freshness {
            lag_events,
            lag_ms,
            as_of,
        } = self.freshness;
        let figure = |figure: Option<u64>| {
            figure.map_or_else(|| "unknown".to_owned(), |figure| figure.to_string())
        };
        let lag = format!("events={}, ms={}", figure(lag_events), figure(lag_ms));
        let parked = self.progress.missing(&self.read_models, self.subject);
        let texts = [
            (READ_MODEL_PARKED, (parked > 0).then(|| parked.to_string())),
            (READ_MODEL_AS_OF, as_of.map(|as_of| as_of.to_string())),
            (READ_MODEL_LAG, Some(lag)),
            (
                READ_MODEL_CONSISTENT,
                self.has_reached.map(|it| it.to_string()),
            ),
            (PREFERENCE_APPLIED, self.applied.clone()),
        ];
        let headers = texts
            .into_iter()
            .filter_map(|(name, text)| Some((name, HeaderValue::from_str(&text?).ok()?)));
        headers.collect()
    }
}

impl Standing {
    /// A refusal that depends on where the read models stand, such as that there is no such order (yet).
    #[must_use]
    pub fn refusal(&self, code: ProblemCode) -> Problem {
        let headers = self.headers().into_iter();
        headers.fold(Problem::from(code), |problem, (name, value)| match name {
            Some(name) => problem.header(name, value),
            None => problem,
        })
    }
}

/// The caller's token: one, several joined by commas, or several headers.
fn token(headers: &HeaderMap) -> Result<Option<ConsistencyToken>, Problem> {
    let mut all: Option<ConsistencyToken> = None;
    for value in headers.get_all(CONSISTENCY_TOKEN) {
        let text = value.to_str().map_err(|_no_text| invalid_token())?;
        let token = ConsistencyToken::parse_list(text).map_err(|_malformed| invalid_token())?;
        all.get_or_insert_default().merge(&token);
    }
    Ok(all)
}

fn invalid_token() -> Problem {
    Problem::invalid_field(
        "/headers/Consistency-Token",
        "invalid_format",
        "must be a Consistency-Token of this store",
    )
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use orderfold_events::{Coordinate, Epoch, Position, Shard};
    use secrecy::SecretString;

    use super::*;
    use crate::{database::Database, store::StoreClient};

    fn read(values: &[&str]) -> Result<Option<ConsistencyToken>, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONSISTENCY_TOKEN, value.parse().unwrap());
        }
        token(&headers)
    }

    fn of_shard(shard: u16) -> String {
        let coordinate = Coordinate {
            epoch: Epoch(1),
            shard: Shard(shard),
            position: Position(7),
        };
        ConsistencyToken::from(coordinate).to_string()
    }

    #[test]
    fn tokens_come_joined_or_repeated() {
        assert_eq!(read(&[]).unwrap(), None);
        let joined = format!("{},{}", of_shard(1), of_shard(2));
        for values in [&[joined.as_str()][..], &[&of_shard(1), &of_shard(2)]] {
            assert_eq!(read(values).unwrap().unwrap().coordinates().count(), 2);
        }
    }

    #[test]
    fn a_token_that_is_none_is_a_fault() {
        for rubbish in ["", "rubbish", "x, y"] {
            assert!(read(&[rubbish]).is_err(), "{rubbish}");
        }
        assert!(read(&[&of_shard(1), "rubbish"]).is_err());
    }

    #[tokio::test]
    async fn reads_beyond_the_limit_are_told_to_come_back() {
        let uri = "mongodb://127.0.0.1:1/?directConnection=true";
        let database = Database::open(uri).await.unwrap();
        let store = StoreClient::new(&[], SecretString::from("x")).unwrap();
        let mut standings = Standings::new(Arc::new(Progress::new(database, Arc::new(store))));
        standings.places = Arc::new(Semaphore::new(1));
        let headers = HeaderMap::new();
        let first = standings.of(&headers, ReadModel::ALL).await;
        let second = standings.of(&headers, ReadModel::ALL).await;
        assert_eq!(
            second.unwrap_err().status(),
            StatusCode::SERVICE_UNAVAILABLE
        );
        drop(first);
        assert!(standings.of(&headers, ReadModel::ALL).await.is_ok());
    }

    #[tokio::test]
    async fn what_cannot_be_told_is_unknown_and_never_zero() {
        let uri = "mongodb://127.0.0.1:1/?directConnection=true";
        let database = Database::open(uri).await.unwrap();
        let store = StoreClient::new(&[], SecretString::from("x")).unwrap();
        let standing = Standing {
            progress: Arc::new(Progress::new(database, Arc::new(store))),
            read_models: ReadModel::ALL.to_vec(),
            subject: Subject::Many,
            _place: None,
            freshness: Freshness::default(),
            has_reached: None,
            applied: None,
        };
        let headers = standing.headers();
        assert_eq!(headers["read-model-lag"], "events=unknown, ms=unknown");
        assert!(!headers.contains_key("read-model-as-of"));
        assert!(!headers.contains_key("read-model-parked"));
    }
}
