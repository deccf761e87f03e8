//! Many commands in one request: one a line, answered line by line in the same order while more come in. Commands of
//! one customer keep their order; others run side by side.

mod answers;
mod line;
mod lines;
mod request;
mod sequence;

pub(crate) use self::request::{__path_run_commands, run_commands};
