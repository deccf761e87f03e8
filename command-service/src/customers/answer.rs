//! What a customer command answers, and the one place that maps its refusals to problems.

use axum::http::StatusCode;
use orderfold_events::{StreamId, Version};
use orderfold_http::{Problem, catalogue};

use super::{
    commands::{Refusal, Standing},
    documents::StandingBody,
    domain::CustomerError,
};
use crate::{
    event_sourcing::{Answer, Retention},
    execution::Decision,
    http::codes,
};

/// How a command is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Registered,
    Changed,
    /// More is to come after it: the key of the personal data is destroyed later.
    Erasing,
}

impl Form {
    fn status(self, dry_run: bool) -> StatusCode {
        match self {
            Self::Registered if !dry_run => StatusCode::CREATED,
            Self::Erasing if !dry_run => StatusCode::ACCEPTED,
            Self::Registered | Self::Changed | Self::Erasing => StatusCode::OK,
        }
    }
}

/// The decision with its answer as it is stored.
pub(super) fn render(
    decision: Decision<Result<Standing, Refusal>>,
    form: Form,
    dry_run: bool,
) -> Decision<Answer> {
    decision.map(|outcome| match outcome {
        Ok(standing) => accepted(standing, form, dry_run),
        Err(refusal) => {
            let (problem, retention) = refused(refusal);
            Answer {
                status: problem.status().as_u16(),
                body: problem.kept().to_string().into_bytes(),
                stream: None,
                version: Version::NONE,
                retention,
            }
        }
    })
}

fn accepted(standing: Standing, form: Form, dry_run: bool) -> Answer {
    let unmade = form == Form::Registered && dry_run;
    let body = StandingBody {
        customer_id: (!unmade).then_some(standing.customer_id.0),
        version: standing.version.0,
        status: standing.status.to_string(),
        dry_run: dry_run.then_some(true),
    };
    Answer {
        status: form.status(dry_run).as_u16(),
        body: serde_json::to_vec(&body).unwrap_or_default(),
        stream: Some(StreamId::Customer(standing.customer_id)),
        version: standing.version,
        retention: Retention::Kept,
    }
}

pub(super) fn refused(refusal: Refusal) -> (Problem, Retention) {
    match refusal {
        Refusal::VersionConflict { current } => {
            let problem = Problem::from(codes::VERSION_CONFLICT);
            (
                problem.fact("current_version", current.0),
                Retention::Discarded,
            )
        }
        Refusal::Customer(error) => match error {
            CustomerError::NotFound => (codes::CUSTOMER_NOT_FOUND.into(), Retention::Discarded),
            // Ids are made here, so that another customer's can only be met by a bug.
            CustomerError::AlreadyRegistered => (catalogue::INTERNAL.into(), Retention::Discarded),
            CustomerError::Erased => (codes::CUSTOMER_ERASED.into(), Retention::Kept),
            CustomerError::AddressNotFound => (codes::ADDRESS_NOT_FOUND.into(), Retention::Kept),
            CustomerError::TooManyAddresses { limit } => {
                let problem = Problem::from(codes::TOO_MANY_ADDRESSES);
                (problem.fact("limit", limit), Retention::Kept)
            }
            CustomerError::TooManyMetadata { limit } => {
                let problem = Problem::from(codes::TOO_MANY_METADATA);
                (problem.fact("limit", limit), Retention::Kept)
            }
        },
    }
}
