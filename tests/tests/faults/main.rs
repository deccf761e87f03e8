//! Crashes, freezes and restores of real processes, with commands under way. After each the checker proves that nothing
//! that was acknowledged is lost or doubled.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what is not as expected ends the test"
)]

mod crashes;
mod import;
mod primaries;
mod proxy;
mod restore;
mod seeded;
mod world;
