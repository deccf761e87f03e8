//! HTTP to the command service's internal endpoints. Any of its replicas answers; the last one that did is asked first.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures::TryStreamExt;
use orderfold_events::{
    CustomerId, Position, Shard, ShardCount,
    internal::{self, KeyAnswer, KeysAnswer, KeysQuestion},
};
use reqwest::{RequestBuilder, Response, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio_util::{
    codec::{FramedRead, LinesCodec, LinesCodecError},
    io::StreamReader,
};

use super::{EpochTable, FeedEvent, Heads};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const HEADS_TIMEOUT: Duration = Duration::from_secs(3);
const KEYS_TIMEOUT: Duration = Duration::from_secs(5);
const FEED_TIMEOUT: Duration = Duration::from_secs(30);
/// Events asked for at once.
const PAGE_EVENTS_MAX: usize = 500;
/// A page ends when it holds this many bytes of data.
const PAGE_BYTES_MAX: usize = 8 << 20;
/// A line is an event of at most 512 KiB, its envelope, and room for both to grow.
const LINE_BYTES_MAX: usize = 1 << 20;

/// The command service did not answer, or not with what was agreed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the command service cannot be asked")]
    Unreachable(#[source] reqwest::Error),
    #[error("the command service answered {0}")]
    Refused(reqwest::StatusCode),
    #[error("the feed was cut off, or a line of it is too long")]
    Line(#[source] LinesCodecError),
    #[error("the feed holds a line that is no event")]
    Malformed(#[source] serde_json::Error),
    #[error("the answer makes no sense: {0}")]
    Senseless(&'static str),
    #[error("no address of the command service is known")]
    NoAddress,
    #[error("an address of the command service is no URL")]
    InvalidAddress,
}

impl StoreError {
    /// Whether the command service was reached and will answer the same again: waiting does not help.
    #[must_use]
    pub fn is_lasting(&self) -> bool {
        matches!(self, Self::Malformed(_) | Self::Senseless(_))
    }
}

/// Asks the command service. It keeps connections open.
#[derive(Debug)]
pub struct StoreClient {
    http: reqwest::Client,
    bases: Vec<Url>,
    token: SecretString,
    preferred: AtomicUsize,
}

impl StoreClient {
    /// A client of replicas whose admin ports are at `bases`, with the shared internal token.
    ///
    /// # Errors
    /// [`StoreError`] when one is no URL, or the HTTP client cannot be set up.
    pub fn new(bases: &[String], token: SecretString) -> Result<Self, StoreError> {
        let bases = bases
            .iter()
            .map(|base| Url::parse(&format!("{}/", base.trim_end_matches('/'))))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_malformed| StoreError::InvalidAddress)?;
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(StoreError::Unreachable)?;
        Ok(Self {
            http,
            bases,
            token,
            preferred: AtomicUsize::new(0),
        })
    }

    /// How far the store is, and its histories.
    ///
    /// # Errors
    /// [`StoreError`] when no replica answers sensibly.
    pub async fn heads(&self) -> Result<Heads, StoreError> {
        let answer = self.get("internal/heads", &[], HEADS_TIMEOUT).await?;
        let heads: internal::Heads = answer.json().await.map_err(StoreError::Unreachable)?;
        read_heads(&heads)
    }

    /// The events of a shard that follow position `after`, as many as one page holds: contiguous, from `after + 1` on.
    /// An empty page says that there are none.
    ///
    /// # Errors
    /// [`StoreError`] when no replica answers, or the answer is not contiguous.
    pub async fn feed(&self, shard: Shard, after: Position) -> Result<Vec<FeedEvent>, StoreError> {
        let query = [
            ("after", after.to_string()),
            ("limit", PAGE_EVENTS_MAX.to_string()),
        ];
        let path = format!("internal/feed/{shard}");
        let answer = self.get(&path, &query, FEED_TIMEOUT).await?;
        let body = StreamReader::new(answer.bytes_stream().map_err(std::io::Error::other));
        let mut lines = FramedRead::new(body, LinesCodec::new_with_max_length(LINE_BYTES_MAX));
        let mut events = Vec::new();
        let mut bytes = 0_usize;
        let mut last = after;
        while bytes < PAGE_BYTES_MAX
            && let Some(line) = lines.try_next().await.map_err(StoreError::Line)?
        {
            match read_line(&line, shard, last) {
                Ok(event) => {
                    last = event.envelope.coordinate.position;
                    bytes = bytes.saturating_add(event.data.len());
                    events.push(event);
                }
                // What is before it counts; asked for what follows, it will be the first.
                Err(_) if !events.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(events)
    }

    /// What is known of the keys of some customers, at most as many as one question may name.
    ///
    /// # Errors
    /// [`StoreError`] when no replica answers sensibly.
    pub async fn keys(&self, customers: &[CustomerId]) -> Result<Vec<KeyAnswer>, StoreError> {
        let question = KeysQuestion {
            customers: customers.to_vec(),
        };
        let ask = |url| self.http.post(url).json(&question);
        let answer = self.ask("internal/keys", ask, KEYS_TIMEOUT).await?;
        let KeysAnswer { keys } = answer.json().await.map_err(StoreError::Unreachable)?;
        let answered = keys.iter().map(|key| key.customer_id);
        if answered.eq(customers.iter().copied()) {
            Ok(keys)
        } else {
            Err(StoreError::Senseless("keys of other customers"))
        }
    }

    async fn get(
        &self,
        path: &str,
        query: &[(&str, String)],
        timeout: Duration,
    ) -> Result<Response, StoreError> {
        let ask = |url| self.http.get(url).query(query);
        self.ask(path, ask, timeout).await
    }

    /// Asks one replica after the other until one answers.
    async fn ask(
        &self,
        path: &str,
        request: impl Fn(Url) -> RequestBuilder,
        timeout: Duration,
    ) -> Result<Response, StoreError> {
        let first = self.preferred.load(Ordering::Relaxed);
        let mut failure = StoreError::NoAddress;
        for attempt in 0..self.bases.len() {
            let index = first.wrapping_add(attempt) % self.bases.len();
            let Some(url) = self.bases.get(index).and_then(|base| base.join(path).ok()) else {
                continue;
            };
            let request = request(url)
                .bearer_auth(self.token.expose_secret())
                .timeout(timeout);
            match request.send().await {
                Ok(answer) if answer.status().is_success() => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return Ok(answer);
                }
                Ok(answer) => failure = StoreError::Refused(answer.status()),
                Err(error) => failure = StoreError::Unreachable(error.without_url()),
            }
        }
        Err(failure)
    }
}

fn read_heads(heads: &internal::Heads) -> Result<Heads, StoreError> {
    let shards = u16::try_from(heads.shards.len())
        .ok()
        .and_then(ShardCount::new)
        .ok_or(StoreError::Senseless("the number of shards"))?;
    let positions: BTreeMap<_, _> = heads
        .shards
        .iter()
        .map(|head| (head.shard, head.position))
        .collect();
    if !shards.shards().all(|shard| positions.contains_key(&shard)) {
        return Err(StoreError::Senseless("the shards are not numbered from 0"));
    }
    let epochs = heads
        .epochs
        .iter()
        .map(|start| (start.epoch, start.shard, start.from_position));
    Ok(Heads {
        store_id: heads.store_id,
        shards,
        epochs: EpochTable::new(epochs),
        positions,
        now: heads.now,
    })
}

/// The event of a line, which has to follow `last`.
fn read_line(line: &str, shard: Shard, last: Position) -> Result<FeedEvent, StoreError> {
    let internal::FeedRecord { envelope, data } =
        serde_json::from_str(line).map_err(StoreError::Malformed)?;
    if envelope.coordinate.shard != shard || envelope.coordinate.position != last.next() {
        return Err(StoreError::Senseless("the feed is not contiguous"));
    }
    Ok(FeedEvent {
        envelope,
        data: data.get().as_bytes().to_vec(),
    })
}
