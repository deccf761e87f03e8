//! Free ports on the loopback address. Drawn at random below the range that systems hand out to
//! outgoing connections, so that neither a connection nor another stack that starts at the same
//! time takes one between its choice and its use.

use std::net::{Ipv4Addr, TcpListener};

use crate::{
    clock,
    error::{Result, StackError},
};

const LOWEST: u16 = 15_000;
const COUNT: u16 = 17_000;
const ATTEMPTS_MAX: usize = 200;

#[must_use]
pub fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// # Errors
/// When no free port turns up.
pub fn free(taken: &[u16]) -> Result<u16> {
    for _ in 0..ATTEMPTS_MAX {
        let port = LOWEST + u16::from_be_bytes(clock::random_bytes()?) % COUNT;
        if !taken.contains(&port) && is_free(port) {
            return Ok(port);
        }
    }
    Err(StackError::failed(
        "find a free port on 127.0.0.1",
        format!("{ATTEMPTS_MAX} tries were all in use"),
    ))
}
