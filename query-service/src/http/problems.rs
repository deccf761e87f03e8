//! The problems that only this service answers.

use axum::http::StatusCode;
use orderfold_http::{Catalogue, Problem, ProblemCode};

use crate::{database::DatabaseError, keys::KeysError};

pub const ORDER_NOT_FOUND: ProblemCode = ProblemCode::new(
    "order_not_found",
    StatusCode::NOT_FOUND,
    "There is no such order",
    "Check the id or number. An order that was just placed shows after a moment: send its Consistency-Token with \
     `Prefer: wait=3`.",
);
pub const ORDER_VERSION_NOT_FOUND: ProblemCode = ProblemCode::new(
    "order_version_not_found",
    StatusCode::NOT_FOUND,
    "The order was not there then",
    "Ask for a version or a time that its timeline shows. A version that was just recorded shows after a moment: send \
     its Consistency-Token with `Prefer: wait=3`.",
);
pub const CURRENCY_REQUIRED: ProblemCode = ProblemCode::new(
    "currency_required",
    StatusCode::UNPROCESSABLE_ENTITY,
    "Amounts of several currencies cannot be compared",
    "Name one `currency` beside `total_min`, `total_max` and `sort=total_sales`.",
);
pub const EXPORTS_BUSY: ProblemCode = ProblemCode::new(
    "exports_busy",
    StatusCode::SERVICE_UNAVAILABLE,
    "Too many exports are running",
    "Try again after as many seconds as `Retry-After` says, or narrow the filter and read the list.",
);
pub const CUSTOMER_NOT_FOUND: ProblemCode = ProblemCode::new(
    "customer_not_found",
    StatusCode::NOT_FOUND,
    "There is no such customer",
    "Check the id. A customer that was just registered shows after a moment: send its Consistency-Token with \
     `Prefer: wait=3`.",
);
pub const ERASURE_NOT_FOUND: ProblemCode = ProblemCode::new(
    "erasure_not_found",
    StatusCode::NOT_FOUND,
    "There is no such customer, or it was not erased",
    "Check the id. An erasure that was just asked for shows after a moment: send its Consistency-Token with \
     `Prefer: wait=3`.",
);
pub const NOT_YET_CONSISTENT: ProblemCode = ProblemCode::new(
    "not_yet_consistent",
    StatusCode::SERVICE_UNAVAILABLE,
    "The read model has not reached the Consistency-Token yet",
    "Try again after as many seconds as `Retry-After` says, wait longer (`Prefer: wait=10`), or leave \
     `handling=strict` out to take what there is.",
);
pub const CONSISTENCY_TOKEN_LOST: ProblemCode = ProblemCode::new(
    "consistency_token_lost",
    StatusCode::CONFLICT,
    "What the Consistency-Token stands for is no more",
    "The store was restored from a backup that did not hold it. Read without the token, and check whether what it \
     was given for has to be done again.",
);

pub const PROJECTION_NOT_FOUND: ProblemCode = ProblemCode::new(
    "projection_not_found",
    StatusCode::NOT_FOUND,
    "There is no such read model",
    "Use one of the names that `GET /v1/projections` lists.",
);
pub const STREAM_NOT_PARKED: ProblemCode = ProblemCode::new(
    "stream_not_parked",
    StatusCode::NOT_FOUND,
    "The stream is not parked",
    "`GET /v1/parked` lists what is. Perhaps it was healed meanwhile.",
);
pub const REBUILD_IN_PROGRESS: ProblemCode = ProblemCode::new(
    "rebuild_in_progress",
    StatusCode::CONFLICT,
    "A rebuild is going on",
    "Wait for its end, which `GET /v1/projections` estimates, or retire the build that is being filled.",
);
pub const BUILD_NOT_FOUND: ProblemCode = ProblemCode::new(
    "build_not_found",
    StatusCode::CONFLICT,
    "There is no such build",
    "`GET /v1/projections` lists the builds of each read model. A retired one is gone: rebuild instead.",
);
pub const BUILD_NOT_READY: ProblemCode = ProblemCode::new(
    "build_not_ready",
    StatusCode::CONFLICT,
    "The build cannot answer",
    "One that is being filled answers by itself when it is ready. One that was found wrong, or is retired, never will:      rebuild instead.",
);
pub const BUILD_ACTIVE: ProblemCode = ProblemCode::new(
    "build_active",
    StatusCode::CONFLICT,
    "The build answers at the moment",
    "Let another one answer first.",
);
pub const TOO_MANY_LISTENERS: ProblemCode = ProblemCode::new(
    "too_many_listeners",
    StatusCode::SERVICE_UNAVAILABLE,
    "Too many listen to the live feed already",
    "Come back after as many seconds as `Retry-After` says, or ask another replica.",
);

/// Every problem of this service.
pub const CATALOGUE: Catalogue = Catalogue {
    own: &[
        ORDER_NOT_FOUND,
        ORDER_VERSION_NOT_FOUND,
        CURRENCY_REQUIRED,
        EXPORTS_BUSY,
        CUSTOMER_NOT_FOUND,
        ERASURE_NOT_FOUND,
        NOT_YET_CONSISTENT,
        CONSISTENCY_TOKEN_LOST,
        PROJECTION_NOT_FOUND,
        STREAM_NOT_PARKED,
        REBUILD_IN_PROGRESS,
        BUILD_NOT_FOUND,
        BUILD_NOT_READY,
        BUILD_ACTIVE,
        TOO_MANY_LISTENERS,
    ],
};

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a read failed");
        Self::unavailable("The read models cannot be read now.")
    }
}

impl From<KeysError> for Problem {
    fn from(error: KeysError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a read failed");
        Self::unavailable("The read models cannot be read now.")
    }
}
