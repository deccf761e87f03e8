//! Who asks, and under which conditions: what every command has beside its body.

use std::time::Duration;

use orderfold_events::{Actor, Timestamp, Version};
use orderfold_http::{Principal, RequestContext};
use tokio::time::Instant;

/// How long a command may take before its caller is told to try again.
const DEADLINE: Duration = Duration::from_secs(10);

/// The version that the caller saw (`If-Match`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precondition {
    /// None was sent, or `*` by somebody who only wants it to exist.
    #[default]
    Any,
    Version(Version),
}

impl Precondition {
    #[must_use]
    pub fn holds(self, current: Version) -> bool {
        match self {
            Self::Any => true,
            Self::Version(seen) => seen == current,
        }
    }
}

/// One call of a command, by a request or by a line of one.
#[derive(Debug, Clone)]
pub struct Call {
    pub principal: Principal,
    pub actor: Actor,
    pub context: RequestContext,
    pub idempotency_key: Option<String>,
    pub precondition: Precondition,
    pub dry_run: bool,
    /// Its key has likely been answered before: it is looked up first, instead of when the append meets it.
    pub likely_repeated: bool,
    pub now: Timestamp,
    pub deadline: Instant,
}

impl Call {
    #[must_use]
    pub fn deadline() -> Instant {
        Instant::now() + DEADLINE
    }
}
