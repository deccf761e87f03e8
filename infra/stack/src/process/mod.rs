//! Processes of the system: starting one in a group of its own, recognising it later by number
//! and start time, signalling it with all its descendants. Knows nothing of what they do.

mod ending;
mod identity;
mod launch;
mod record;
mod unit;
mod watchdog;

pub use ending::{kill, stop};
pub use identity::{Identity, all_in_folder, signal_all, with_descendants};
pub use launch::Launch;
pub use record::{Record, Records};
pub use rustix::process::Signal;
pub use unit::{Address, Program, State, Unit};
pub use watchdog::Watchdog;
