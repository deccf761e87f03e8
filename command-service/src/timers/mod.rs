//! Timers: what is done about an order when nothing else happens to it for a while. An append arms and disarms them as
//! its events say; a worker issues the command of those that are due.

mod arming;
mod worker;

pub use self::{
    arming::{Delays, TimerKind},
    worker::TimerWorker,
};
