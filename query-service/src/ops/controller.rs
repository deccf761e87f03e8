//! Operations over HTTP: the only place that knows their paths, bodies and statuses.

use axum::{
    extract::{OriginalUri, Path, Request, State},
    http::StatusCode,
    response::Response,
};
use orderfold_events::StreamId;
use orderfold_http::{
    Fields, Principal, Problem, api, catalogue, fields, json, parameters::Parameters,
};
use serde_json::{Map, Value};

use super::{
    body::{Everything, ParkedBody, ParkedList, ProjectionBody, SkippedBody},
    operations::{BuildChange, OperationError, Repair},
};
use crate::{
    database::{
        Build,
        builds::{BuildRefusal, Registration},
        parked::RepairAction,
    },
    http::{
        answers,
        described::{BuildChoice, NotFound, ReadProblems, RepairBody, SkipBody},
        parameters::{self, word},
        problems,
        router::Api,
    },
    projections::ReadModel,
};

const BODY_BYTES_MAX: usize = 16 * 1024;
const REASON_CHARS_MAX: usize = 2_000;

/// How far every read model is
///
/// Each with its builds: the one that answers, one that is being filled, and one that stands by.
#[utoipa::path(
    get,
    path = "/v1/projections",
    operation_id = "list_projections",
    tag = "operations",
    responses(
        (status = 200, description = "Every read model", body = Everything<ProjectionBody>),
        ReadProblems,
    ),
    security(("bearer" = ["ops:read"])),
)]
pub(crate) async fn list_projections(
    State(api): State<Api>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    parameters::none(uri.query())?;
    let registrations = api.operations.registrations().await?;
    let parked = api.operations.parked(None).await?;
    let progress = api.operations.progress();
    let data = registrations
        .iter()
        .map(|registration| ProjectionBody::new(registration, progress, &parked))
        .collect();
    answers::operation(StatusCode::OK, &Everything { data })
}

/// Fill a read model anew
///
/// Beside the one that answers. When the new build has caught up it is compared with what the events say, and answers
/// from then on.
#[utoipa::path(
    post,
    path = "/v1/projections/{name}/rebuild",
    operation_id = "rebuild_projection",
    tag = "operations",
    params(("name" = String, Path, description = "Such as `order_list`")),
    responses((status = 202, description = "Begun", body = ProjectionBody), NotFound, ReadProblems),
    security(("bearer" = ["ops:write"])),
)]
pub(crate) async fn rebuild_projection(
    State(api): State<Api>,
    principal: Principal,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let read_model = read_model(&name)?;
    body(request, |_| Some(())).await?;
    change(&api, &principal, read_model, BuildChange::Rebuild).await
}

/// Let another build answer
#[utoipa::path(
    post,
    path = "/v1/projections/{name}/activate",
    operation_id = "activate_build",
    tag = "operations",
    params(("name" = String, Path, description = "Such as `order_list`")),
    request_body = BuildChoice,
    responses((status = 202, description = "Done; replicas go over within a second", body = ProjectionBody), NotFound, ReadProblems),
    security(("bearer" = ["ops:write"])),
)]
pub(crate) async fn activate_build(
    State(api): State<Api>,
    principal: Principal,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let read_model = read_model(&name)?;
    let build = body(request, build).await?;
    change(&api, &principal, read_model, BuildChange::Activate(build)).await
}

/// Drop a build that does not answer
#[utoipa::path(
    post,
    path = "/v1/projections/{name}/retire",
    operation_id = "retire_build",
    tag = "operations",
    params(("name" = String, Path, description = "Such as `order_list`")),
    request_body = BuildChoice,
    responses((status = 202, description = "It is dropped in a moment", body = ProjectionBody), NotFound, ReadProblems),
    security(("bearer" = ["ops:write"])),
)]
pub(crate) async fn retire_build(
    State(api): State<Api>,
    principal: Principal,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let read_model = read_model(&name)?;
    let build = body(request, build).await?;
    change(&api, &principal, read_model, BuildChange::Retire(build)).await
}

/// What is parked, and what was skipped
#[utoipa::path(
    get,
    path = "/v1/parked",
    operation_id = "list_parked",
    tag = "operations",
    params(("projection" = Option<String>, Query, description = "Only of one read model")),
    responses((status = 200, description = "Everything of which something is missing", body = ParkedList), ReadProblems),
    security(("bearer" = ["ops:read"])),
)]
pub(crate) async fn list_parked(
    State(api): State<Api>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, Problem> {
    let mut parameters = Parameters::read(uri.query());
    let projection = word(&mut parameters, "projection", ReadModel::ALL);
    let projection = parameters.finish(projection)?;
    let parked = api.operations.parked(projection).await?;
    let skipped = api.operations.skipped().await?;
    let skipped = skipped
        .into_iter()
        .filter(|event| projection.is_none_or(|only| event.projection == only));
    let list = ParkedList {
        data: parked.into_iter().map(ParkedBody::from).collect(),
        skipped: skipped.map(SkippedBody::from).collect(),
    };
    answers::operation(StatusCode::OK, &list)
}

/// Fold a parked stream again
///
/// Everywhere it is parked, or in one read model.
#[utoipa::path(
    post,
    path = "/v1/parked/{stream}/retry",
    operation_id = "retry_parked",
    tag = "operations",
    params(("stream" = String, Path, description = "Such as `order-0199…`")),
    request_body = Option<RepairBody>,
    responses((status = 202, description = "Asked for", body = Everything<ParkedBody>), NotFound, ReadProblems),
    security(("bearer" = ["ops:write"])),
)]
pub(crate) async fn retry_parked(
    State(api): State<Api>,
    principal: Principal,
    Path(stream): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let stream = stream_id(&stream)?;
    let read = |fields: &mut Fields<'_, '_>| {
        Some(Repair {
            action: RepairAction::Retry,
            reason: None,
            projection: fields.optional("projection", |node| node.word(ReadModel::ALL))?,
        })
    };
    let repair = body(request, read).await?;
    ask_for(&api, &principal, stream, repair).await
}

