//! The `update` command with many statements, in the form in which the service sends it.

use mongodb::bson::{Bson, Document, RawDocumentBuf, doc, serialize_to_raw_document_buf as to_raw};
use orderfold_stack::{Result, StackError};
use serde::Serialize;

/// As many as the service puts into one command.
const STATEMENTS_MAX: usize = 500;
/// As many figures as an order's event adds to one sum.
const FIGURES_MAX: usize = 14;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statement {
    q: Document,
    u: Document,
    upsert: bool,
}

#[derive(Serialize)]
struct Command<'a> {
    update: &'a str,
    updates: &'a [Statement],
    ordered: bool,
}

impl Statement {
    /// Writes a document whole.
    pub fn whole(document: &Document) -> Self {
        Self::new(document, document.clone())
    }

    /// Adds to figures of a document.
    pub fn adding(document: &Document) -> Self {
        let mut paths = Vec::new();
        figures("", document, &mut paths);
        let added: Document = paths
            .into_iter()
            .take(FIGURES_MAX)
            .map(|path| (path, Bson::Int64(1)))
            .collect();
        Self::new(document, doc! { "$inc": added })
    }

    fn new(document: &Document, u: Document) -> Self {
        let id = document.get("_id").cloned().unwrap_or(Bson::Null);
        Self {
            q: doc! { "_id": id },
            u,
            upsert: true,
        }
    }
}

/// Where a document has figures that events add to.
fn figures(path: &str, document: &Document, paths: &mut Vec<String>) {
    for (name, value) in document {
        if path.is_empty() && (name == "_id" || name == "positions") {
            continue;
        }
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        match value {
            Bson::Int64(_) => paths.push(path),
            Bson::Document(members) => figures(&path, members, paths),
            _ => {}
        }
    }
}

/// # Errors
/// When a document has no BSON form.
pub fn update_commands(collection: &str, statements: &[Statement]) -> Result<Vec<RawDocumentBuf>> {
    let commands = statements.chunks(STATEMENTS_MAX).map(|updates| {
        to_raw(&Command {
            update: collection,
            updates,
            ordered: true,
        })
    });
    commands
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| StackError::failed("write commands", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_added_where_they_are_and_what_is_no_figure_stays() {
        let sum = doc! {
            "_id": { "day": 7_i64 }, "name": "Bookcase", "positions": { "3": 9_i64 },
            "slots": { "04": { "orders": 2_i64, "totals": { "units": 5_i64 } } },
        };
        let statement = Statement::adding(&sum);
        let added = doc! { "slots.04.orders": 1_i64, "slots.04.totals.units": 1_i64 };
        assert_eq!(statement.u, doc! { "$inc": added });
        assert_eq!(statement.q, doc! { "_id": { "day": 7_i64 } });
    }

    #[test]
    fn a_command_holds_so_many_statements_and_the_last_one_the_rest() {
        let statements = vec![Statement::whole(&doc! { "_id": 1 }); STATEMENTS_MAX + 1];
        let commands = update_commands("order_list", &statements).unwrap();
        let sizes = commands.iter().map(|command| {
            let command: Document = command.try_into().unwrap();
            command.get_array("updates").unwrap().len()
        });
        assert_eq!(sizes.collect::<Vec<_>>(), [STATEMENTS_MAX, 1]);
    }
}
