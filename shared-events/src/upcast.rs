//! Older versions of events. This is the one place that knows them: everywhere else there are only the newest, and every
//! decoder asks here first. An event that was published keeps its golden file, and is read for ever.
//!
//! A new version of an event is a step here, from the wire type before it to its own, that turns the one's JSON into the
//! other's; and a golden file of its own beside the old one.

use std::borrow::Cow;

use serde_json::Value;

use crate::DecodeError;

/// From one version of an event to the next.
struct Step {
    from: &'static str,
    to: &'static str,
    lift: fn(Value) -> Value,
}

/// None so far: every event is at its first version.
const STEPS: &[Step] = &[];

/// An event as its newest version has it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lifted<'a> {
    pub event_type: &'a str,
    pub data: Cow<'a, [u8]>,
}

/// The event as its newest version has it: one that is not older is passed on as it is, unread.
///
/// # Errors
/// [`DecodeError::Malformed`] when an older event is no JSON.
pub(crate) fn lifted<'a>(event_type: &'a str, data: &'a [u8]) -> Result<Lifted<'a>, DecodeError> {
    lifted_by(STEPS, event_type, data)
}

fn lifted_by<'a>(
    steps: &[Step],
    event_type: &'a str,
    data: &'a [u8],
) -> Result<Lifted<'a>, DecodeError> {
    let step_from = |event_type: &str| steps.iter().find(|step| step.from == event_type);
    let Some(mut step) = step_from(event_type) else {
        let data = Cow::Borrowed(data);
        return Ok(Lifted { event_type, data });
    };
    let mut value: Value = crate::event::parse(data)?;
    loop {
        value = (step.lift)(value);
        match step_from(step.to) {
            Some(next) => step = next,
            None => break,
        }
    }
    let data = serde_json::to_vec(&value).map_err(DecodeError::Malformed)?;
    Ok(Lifted {
        event_type: step.to,
        data: Cow::Owned(data),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Renames a member, then wraps another.
    const STEPS: &[Step] = &[
        Step {
            from: "tea.poured.v2",
            to: "tea.poured.v3",
            lift: |value| json!({"cups": value["cups"], "leaf": {"name": value["leaf"]}}),
        },
        Step {
            from: "tea.poured.v1",
            to: "tea.poured.v2",
            lift: |value| json!({"cups": value["count"], "leaf": value["leaf"]}),
        },
    ];

    fn lift(event_type: &str, data: &Value) -> (String, Value) {
        let data = data.to_string();
        let lifted = lifted_by(STEPS, event_type, data.as_bytes()).unwrap();
        let value = serde_json::from_slice(&lifted.data).unwrap();
        (lifted.event_type.to_owned(), value)
    }

    #[test]
    fn an_older_event_is_lifted_step_by_step_to_the_newest_version() {
        let newest = (
            "tea.poured.v3".to_owned(),
            json!({"cups": 2, "leaf": {"name": "Assam"}}),
        );
        let first = json!({"count": 2, "leaf": "Assam"});
        assert_eq!(lift("tea.poured.v1", &first), newest);
        let second = json!({"cups": 2, "leaf": "Assam"});
        assert_eq!(lift("tea.poured.v2", &second), newest);
        assert_eq!(lift("tea.poured.v3", &newest.1), newest);
    }

    #[test]
    fn what_is_the_newest_already_is_not_even_read() {
        let lifted = lifted_by(STEPS, "tea.poured.v3", b"no JSON").unwrap();
        assert!(matches!(lifted.data, Cow::Borrowed(b"no JSON")));
        assert!(lifted_by(STEPS, "tea.poured.v1", b"no JSON").is_err());
    }
}