/// Leave the first event of a parked stream out
///
/// What it changed stays missing, and is said to be, until the read model is rebuilt.
#[utoipa::path(
    post,
    path = "/v1/parked/{stream}/skip",
    operation_id = "skip_parked",
    tag = "operations",
    params(("stream" = String, Path, description = "Such as `order-0199…`")),
    request_body = SkipBody,
    responses((status = 202, description = "Asked for", body = Everything<ParkedBody>), NotFound, ReadProblems),
    security(("bearer" = ["ops:write"])),
)]
pub(crate) async fn skip_parked(
    State(api): State<Api>,
    principal: Principal,
    Path(stream): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let stream = stream_id(&stream)?;
    let read = |fields: &mut Fields<'_, '_>| {
        let reason = fields.required("reason", |node| node.text(1..=REASON_CHARS_MAX));
        let projection = fields.optional("projection", |node| node.word(ReadModel::ALL));
        Some(Repair {
            action: RepairAction::Skip,
            reason: Some(reason?),
            projection: projection?,
        })
    };
    let repair = body(request, read).await?;
    ask_for(&api, &principal, stream, repair).await
}

async fn change(
    api: &Api,
    principal: &Principal,
    read_model: ReadModel,
    change: BuildChange,
) -> Result<Response, Problem> {
    let by = api.actors.name(principal);
    let after = api.operations.change(read_model, change, &by).await?;
    accepted(api, &after)
}

fn accepted(api: &Api, registration: &Registration) -> Result<Response, Problem> {
    let body = ProjectionBody::new(registration, api.operations.progress(), &[]);
    answers::operation(StatusCode::ACCEPTED, &body)
}

async fn ask_for(
    api: &Api,
    principal: &Principal,
    stream: StreamId,
    repair: Repair,
) -> Result<Response, Problem> {
    let by = api.actors.name(principal);
    let asked = api.operations.repair(stream, &repair, &by).await?;
    let data = asked.into_iter().map(ParkedBody::from).collect();
    answers::operation(StatusCode::ACCEPTED, &Everything { data })
}

fn read_model(name: &str) -> Result<ReadModel, Problem> {
    name.parse()
        .map_err(|_unknown| problems::PROJECTION_NOT_FOUND.into())
}

fn stream_id(text: &str) -> Result<StreamId, Problem> {
    text.parse()
        .map_err(|_no_stream| problems::STREAM_NOT_PARKED.into())
}

fn build(fields: &mut Fields<'_, '_>) -> Option<Build> {
    let number = fields.required("build", |node| node.integer(1..=i64::from(u32::MAX)))?;
    u32::try_from(number).ok().map(Build)
}

/// A small JSON object; none at all counts as an empty one.
async fn body<T>(
    request: Request,
    read: impl FnOnce(&mut Fields<'_, '_>) -> Option<T>,
) -> Result<T, Problem> {
    let headers = request.headers().clone();
    let bytes = api::read_body(request, BODY_BYTES_MAX).await?;
    let value = if bytes.is_empty() {
        Value::Object(Map::new())
    } else {
        api::require_media_type(&headers, &["application/json"])?;
        json::parse(&bytes)?
    };
    fields::read_object(&value, read)
}

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::Database(error) => error.into(),
            OperationError::Refused(refusal) => refusal.into(),
            OperationError::NotParked => problems::STREAM_NOT_PARKED.into(),
            OperationError::NotSetUp | OperationError::Contended => {
                Self::from(catalogue::UNAVAILABLE)
                    .detail(error.to_string())
                    .retry_after_seconds(1)
            }
        }
    }
}

impl From<BuildRefusal> for Problem {
    fn from(refusal: BuildRefusal) -> Self {
        let code = match refusal {
            BuildRefusal::InProgress => problems::REBUILD_IN_PROGRESS,
            BuildRefusal::Unknown => problems::BUILD_NOT_FOUND,
            BuildRefusal::NotReady => problems::BUILD_NOT_READY,
            BuildRefusal::Active => problems::BUILD_ACTIVE,
        };
        code.into()
    }
}
