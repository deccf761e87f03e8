//! A bulk request: reads lines, starts each when its turn comes, and streams the answers in the order of the lines.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Extension,
    body::Body,
    extract::{RawQuery, Request, State},
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use orderfold_events::{CustomerId, Timestamp};
use orderfold_http::{
    Principal, Problem, RequestContext, api::require_media_type, clock, json,
    parameters::Parameters,
};
use serde_json::Value;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, mpsc, oneshot},
    time::timeout,
};
use tracing::Instrument;

use super::{
    answers::{Answer, Summary},
    line::{self, Command, Line},
    lines::Lines,
    sequence::{self, Sequence, Turn},
};
use crate::{
    app::Commands,
    event_sourcing::StoreError,
    execution::Call,
    http::{
        answers::{Reply, store_problem},
        codes,
    },
    orders::commands::Creation,
};

pub(super) const PATH: &str = "/v1/commands";
/// Commands of one request at once: enough to fill batches, few enough that the store's readers keep up.
const AT_ONCE: usize = 64;
/// How long the sender of a request may be silent.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

type Pending = oneshot::Receiver<Answer>;

/// Run many commands, one a line.
#[utoipa::path(
    post, path = "/v1/commands", tag = "bulk",
    request_body(content = String, content_type = "application/x-ndjson",
        description = "One command a line: `command` (an operation id), its target `customer` or `order` (an id, or \
                       `{\"reference\", \"channel\"}`, also of an earlier line), `idempotency_key`, `if_match`, \
                       `dry_run` and `body`. At most 5000 lines of 256 KiB and 16 MiB."),
    responses((status = 200, content_type = "application/x-ndjson", body = String,
        description = "One answer a line, in the same order: `line`, `status`, `replayed`, and `body` or `problem`. \
                       The last line is a `summary`; without it the answer was cut off.")),
)]
pub(crate) async fn run_commands(
    State(commands): State<Commands>,
    Extension(context): Extension<RequestContext>,
    principal: Principal,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, Problem> {
    Parameters::read(query.as_deref()).finish(())?;
    require_media_type(request.headers(), &["application/x-ndjson"])?;
    let permit = Arc::new(commands.admit_bulk()?);
    let (answers, pending) = mpsc::unbounded_channel();
    let bulk = Bulk {
        commands: commands.clone(),
        context,
        principal,
        at_once: Arc::new(Semaphore::new(AT_ONCE)),
        repeated: Arc::default(),
        _permit: permit,
    };
    let body = request.into_body().into_data_stream();
    // In a task of its own: it goes on reading while the caller does not read yet.
    let reading = async move { bulk.read(body, answers).await };
    commands.tasks.spawn(reading.in_current_span());
    let body = Body::from_stream(answer_stream(pending).map(Ok::<_, std::convert::Infallible>));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

/// What the reader hands on: an answer to come, or that all lines were read.
enum Item {
    Answer(Pending),
    End,
}

/// The answers in order, then the summary, if the request was read to its end.
fn answer_stream(pending: mpsc::UnboundedReceiver<Item>) -> impl Stream<Item = Bytes> {
    stream::unfold(
        (pending, Summary::default()),
        |(mut pending, mut summary)| async move {
            match pending.recv().await? {
                Item::Answer(answer) => {
                    let answer = answer.await.ok()?;
                    summary.count(&answer);
                    Some((answer.bytes, (pending, summary)))
                }
                Item::End => {
                    let line = summary.line();
                    pending.close();
                    Some((line, (pending, summary)))
                }
            }
        },
    )
}

#[derive(Clone)]
struct Bulk {
    commands: Commands,
    context: RequestContext,
    principal: Principal,
    at_once: Arc<Semaphore>,
    /// Whether a line was carried out before: a request that is sent again mostly repeats itself.
    repeated: Arc<AtomicBool>,
    /// Given back when the last line has its answer.
    _permit: Arc<OwnedSemaphorePermit>,
}

impl Bulk {
    /// Reads the body line by line. What follows a line too many is not read, but a body that breaks off has no end.
    async fn read<E>(
        self,
        mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
        answers: mpsc::UnboundedSender<Item>,
    ) {
        let commands = self.commands.clone();
        let mut sequence = Sequence::new(commands.executor.store(), &commands.secrets);
        let mut lines = Lines::default();
        loop {
            let chunk = match timeout(IDLE_TIMEOUT, body.next()).await {
                Ok(Some(Ok(chunk))) => Some(chunk),
                Ok(None) => None,
                Ok(Some(Err(_))) | Err(_) => return,
            };
            let last = chunk.is_none();
            lines.push(chunk);
            while let Some((number, line)) = lines.next(last) {
                let answer = match line {
                    Ok(bytes) => self.start(number, bytes, &mut sequence).await,
                    Err(refused) => self.refused(number, refused),
                };
                let _left = answers.send(Item::Answer(answer));
            }
            if last || lines.exhausted {
                break;
            }
        }
        let _left = answers.send(Item::End);
        // The rest is read and dropped, so that the caller gets to see why.
        while let Ok(Some(Ok(_))) = timeout(IDLE_TIMEOUT, body.next()).await {}
    }

    fn refused(&self, number: usize, problem: Problem) -> Pending {
        let (sender, pending) = oneshot::channel();
        let _left = sender.send(Answer::of(number, Reply::problem(problem), &self.context));
        pending
    }

    async fn start(&self, number: usize, bytes: Bytes, sequence: &mut Sequence<'_>) -> Pending {
        let line = match json::parse(&bytes).and_then(|value| line::read(&value)) {
            Ok(line) => line,
            Err(problem) => return self.refused(number, problem),
        };
        if let Err(problem) = line.command.access().check(&self.principal) {
            return self.refused(number, problem);
        }
        let turn = match sequence.line_up(&line).await {
            Ok(turn) => turn,
            Err(error) => return self.refused(number, store_problem(&error)),
        };
        let (sender, pending) = oneshot::channel();
        let bulk = self.clone();
        let running = async move {
            let mut sender = sender;
            // Lines that wait for their turn when the caller leaves are not begun: whoever left sends them again.
            let begun = tokio::select! {
                biased;
                () = sender.closed() => return,
                begun = bulk.begin(turn) => begun,
            };
            let answer = match begun {
                Some((done, _permit)) => bulk.run(number, line, done).await,
                None => bulk.unsettled(number),
            };
            let _left = sender.send(answer);
        };
        self.commands.tasks.spawn(running.in_current_span());
        pending
    }

    /// Waits for the lines before and for a place; none where a line before has no outcome.
    async fn begin(&self, turn: Turn) -> Option<(oneshot::Sender<()>, SemaphorePermit<'_>)> {
        let done = turn.wait().await.ok()?;
        // The semaphore is never closed.
        let permit = self.at_once.acquire().await.ok()?;
        Some((done, permit))
    }

    fn unsettled(&self, number: usize) -> Answer {
        let problem = Problem::unavailable(
            "a line before it has no outcome yet; send both again under the same keys",
        );
        Answer::of(number, Reply::problem(problem), &self.context)
    }

    async fn run(&self, number: usize, line: Line, done: oneshot::Sender<()>) -> Answer {
        let reply = match self.carry_out(line).await {
            Ok(reply) => reply,
            Err(error) => Reply::problem(store_problem(&error)),
        };
        if reply.replayed {
            self.repeated.store(true, Ordering::Relaxed);
        }
        if reply.is_outcome() {
            // Nobody may be waiting for it.
            let _unheard = done.send(());
        }
        Answer::of(number, reply, &self.context)
    }

    async fn carry_out(&self, line: Line) -> Result<Reply, StoreError> {
        let Line {
            command,
            customer,
            order,
            idempotency_key,
            precondition,
            dry_run,
            body,
        } = line;
        let call = Call {
            actor: self.commands.secrets.actor(&self.principal),
            principal: self.principal.clone(),
            context: self.context.clone(),
            idempotency_key,
            precondition,
            dry_run,
            likely_repeated: self.repeated.load(Ordering::Relaxed),
            now: Timestamp::from(clock::now()),
            deadline: Call::deadline(),
        };
        let (store, secrets) = (self.commands.executor.store(), &self.commands.secrets);
        match command {
            Command::RegisterCustomer => Ok(self.commands.register(&call, &body).await),
            Command::PlaceOrder | Command::DraftOrder if customer.is_none() => Ok(self
                .commands
                .place(&call, &body, creation(command, None))
                .await),
            Command::PlaceOrder
            | Command::DraftOrder
            | Command::Customer(_)
            | Command::SetCreditTerms
            | Command::RecordAccountPayment => {
                let found = match &customer {
                    Some(target) => sequence::find_customer(store, secrets, target).await?,
                    None => None,
                };
                Ok(match found {
                    Some(customer) => self.of_customer(command, &call, customer, &body).await,
                    None => Reply::problem(codes::CUSTOMER_NOT_FOUND.into()),
                })
            }
            Command::Order(operation) => {
                let target = match &order {
                    Some(target) => sequence::find_order(store, secrets, target).await?,
                    None => None,
                };
                match target {
                    Some(id) => Ok(self.commands.change(&call, operation, id, &body).await),
                    None => Ok(Reply::problem(codes::ORDER_NOT_FOUND.into())),
                }
            }
        }
    }

    /// A command whose target is a customer.
    async fn of_customer(
        &self,
        command: Command,
        call: &Call,
        customer: CustomerId,
        body: &Value,
    ) -> Reply {
        let commands = &self.commands;
        match command {
            Command::Customer(operation) => {
                commands
                    .change_customer(call, operation, customer, body)
                    .await
            }
            Command::SetCreditTerms => commands.set_credit_terms(call, customer, body).await,
            Command::RecordAccountPayment => {
                commands.record_account_payment(call, customer, body).await
            }
            Command::PlaceOrder | Command::DraftOrder => {
                let creation = creation(command, Some(customer));
                commands.place(call, body, creation).await
            }
            // These have no customer for a target.
            Command::RegisterCustomer | Command::Order(_) => {
                Reply::problem(codes::CUSTOMER_NOT_FOUND.into())
            }
        }
    }
}

fn creation(command: Command, customer: Option<CustomerId>) -> Creation {
    Creation {
        customer,
        drafts: matches!(command, Command::DraftOrder),
    }
}
