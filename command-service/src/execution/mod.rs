//! How any command is carried out: who asks, under which key and version, and the way from a decision through the
//! store to an answer that a retry gets again. It knows no rule and no slice.

mod call;
mod executor;
mod in_flight;
mod keyed;
mod secrets;

use self::in_flight::InFlight;
pub use self::{
    call::{Call, Precondition},
    executor::{Answered, Decision, Executor, Failure, Recorded, Undecided},
    keyed::KeyedRequest,
    secrets::{Secrets, SecretsError},
};
