//! The documents of a service: its OpenAPI description with an offline page, and a page for every problem.

use axum::{
    Router,
    extract::Path,
    http::header,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    catalogue::{self, Catalogue, ProblemCode},
    problem::Problem,
};

pub(crate) fn router(document: OpenApi, catalogue: Catalogue) -> Router {
    Router::new()
        .merge(SwaggerUi::new("/docs").url("/openapi.json", document))
        .route(
            "/problems",
            get(move || async move { page(&list(catalogue)) }),
        )
        .route(
            "/problems/{code}",
            get(move |Path(code): Path<String>| async move {
                match catalogue.find(&code) {
                    Some(known) => page(&explanation(known)),
                    None => Problem::from(catalogue::NOT_FOUND).into_response(),
                }
            }),
        )
}

/// Every problem of an API as a table in Markdown, as it is kept under `docs/api`.
#[must_use]
pub fn problems_table(api: &str, catalogue: Catalogue) -> String {
    let row = |known: &ProblemCode| {
        let ProblemCode {
            code,
            status,
            title,
            remedy,
        } = known;
        format!("| `{code}` | {} | {title} | {remedy} |\n", status.as_u16())
    };
    let rows = catalogue.codes().map(row).collect::<Vec<_>>().concat();
    format!(
        "# Problems of the {api} API\n\n| Code | Status | Meaning | What to do |\n|---|---|---|---|\n{rows}"
    )
}

fn page(main: &str) -> Response {
    const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
        <meta name=\"viewport\" content=\"width=device-width\"><title>Problems</title>\
        <style>body{font:1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}</style>";
    let policy = (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'",
    );
    ([policy], Html(format!("{HEAD}<main>{main}</main></html>"))).into_response()
}

fn explanation(problem: &ProblemCode) -> String {
    let ProblemCode {
        code,
        status,
        title,
        remedy,
    } = problem;
    format!(
        "<h1>{title}</h1><p>Code <code>{code}</code>, status {}.</p><h2>What to do</h2><p>{remedy}</p>\
         <p><a href=\"/problems\">All problems</a></p>",
        status.as_u16()
    )
}

fn list(catalogue: Catalogue) -> String {
    let item = |ProblemCode {
                    code,
                    status,
                    title,
                    ..
                }: &ProblemCode| {
        let status = status.as_u16();
        format!("<li><a href=\"/problems/{code}\"><code>{code}</code></a> ({status}): {title}</li>")
    };
    let items = catalogue.codes().map(item).collect::<Vec<_>>().concat();
    format!("<h1>Problems</h1><ul>{items}</ul>")
}
