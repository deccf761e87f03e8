//! The way of a decision: taken on fresh state, submitted under its key, taken again where the state has moved on,
//! and answered with what is stored, so that a retry gets the same answer.

use orderfold_events::{ConsistencyToken, CustomerId, EventId, StreamId, Timestamp, Version};
use orderfold_http::{Problem, clock};

use super::{Call, InFlight, KeyedRequest};
use crate::{
    event_sourcing::{
        Answer, ClaimChange, ClaimKind, EventStore, NewEvent, Outcome, StoreError, StoredAnswer,
        Submission, TimerChange,
    },
    sealing::Vault,
    timers::Delays,
};

/// An event as a decision records it, before it gets its id and what is personal in it is sealed.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub stream: StreamId,
    pub event_type: &'static str,
    pub occurred_at: Timestamp,
    pub data: Vec<u8>,
}

/// What was decided: what it looked at, what it records, and the answer that it leads to.
#[derive(Debug, Clone)]
pub struct Decision<A> {
    pub customer: CustomerId,
    pub read_set: Vec<(StreamId, Version)>,
    pub recorded: Vec<Recorded>,
    pub claims: Vec<ClaimChange>,
    pub answer: A,
}

impl<A> Decision<A> {
    /// The same decision with its answer in another form.
    pub fn map<B>(self, form: impl FnOnce(A) -> B) -> Decision<B> {
        let Self {
            customer,
            read_set,
            recorded,
            claims,
            answer,
        } = self;
        Decision {
            customer,
            read_set,
            recorded,
            claims,
            answer: form(answer),
        }
    }
}

/// Why nothing could be decided.
#[derive(Debug)]
pub enum Undecided<R> {
    /// What the command speaks of does not exist, or its content is not valid. It is not kept under a key.
    Refused(R),
    Store(StoreError),
}

impl<R> From<StoreError> for Undecided<R> {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl<R> Undecided<R> {
    /// The same with its refusal in another form.
    pub fn map<S>(self, form: impl FnOnce(R) -> S) -> Undecided<S> {
        match self {
            Self::Refused(refusal) => Undecided::Refused(form(refusal)),
            Self::Store(error) => Undecided::Store(error),
        }
    }
}

/// An answer on its way to the caller.
#[derive(Debug, Clone)]
pub struct Answered {
    pub status: u16,
    pub body: Vec<u8>,
    pub stream: Option<StreamId>,
    pub version: Version,
    /// Waiting for it shows what the answer speaks of; a dry run has none.
    pub token: Option<ConsistencyToken>,
    pub replayed: bool,
}

/// Why there is no answer of the slice's own.
#[derive(Debug)]
pub enum Failure {
    Refused(Problem),
    KeyReused,
    InProgress,
    Taken {
        kind: ClaimKind,
        token: ConsistencyToken,
    },
    Store(StoreError),
}

/// Carries commands out. Cheap to clone.
#[derive(Clone)]
pub struct Executor {
    store: EventStore,
    vault: Vault,
    delays: Delays,
    in_flight: InFlight,
}

impl Executor {
    #[must_use]
    pub fn new(store: EventStore, vault: Vault, delays: Delays) -> Self {
        Self {
            store,
            vault,
            delays,
            in_flight: InFlight::default(),
        }
    }

    #[must_use]
    pub fn store(&self) -> &EventStore {
        &self.store
    }

    /// Decides and submits until the outcome is settled; a dry run only decides. Attempts on one `lane`, the stream
    /// that the command is about, take turns.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn execute<F, Fut>(
        &self,
        call: &Call,
        request: &KeyedRequest,
        lane: StreamId,
        attempt: F,
    ) -> Result<Answered, Failure>
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<Decision<Answer>, Undecided<Problem>>> + Send,
    {
        if call.dry_run {
            return match attempt().await {
                Ok(decision) => self.rehearsed(decision).await,
                Err(Undecided::Refused(problem)) => Err(Failure::Refused(problem)),
                Err(Undecided::Store(error)) => Err(Failure::Store(error)),
            };
        }
        let Some(_running) = self.in_flight.begin(request.idempotency.key) else {
            return Err(Failure::InProgress);
        };
        if call.likely_repeated
            && let Some(answered) = self.kept(request).await?
        {
            return Ok(answered);
        }
        let decide = || async {
            let decision = attempt().await?;
            let answer = decision.answer.clone();
            let submission = self.submission(call, request, decision).await?;
            Ok((answer, submission))
        };
        match self.store.settle(lane, call.deadline, decide).await {
            Ok((answer, outcome)) => settled(answer, outcome),
            Err(Undecided::Refused(problem)) => self.refused(request, problem).await,
            Err(Undecided::Store(error)) => Err(Failure::Store(error)),
        }
    }

