//! The environment variables this crate reads: what cargo tells the programs it runs, and what
//! `cargo stack test` tells the tests.

use std::{ffi::OsString, path::PathBuf};

pub const TEST_POSTGRES: &str = "ORDERFOLD_TEST_POSTGRES";
pub const TEST_KAFKA: &str = "ORDERFOLD_TEST_KAFKA";
pub const TEST_MONGODB: &str = "ORDERFOLD_TEST_MONGODB";
pub const TEST_BINARIES: &str = "ORDERFOLD_TEST_BINARIES";

#[must_use]
pub fn text(name: &str) -> Option<String> {
    path(name)?.into_string().ok()
}

/// A folder or a list of folders that a variable names.
#[must_use]
pub fn path(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

#[must_use]
pub fn test_binaries() -> Option<PathBuf> {
    text(TEST_BINARIES).map(PathBuf::from)
}

/// The cargo that runs this program, else the one on the path.
#[must_use]
pub fn cargo() -> PathBuf {
    text("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}
