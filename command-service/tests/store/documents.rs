//! What the service says of itself.

use std::{fs, path::Path};

use command_service::{app, http::codes::CATALOGUE};
use orderfold_http::documents::problems_table;

/// Both are kept under `docs/api`, so that a change of the contract shows as one.
#[test]
fn the_published_documents_are_what_the_service_says() {
    let document = app::operations().into_document();
    let description = document.to_pretty_json().unwrap() + "\n";
    for (name, said) in [
        ("command-openapi.json", description),
        ("command-problems.md", problems_table("command", CATALOGUE)),
    ] {
        let published = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../docs/api")
            .join(name);
        if fs::read_to_string(&published).unwrap_or_default() != said {
            let actual = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
            fs::write(&actual, said).unwrap();
            panic!(
                "docs/api/{name} is not up to date: copy {} there",
                actual.display()
            );
        }
    }
}
