//! What the OpenAPI document says of every read: its common parameters, its problems and the document's own head.

use std::collections::BTreeMap;

use utoipa::{
    IntoParams, IntoResponses, ToSchema,
    openapi::{
        ArrayBuilder, ComponentsBuilder, ContentBuilder, Info, ObjectBuilder, OpenApi,
        OpenApiBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
        SecurityRequirement,
        path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle},
        schema::Type,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

const BEARER: &str = "bearer";
const PROBLEM: &str = "Problem";

/// A problem document (RFC 9457). Codes are explained under `/problems`.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "the shape of what orderfold-http writes, for the document alone"
)]
struct Problem {
    r#type: String,
    title: String,
    status: u16,
    code: String,
    detail: String,
    instance: String,
    request_id: String,
    trace_id: String,
    errors: Option<Vec<FieldAtFault>>,
}

/// One field, parameter or header at fault.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "the shape of what orderfold-http writes, for the document alone"
)]
struct FieldAtFault {
    /// JSON pointer: `/query/<name>` for a parameter, `/headers/<name>` for a header.
    pointer: String,
    code: String,
    detail: String,
}

/// Which build.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of a body, for the document alone")]
pub struct BuildChoice {
    /// Its number.
    build: u32,
}

/// Where to retry.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of a body, for the document alone")]
pub struct RepairBody {
    /// Only in this read model.
    projection: Option<String>,
}

/// What to skip, and why.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of a body, for the document alone")]
pub struct SkipBody {
    /// 1 to 2000 characters.
    reason: String,
    /// Only in this read model.
    projection: Option<String>,
}

/// The document that the operations are added to.
#[must_use]
pub fn document() -> OpenApi {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("Signed by the issuer (EdDSA), `aud` = `orderfold`."))
        .build();
    let mut schemas: Vec<(String, RefOr<Schema>)> = Vec::new();
    <Problem as ToSchema>::schemas(&mut schemas);
    schemas.push((
        PROBLEM.to_owned(),
        <Problem as utoipa::PartialSchema>::schema(),
    ));
    let components = ComponentsBuilder::new()
        .security_scheme(BEARER, SecurityScheme::Http(bearer))
        .schemas_from_iter(schemas)
        .build();
    let mut info = Info::new("Orderfold queries", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "Orders, customers and reports, read from views that follow the command service. Amounts are integers in the \
         minor unit of the currency. Every answer says how fresh it is: `Read-Model-As-Of` is the moment up to which \
         everything recorded is shown, `Read-Model-Lag` counts what is not, `Read-Model-Parked` the orders and \
         customers of which something is missing, and to a request with a `Consistency-Token` \
         `Read-Model-Consistent` says whether it is reached."
            .to_owned(),
    );
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new::<_, [&str; 0], &str>(
            BEARER,
            [],
        )]))
        .build()
}

/// The headers that every read takes.
pub struct ReadHeaders;

impl IntoParams for ReadHeaders {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        [
            (
                "Consistency-Token",
                "What a command answered, or several joined by commas: the answer shows at least that, if waiting \
                 for it was long enough.",
            ),
            (
                "Prefer",
                "`wait=3`: how many seconds to wait for the token, 10 at most. `handling=strict`: rather 503 than an \
                 answer that does not show it.",
            ),
        ]
        .map(|(name, description)| {
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(description))
                .schema(Some(text()))
                .build()
        })
        .into()
    }
}

/// The header that reads of one resource take.
pub struct IfNoneMatchHeader;

impl IntoParams for IfNoneMatchHeader {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = ParameterBuilder::new()
            .name("If-None-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some("An `ETag` that is known: 304 while it still holds."))
            .schema(Some(text()));
        vec![parameter.build()]
    }
}

/// The parameters of every list.
pub struct PageParameters;

impl IntoParams for PageParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let limit = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(200))
            .default(Some(50.into()));
        vec![
            one("limit", "Rows of a page.", limit.build()),
            one(
                "cursor",
                "The `next_cursor` of the page before; sort and filters must be the same.",
                text(),
            ),
        ]
    }
}

/// A parameter of the query string with one value.
#[must_use]
pub fn one(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

/// A parameter that must be given.
#[must_use]
pub fn needed(name: &str, description: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    let mut parameter = one(name, description, schema);
    parameter.required = Required::True;
    parameter
}

/// A parameter with several values, joined by commas.
#[must_use]
pub fn several(name: &str, description: &str, item: impl Into<RefOr<Schema>>) -> Parameter {
    let items = ArrayBuilder::new().items(item.into()).build();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .style(Some(ParameterStyle::Form))
        .explode(Some(false))
        .schema(Some(Schema::from(items)))
        .build()
}

/// Any text.
#[must_use]
pub fn text() -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .build()
        .into()
}

/// What every read may answer instead.
pub struct ReadProblems;

impl IntoResponses for ReadProblems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        [
            ("401", "No valid token"),
            ("403", "The token lacks the scope"),
            ("409", "The Consistency-Token stands for what is no more"),
            ("422", "A parameter or header is not valid"),
            ("503", "Not now; or the Consistency-Token was not reached and `handling=strict` was preferred"),
        ]
        .map(|(status, description)| (status.to_owned(), problem(description)))
        .into()
    }
}

/// What reads of one resource may answer beside.
pub struct NotFound;

impl IntoResponses for NotFound {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let problem = problem("There is none, or it is not the caller's");
        [("404".to_owned(), problem)].into()
    }
}

fn problem(description: &str) -> RefOr<Response> {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(PROBLEM)));
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content.build())
        .build()
        .into()
}