    /// A refusal that nothing is kept of; but where the key has an answer, that one stands.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn refused(
        &self,
        request: &KeyedRequest,
        problem: Problem,
    ) -> Result<Answered, Failure> {
        let kept = self.kept(request).await?;
        kept.ok_or(Failure::Refused(problem))
    }

    /// The answer that the key already has.
    async fn kept(&self, request: &KeyedRequest) -> Result<Option<Answered>, Failure> {
        if request.idempotency.internal {
            return Ok(None);
        }
        match self.store.find_answer(&request.idempotency.key).await {
            Ok(Some(stored)) if stored.fingerprint == Some(request.idempotency.fingerprint) => {
                Ok(Some(replayed(stored)))
            }
            Ok(Some(_)) => Err(Failure::KeyReused),
            Ok(None) => Ok(None),
            Err(error) => Err(Failure::Store(error)),
        }
    }

    /// The one place where events get their ids, and where what is personal in them is sealed.
    async fn submission(
        &self,
        call: &Call,
        request: &KeyedRequest,
        decision: Decision<Answer>,
    ) -> Result<Submission, StoreError> {
        let Decision {
            customer,
            read_set,
            recorded,
            claims,
            answer,
        } = decision;
        let timers = self.timers(call, &recorded)?;
        let mut events = Vec::with_capacity(recorded.len());
        for recorded in recorded {
            let event_id = EventId(clock::new_id());
            let data = self.vault.seal(customer, event_id, &recorded.data).await?;
            events.push(NewEvent {
                stream: recorded.stream,
                event_id,
                customer,
                event_type: recorded.event_type,
                occurred_at: recorded.occurred_at,
                correlation_id: call.context.correlation_id,
                causation_id: call.context.correlation_id,
                actor: call.actor.clone(),
                traceparent: Some(call.context.traceparent.clone()),
                data: data.into_owned().into(),
            });
        }
        Ok(Submission {
            shard: self.store.shard_of(customer),
            read_set,
            events,
            claims,
            timers,
            idempotency: request.idempotency.clone(),
            answer,
        })
    }

    fn timers(&self, call: &Call, recorded: &[Recorded]) -> Result<Vec<TimerChange>, StoreError> {
        let mut timers = Vec::new();
        for event in recorded {
            let backdated = event.occurred_at < call.now;
            let (stream, data) = (event.stream, event.data.as_slice());
            let effect = self
                .delays
                .after(stream, event.event_type, data, backdated)?;
            timers.extend(effect.map(|effect| TimerChange {
                stream,
                timer_id: clock::new_id(),
                effect,
            }));
        }
        Ok(timers)
    }

    /// What a dry run would answer; nothing is submitted, so claims are looked at instead of taken.
    async fn rehearsed(&self, decision: Decision<Answer>) -> Result<Answered, Failure> {
        for change in &decision.claims {
            let (kind, key) = change.claim();
            let owner = self
                .store
                .find_claim(kind, &key)
                .await
                .map_err(Failure::Store)?;
            if change.takes() && owner.is_some_and(|owner| owner != change.owner()) {
                return Err(Failure::Taken {
                    kind,
                    token: ConsistencyToken::default(),
                });
            }
        }
        Ok(answered(decision.answer, None))
    }
}

fn settled(answer: Answer, outcome: Outcome) -> Result<Answered, Failure> {
    match outcome {
        Outcome::Accepted { coordinate, .. } => Ok(answered(answer, Some(coordinate.into()))),
        Outcome::Replayed(stored) => Ok(replayed(stored)),
        Outcome::KeyReused => Err(Failure::KeyReused),
        Outcome::Taken { kind, coordinate } => Err(Failure::Taken {
            kind,
            token: coordinate.into(),
        }),
        // The store settles what is stale, or says that it could not.
        Outcome::Stale => Err(Failure::Store(StoreError::Contended)),
    }
}

fn answered(answer: Answer, token: Option<ConsistencyToken>) -> Answered {
    let Answer {
        status,
        body,
        stream,
        version,
        retention: _,
    } = answer;
    Answered {
        status,
        body,
        stream,
        version,
        token,
        replayed: false,
    }
}

fn replayed(stored: StoredAnswer) -> Answered {
    Answered {
        status: stored.status,
        body: stored.body,
        stream: stored.stream,
        version: stored.version,
        token: Some(stored.coordinate.into()),
        replayed: true,
    }
}
