//! What each ring must not know, read from the sources: the domain and the folds no input or output, a handler no HTTP
//! and no SQL, a controller no SQL, and nobody but `database/` a table or a collection.

#![expect(
    clippy::expect_used,
    reason = "sources that cannot be read end the test"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Fails with the lines of code of a service's files that `ring` picks which name a word of `forbidden`.
fn assert_ignorant(service: &str, ring: impl Fn(&str) -> bool, forbidden: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(service)
        .join("src");
    let mut found = Vec::new();
    let mut looked_at = 0;
    for path in sources(&root) {
        let name = path
            .strip_prefix(&root)
            .expect("below the root")
            .to_string_lossy()
            .into_owned();
        if !ring(&name) || name.contains("/tests/") {
            continue;
        }
        looked_at += 1;
        let text = fs::read_to_string(&path).expect("a source");
        for line in text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            let words = forbidden.iter().filter(|word| line.contains(**word));
            found.extend(
                words.map(|word| format!("{service}/{name} names {word}: {}", line.trim())),
            );
        }
    }
    assert!(
        looked_at > 0,
        "no file of {service} is in this ring: the rule looks at nothing"
    );
    assert_eq!(found, Vec::<String>::new());
}

const IO: &[&str] = &[
    "axum", "sqlx", "mongodb", "rdkafka", "reqwest", "tokio", "async ", "tracing", "clock",
    "Utc::now", "now_v7",
];
const HTTP_AND_STORES: &[&str] = &[
    "axum",
    "StatusCode",
    "Problem",
    "sqlx",
    "mongodb",
    "bson",
    "crate::database",
    "crate::http",
];

#[test]
fn the_domain_is_pure() {
    let domain = |name: &str| name.contains("/domain/") || name.ends_with("/domain.rs");
    assert_ignorant("command-service", domain, IO);
}

#[test]
fn a_fold_is_pure() {
    assert_ignorant("query-service", |name| name.starts_with("projections/"), IO);
}

#[test]
fn a_command_handler_knows_neither_http_nor_sql() {
    assert_ignorant(
        "command-service",
        |name| name.ends_with("/commands.rs"),
        HTTP_AND_STORES,
    );
}

#[test]
fn a_query_handler_knows_neither_http_nor_the_driver() {
    let forbidden = ["axum", "StatusCode", "Problem", "mongodb", "bson"];
    assert_ignorant(
        "query-service",
        |name| name.ends_with("/queries.rs"),
        &forbidden,
    );
}

#[test]
fn a_controller_knows_no_sql() {
    let controller = |name: &str| {
        name.ends_with("/controller.rs") || name.starts_with("bulk/") || name.starts_with("http/")
    };
    assert_ignorant("command-service", controller, &["sqlx", "crate::database"]);
}

#[test]
fn only_the_database_folder_speaks_to_the_database() {
    let outside = |name: &str| !name.starts_with("database/");
    assert_ignorant(
        "command-service",
        outside,
        &["sqlx::query", "select ", "insert into"],
    );
    assert_ignorant("query-service", outside, &["mongodb::", "use mongodb"]);
}
