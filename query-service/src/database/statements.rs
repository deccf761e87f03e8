//! The `update` command with many statements. Servers before 8 have no bulk write over collections, and one statement
//! per command is some twenty times slower.

use bson::{Document, RawDocumentBuf};
use serde::Serialize;

use super::{
    Attempt, DatabaseError,
    stored::{StoredId, id_value},
};

/// Most statements in one command.
const STATEMENTS_MAX: usize = 500;
/// Most bytes of statements in one command; the server's own bound is 48 MB.
const BYTES_MAX: usize = 16 << 20;

/// One statement of an `update` command, in its final bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement(RawDocumentBuf);

#[derive(Serialize)]
struct Parts<'a, U> {
    q: &'a Document,
    u: &'a U,
    upsert: bool,
}

impl Statement {
    /// Writes a document whole, whether it was there or not.
    ///
    /// # Errors
    /// [`DatabaseError`] when the document has no BSON form, which would be a bug of its type.
    pub fn replace(id: impl StoredId, document: &impl Serialize) -> Result<Self, DatabaseError> {
        Self::new(&bson::doc! { "_id": id_value(id) }, document, true)
    }

    /// Applies operators to the document that the filter matches; it is made when none does.
    ///
    /// # Errors
    /// [`DatabaseError`] when it has no BSON form.
    pub fn upsert(filter: &Document, operators: &Document) -> Result<Self, DatabaseError> {
        Self::new(filter, operators, true)
    }

    /// Puts the document that the filter matches through stages; it is made when none does.
    ///
    /// # Errors
    /// [`DatabaseError`] when it has no BSON form.
    pub(super) fn pipeline(filter: &Document, stages: &[Document]) -> Result<Self, DatabaseError> {
        Self::new(filter, &stages, true)
    }

    /// Applies operators to the document that the filter matches, if there is one.
    pub(super) fn update(filter: &Document, operators: &Document) -> Result<Self, DatabaseError> {
        Self::new(filter, operators, false)
    }

    fn new(
        filter: &Document,
        update: &impl Serialize,
        upsert: bool,
    ) -> Result<Self, DatabaseError> {
        let parts = Parts {
            q: filter,
            u: update,
            upsert,
        };
        bson::serialize_to_raw_document_buf(&parts)
            .attempt("write a document as BSON")
            .map(Self)
    }

    fn bytes(&self) -> usize {
        self.0.as_bytes().len()
    }
}

#[derive(Serialize)]
struct UpdateCommand<'a> {
    update: &'a str,
    updates: Vec<&'a RawDocumentBuf>,
    ordered: bool,
}

/// The command for one chunk.
pub(super) fn update_command(
    collection: &str,
    statements: &[Statement],
) -> Result<RawDocumentBuf, DatabaseError> {
    let command = UpdateCommand {
        update: collection,
        updates: statements.iter().map(|statement| &statement.0).collect(),
        ordered: true,
    };
    bson::serialize_to_raw_document_buf(&command).attempt("write a command as BSON")
}

/// Cuts statements into what single commands may hold.
pub(super) fn chunks(mut statements: &[Statement]) -> Vec<&[Statement]> {
    let mut chunks = Vec::new();
    while !statements.is_empty() {
        let mut bytes = 0_usize;
        let fitting = statements
            .iter()
            .take(STATEMENTS_MAX)
            .take_while(|statement| {
                bytes = bytes.saturating_add(statement.bytes());
                bytes <= BYTES_MAX
            })
            .count();
        let (chunk, rest) = statements.split_at(fitting.max(1));
        chunks.push(chunk);
        statements = rest;
    }
    chunks
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    fn statement(bytes: usize) -> Statement {
        Statement::upsert(&doc! {}, &doc! { "$set": { "x": "x".repeat(bytes) } }).unwrap()
    }

    #[test]
    fn commands_are_cut_by_count_and_by_bytes_and_lose_nothing() {
        let many = vec![statement(1); 2 * STATEMENTS_MAX + 1];
        let lengths: Vec<_> = chunks(&many).iter().map(|chunk| chunk.len()).collect();
        assert_eq!(lengths, [STATEMENTS_MAX, STATEMENTS_MAX, 1]);

        let large = vec![statement(7 << 20); 5];
        let lengths: Vec<_> = chunks(&large).iter().map(|chunk| chunk.len()).collect();
        assert_eq!(lengths, [2, 2, 1]);

        assert_eq!(
            chunks(&[statement(17 << 20)]).len(),
            1,
            "one that is too large is tried alone"
        );
        assert!(chunks(&[]).is_empty());
    }
}
