//! Searches everything that a system stores for texts that must not be there: files as they lie on the disk, and,
//! because some of those are compressed, also what the servers say they hold.

use std::{fmt::Write, fs, io, path::Path};

use orderfold_stack::Stack;
use sqlx::{PgPool, Row};

use crate::log;

/// A place that was searched, and all that is in it.
pub struct Place {
    pub name: String,
    pub bytes: Vec<u8>,
}

impl Place {
    /// Whether a text is in it, in the clear or as PostgreSQL prints bytes.
    #[must_use]
    pub fn holds(&self, text: &str) -> bool {
        let digits = text.bytes().fold(String::new(), |mut digits, byte| {
            write!(digits, "{byte:02x}").expect("a text takes all");
            digits
        });
        [text.as_bytes(), digits.as_bytes()]
            .iter()
            .any(|needle| contains(&self.bytes, needle))
    }
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let Some((&first, rest)) = needle.split_first() else {
        return true;
    };
    let mut left = bytes;
    while let Some(at) = left.iter().position(|byte| *byte == first) {
        left = &left[at + 1..];
        if left.starts_with(rest) {
            return true;
        }
    }
    false
}

/// Every file below a folder. A server may remove one meanwhile.
///
/// # Panics
/// When a file cannot be read.
#[must_use]
pub fn files(name: &str, folder: &Path) -> Vec<Place> {
    let mut places = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            match fs::read(&path) {
                Ok(bytes) => places.push(Place {
                    name: format!("{name} {}", path.display()),
                    bytes,
                }),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}"),
            }
        }
    }
    places
}

/// Every row of every table, as a backup of the event store's database would have them.
///
/// # Panics
/// When the database cannot be read.
pub async fn backup(pool: &PgPool) -> Place {
    let tables = sqlx::query(
        "select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables
          where schemaname not in ('pg_catalog', 'information_schema')",
    )
    .fetch_all(pool)
    .await
    .expect("the tables");
    let mut bytes = Vec::new();
    for table in tables {
        let name: String = table.get("name");
        let rows = format!("select t::text as row from {name} t");
        let rows = sqlx::query(sqlx::AssertSqlSafe(rows)).fetch_all(pool).await;
        for row in rows.expect("rows") {
            bytes.extend_from_slice(
                row.get::<Option<String>, _>("row")
                    .unwrap_or_default()
                    .as_bytes(),
            );
            bytes.push(b'\n');
        }
    }
    Place {
        name: "a backup of the event store".to_owned(),
        bytes,
    }
}

/// Every record of the topic, headers and all.
#[must_use]
pub fn topic(stack: &Stack) -> Place {
    let backends = stack.backends();
    let mut bytes = Vec::new();
    for record in log::read(&backends.kafka_brokers, &backends.kafka_topic) {
        bytes.extend_from_slice(format!("{} {:?}", record.key, record.headers).as_bytes());
        bytes.extend_from_slice(&record.data);
    }
    Place {
        name: "the topic".to_owned(),
        bytes,
    }
}

/// The files of all servers, and all logs.
///
/// # Panics
/// When PostgreSQL does not say where its files are.
pub async fn disks(stack: &Stack, pool: &PgPool) -> Vec<Place> {
    let folder: String = sqlx::query_scalar("show data_directory")
        .fetch_one(pool)
        .await
        .expect("the folder of PostgreSQL");
    sqlx::query("checkpoint")
        .execute(pool)
        .await
        .expect("a checkpoint");
    let mut places = files("PostgreSQL:", Path::new(&folder));
    places.extend(files("Kafka:", &stack.data_folder().join("kafka")));
    places.extend(files("MongoDB:", &stack.data_folder().join("mongodb")));
    places.extend(files("log:", &stack.log_folder()));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_in_the_clear_and_as_printed_bytes() {
        let place = |bytes: &[u8]| Place {
            name: String::new(),
            bytes: bytes.to_vec(),
        };
        assert!(place(b"..cacacanary..").holds("canary"));
        assert!(place(b"\\x63616e617279").holds("canary"));
        assert!(!place(b"canar").holds("canary"));
    }
}
