//! Orders by id, of many callers in one question: whoever comes while questions are on their way is gathered and goes
//! with the next one. A caller who is alone waits for nobody, and no question begins before its callers have come, so
//! that what they have seen of the checkpoints holds for the answer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bson::{RawDocumentBuf, spec::BinarySubtype};
use futures::TryStreamExt;
use orderfold_events::OrderId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use uuid::Uuid;

use crate::{
    database::{
        Attempt, Database, DatabaseError,
        reading::{READ_MAX, by_ids},
        stored::id_value,
    },
    projections::order_detail::OrderDocument,
};

/// Questions that are on their way at once.
const QUESTIONS_MAX: usize = 2;
/// Orders in one question: whole ones can be large, and each waits for the last of them.
const ORDERS_MAX: usize = 50;
const ATTEMPT: &str = "read an order";

/// As it is stored: each caller reads its own, and one that cannot be read is a fault of that order alone.
type Answer = Result<Option<Arc<RawDocumentBuf>>, DatabaseError>;

/// Finds whole orders. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Lookup {
    database: Database,
    gathering: Arc<Mutex<Gathering>>,
}

#[derive(Debug)]
struct Gathering {
    callers: Vec<Caller>,
    questions: Arc<Semaphore>,
}

#[derive(Debug)]
struct Caller {
    order: OrderId,
    answer: oneshot::Sender<Answer>,
}

impl Lookup {
    pub fn new(database: Database) -> Self {
        let gathering = Gathering {
            callers: Vec::new(),
            questions: Arc::new(Semaphore::new(QUESTIONS_MAX)),
        };
        Self {
            database,
            gathering: Arc::new(Mutex::new(gathering)),
        }
    }

    /// # Errors
    /// [`DatabaseError`] when MongoDB is away, or the order is not of the expected shape.
    pub async fn find(&self, order: OrderId) -> Result<Option<OrderDocument>, DatabaseError> {
        let (answer, answered) = oneshot::channel();
        let begin = self.gathering().join(Caller { order, answer });
        if let Some(place) = begin {
            // Its own task: a caller who leaves takes nobody's answer along.
            tokio::spawn(self.clone().ask_on(place));
        }
        let stored = answered
            .await
            .map_err(|_sender_gone| DatabaseError::broken_off(ATTEMPT))??;
        let read = |stored: Arc<RawDocumentBuf>| bson::deserialize_from_slice(stored.as_bytes());
        stored.map(read).transpose().attempt(ATTEMPT)
    }

    /// Asks for as long as somebody waits.
    async fn ask_on(self, mut place: OwnedSemaphorePermit) {
        loop {
            let next = self.gathering().next(place);
            let Some((callers, kept)) = next else {
                return;
            };
            place = kept;
            let found = self.ask(&callers).await;
            for Caller { order, answer } in callers {
                let found = found.as_ref().map(|found| found.get(&order.0).cloned());
                let _caller_gone = answer.send(found.map_err(Clone::clone));
            }
        }
    }

    async fn ask(
        &self,
        callers: &[Caller],
    ) -> Result<HashMap<Uuid, Arc<RawDocumentBuf>>, DatabaseError> {
        let ids: Vec<_> = callers.iter().map(|it| id_value(it.order)).collect();
        let found: Vec<RawDocumentBuf> = self
            .database
            .order_detail()
            .clone_with_type()
            .find(by_ids(&ids))
            .max_time(READ_MAX)
            .await
            .attempt(ATTEMPT)?
            .try_collect()
            .await
            .attempt(ATTEMPT)?;
        let named = found
            .into_iter()
            .filter_map(|order| Some((id_of(&order)?, Arc::new(order))));
        Ok(named.collect())
    }

    fn gathering(&self) -> MutexGuard<'_, Gathering> {
        self.gathering
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gathering {
    /// A place for a question of its own, where there is one; else one of those that are asked already comes by.
    fn join(&mut self, caller: Caller) -> Option<OwnedSemaphorePermit> {
        self.callers.push(caller);
        Arc::clone(&self.questions).try_acquire_owned().ok()
    }

    /// Who is to be asked for next. Where nobody waits, the place is given back before anybody can join.
    fn next(&mut self, place: OwnedSemaphorePermit) -> Option<(Vec<Caller>, OwnedSemaphorePermit)> {
        self.callers.retain(|caller| !caller.answer.is_closed());
        let count = self.callers.len().min(ORDERS_MAX);
        if count == 0 {
            drop(place);
            return None;
        }
        Some((self.callers.drain(..count).collect(), place))
    }
}

fn id_of(document: &RawDocumentBuf) -> Option<Uuid> {
    let id = document.get_binary("_id").ok()?;
    (id.subtype == BinarySubtype::Uuid)
        .then(|| Uuid::from_slice(id.bytes).ok())
        .flatten()
}
