//! The load: one process, keep-alive connections, prebuilt bodies, a closed loop for capacity and an open one for
//! latency. It knows HTTP and nothing of orders.

mod closed;
mod connection;
mod open;
#[cfg(test)]
mod tests;

use std::{
    cell::RefCell,
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use futures::future::try_join_all;
use hyper::{HeaderMap, Method, header::HeaderValue};
use orderfold_stack::{Result, StackError};

pub use closed::closed;
pub use connection::Connection;
pub use open::open;

/// Callers at once, each with a connection of its own.
pub const CLIENTS: usize = 64;

/// One request, ready to be sent.
pub struct Shot {
    pub method: Method,
    pub path: String,
    /// Beside those that every request has.
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Shot {
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path, Bytes::new())
    }

    pub fn post(path: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self::new(Method::POST, path, body)
    }

    pub fn put(path: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self::new(Method::PUT, path, body)
    }

    fn new(method: Method, path: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            method,
            path: path.into(),
            headers: HeaderMap::new(),
            body: body.into(),
        }
    }
}

/// Whom to send to, and as whom.
pub struct Api {
    pub address: SocketAddr,
    authorization: HeaderValue,
    host: HeaderValue,
    /// Every command gets a number, and with it an idempotency key that no other has.
    numbers: AtomicU64,
}

impl Api {
    /// # Errors
    /// When the URL or the token cannot be used.
    pub fn new(url: &str, token: &str) -> Result<Self> {
        let authority = url.trim_start_matches("http://");
        let unusable = |error: &dyn ToString| {
            StackError::failed(format!("send load to {url}"), error.to_string())
        };
        Ok(Self {
            address: authority
                .parse()
                .map_err(|error: std::net::AddrParseError| unusable(&error))?,
            authorization: HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|error| unusable(&error))?,
            host: HeaderValue::from_str(authority).map_err(|error| unusable(&error))?,
            numbers: AtomicU64::new(0),
        })
    }

    fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }
}

/// What became of a load.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// Every command that was acknowledged, those after the end of the time included.
    pub accepted: u64,
    /// Those acknowledged within the time.
    pub in_time: u64,
    /// Those that were told to come again, and did.
    pub retried: u64,
    pub refused: u64,
    /// The first refusal, whole.
    pub refusal: Option<String>,
}

impl Tally {
    fn count(&mut self, answer: Answer, in_time: bool) {
        match answer {
            Answer::Accepted { attempts } => {
                self.retried += u64::from(attempts > 1);
                self.accepted += 1;
                self.in_time += u64::from(in_time);
            }
            Answer::Refused(refusal) => {
                self.refused += 1;
                self.refusal.get_or_insert(refusal);
            }
        }
    }

    fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.in_time += other.in_time;
        self.retried += other.retried;
        self.refused += other.refused;
        self.refusal = self.refusal.take().or(other.refusal);
    }

    /// # Errors
    /// When something was refused: then the load was not what it should have been.
    pub fn all_accepted(self) -> Result<Self> {
        match self.refusal {
            None => Ok(self),
            Some(refusal) => Err(StackError::failed(
                "measure",
                format!(
                    "{} of {} commands were refused, the first with {refusal}",
                    self.refused,
                    self.accepted + self.refused
                ),
            )),
        }
    }
}

pub enum Answer {
    Accepted { attempts: u64 },
    Refused(String),
}

/// Sends each of some commands once, by all callers together.
///
/// # Errors
/// When a connection breaks or a command is refused.
pub async fn each(api: &Api, shots: impl Iterator<Item = Shot>) -> Result<()> {
    let shots = RefCell::new(shots);
    let callers = (0..CLIENTS).map(|_| async {
        let mut connection = Connection::open(api).await?;
        let mut tally = Tally::default();
        loop {
            let next = shots.borrow_mut().next();
            let Some(shot) = next else {
                return tally.all_accepted();
            };
            tally.count(connection.send(api, shot).await?, true);
        }
    });
    try_join_all(callers).await?;
    Ok(())
}
