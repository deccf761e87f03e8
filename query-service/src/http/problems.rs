//! The problems that only this service answers.

use axum::http::StatusCode;
use orderfold_http::{Catalogue, Problem, ProblemCode};

use crate::database::DatabaseError;

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

/// Every problem of this service.
pub const CATALOGUE: Catalogue = Catalogue {
    own: &[
        ORDER_NOT_FOUND,
        ORDER_VERSION_NOT_FOUND,
        CURRENCY_REQUIRED,
        EXPORTS_BUSY,
        CUSTOMER_NOT_FOUND,
        NOT_YET_CONSISTENT,
        CONSISTENCY_TOKEN_LOST,
    ],
};

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a read failed");
        Self::unavailable("The read models cannot be read now.")
    }
}
