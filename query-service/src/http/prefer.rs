//! The `Prefer` header (RFC 7240), as far as reads know it: how long to wait for a Consistency-Token, and what to do
//! when that was not enough. What it cannot read it ignores, as the standard asks.

use std::time::Duration;

use axum::http::HeaderMap;

/// Nobody waits longer than this, whatever is preferred.
pub const WAIT_SECONDS_MAX: u64 = 10;

/// What a reader prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Preferences {
    /// How long to wait; already no longer than [`WAIT_SECONDS_MAX`].
    pub wait: Option<Duration>,
    /// Rather no answer than one that is older than the token.
    pub strict: bool,
}

impl Preferences {
    /// Reads all `Prefer` headers; of a preference given twice the first counts.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Self {
        let mut wait = None;
        let mut handling = None;
        let values = headers.get_all("prefer").iter();
        let preferences = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        for preference in preferences {
            // Parameters of a preference follow a semicolon; none of ours has any.
            let preference = preference.split(';').next().unwrap_or_default();
            let Some((name, value)) = preference.split_once('=') else {
                continue;
            };
            let value = value.trim().trim_matches('"');
            if name.trim().eq_ignore_ascii_case("wait") {
                wait = wait.or_else(|| seconds(value));
            } else if name.trim().eq_ignore_ascii_case("handling") {
                handling = handling.or_else(|| Some(value.eq_ignore_ascii_case("strict")));
            }
        }
        Self {
            wait,
            strict: handling.unwrap_or(false),
        }
    }

    /// The value of `Preference-Applied`; `None` where nothing was preferred.
    #[must_use]
    pub fn applied(&self) -> Option<String> {
        let wait = self.wait.map(|wait| format!("wait={}", wait.as_secs()));
        let strict = self.strict.then(|| "handling=strict".to_owned());
        let applied: Vec<_> = wait.into_iter().chain(strict).collect();
        (!applied.is_empty()).then(|| applied.join(", "))
    }
}

fn seconds(text: &str) -> Option<Duration> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More digits than fit mean longer than the longest wait.
    let seconds = text.parse().unwrap_or(WAIT_SECONDS_MAX);
    Some(Duration::from_secs(seconds.min(WAIT_SECONDS_MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Preferences {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("prefer", value.parse().unwrap());
        }
        Preferences::read(&headers)
    }

    fn wait(seconds: u64, strict: bool) -> Preferences {
        Preferences {
            wait: Some(Duration::from_secs(seconds)),
            strict,
        }
    }

    #[test]
    fn preferences_come_joined_or_repeated_and_in_any_case() {
        assert_eq!(read(&["wait=3, handling=strict"]), wait(3, true));
        assert_eq!(read(&["Wait = 3", "HANDLING=\"strict\""]), wait(3, true));
        assert_eq!(read(&["respond-async, wait=3; foo=bar"]), wait(3, false));
        assert_eq!(read(&["handling=lenient, wait=1, wait=5"]), wait(1, false));
    }

    #[test]
    fn a_wait_is_never_longer_than_the_longest() {
        assert_eq!(read(&["wait=600"]), wait(WAIT_SECONDS_MAX, false));
        assert_eq!(
            read(&["wait=99999999999999999999999"]),
            wait(WAIT_SECONDS_MAX, false)
        );
    }

    #[test]
    fn what_cannot_be_read_is_ignored() {
        for rubbish in [
            "",
            "wait",
            "wait=",
            "wait=-1",
            "wait=1.5",
            "wait=soon",
            ",,;=",
        ] {
            assert_eq!(read(&[rubbish]), Preferences::default(), "{rubbish}");
        }
    }

    #[test]
    fn what_is_applied_is_said() {
        assert_eq!(
            read(&["wait=99,handling=strict"]).applied().as_deref(),
            Some("wait=10, handling=strict")
        );
        assert_eq!(Preferences::default().applied(), None);
    }
}
