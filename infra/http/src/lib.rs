//! What both services do alike over HTTP: problem documents, strict readers for bodies and parameters, who calls,
//! how much is let in, the accept loop, the admin port, and logs. It knows no business and no store.

pub mod admin;
pub mod admission;
pub mod api;
pub mod auth;
pub mod catalogue;
pub mod clock;
pub mod context;
pub mod documents;
mod durations;
pub mod fields;
pub mod json;
pub mod parameters;
pub mod problem;
pub mod server;
pub mod telemetry;
mod verified;

pub use self::{
    auth::{Principal, PrincipalKind, TokenKey},
    catalogue::{Catalogue, ProblemCode},
    context::RequestContext,
    fields::{Errors, FieldError, Fields, Node},
    problem::Problem,
};
