//! `.stack/env`: what is up, for scripts to `source` and for this program to read back.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use crate::{
    error::{Doing, Result, StackError},
    files,
    system::System,
    tokens::{self, Principal},
};

const TOKEN_LIFETIME: Duration = Duration::from_hours(365 * 24);
const CONSOLE_CONSUMER: &str = "kafka-console-consumer";

/// Where a stack's interfaces are, and a token for all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionDetails {
    pub command_urls: Vec<String>,
    pub query_urls: Vec<String>,
    pub token: String,
}

/// # Errors
/// When a file cannot be written or the token not be signed.
pub fn write_env(system: &System, folder: &Path, file: &Path) -> Result<ConnectionDetails> {
    let principal = Principal::Service;
    let key = system.keys().signing_key()?;
    let token = tokens::mint(&key, principal, principal.usual_scopes(), TOKEN_LIFETIME)?;
    let mut variables = system.operator_variables();
    for (one, all, urls) in [
        ("COMMAND_URL", "COMMAND_URLS", system.command_urls()),
        (
            "COMMAND_ADMIN_URL",
            "COMMAND_ADMIN_URLS",
            system.command_admin_urls(),
        ),
        ("QUERY_URL", "QUERY_URLS", system.query_urls()),
        (
            "QUERY_ADMIN_URL",
            "QUERY_ADMIN_URLS",
            system.query_admin_urls(),
        ),
    ] {
        let first = urls.first().cloned().unwrap_or_default();
        variables.insert(one.to_owned(), first);
        variables.insert(all.to_owned(), urls.join(","));
    }
    variables.insert("TOKEN".to_owned(), token.clone());
    if let Some(script) = system.console_consumer() {
        let path = folder.join(CONSOLE_CONSUMER);
        files::write_whole(&path, script.as_bytes())?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
            .doing(|| format!("make {} a program", path.display()))?;
        let name = "KAFKA_CONSOLE_CONSUMER".to_owned();
        variables.insert(name, path.display().to_string());
    }
    let lines: Vec<String> = variables
        .iter()
        .map(|(name, value)| format!("export {name}={}\n", quote(value)))
        .collect();
    files::write_whole(file, lines.concat().as_bytes())?;
    Ok(ConnectionDetails {
        command_urls: system.command_urls(),
        query_urls: system.query_urls(),
        token,
    })
}

/// # Errors
/// When no stack is up, or its file was tampered with.
pub fn read_env(file: &Path) -> Result<ConnectionDetails> {
    let text = std::fs::read_to_string(file).map_err(|_missing| {
        StackError::failed(
            format!("read {}", file.display()),
            "no stack is up: `cargo stack up` first",
        )
    })?;
    let variables: BTreeMap<&str, String> = text.lines().filter_map(assignment).collect();
    let find = |name: &str| {
        let value = variables.get(name).cloned();
        value.ok_or_else(|| {
            StackError::failed(
                format!("find {name} in {}", file.display()),
                "it is not there",
            )
        })
    };
    let list = |name: &str| Ok(find(name)?.split(',').map(str::to_owned).collect());
    Ok(ConnectionDetails {
        command_urls: list("COMMAND_URLS")?,
        query_urls: list("QUERY_URLS")?,
        token: find("TOKEN")?,
    })
}

fn quote(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

fn assignment(line: &str) -> Option<(&str, String)> {
    let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
    let value = value.strip_prefix('\'')?.strip_suffix('\'')?;
    Some((name, value.replace(r"'\''", "'")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_as_it_was_written_quotes_and_all() {
        for value in ["plain", "it's", "a=b c$d", ""] {
            let line = format!("export NAME={}", quote(value));
            assert_eq!(assignment(&line), Some(("NAME", value.to_owned())));
        }
    }
}
