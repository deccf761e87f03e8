//! The services' programs as an operator runs them, with a verb that ends by itself.

use std::{collections::BTreeMap, path::Path};

use super::System;
use crate::{
    error::{Doing, Result},
    files,
    process::Launch,
    services,
};

impl System {
    /// Runs a verb of the command service, such as `raise-epoch`, and gives what it printed.
    ///
    /// # Errors
    /// With its last words, when it refuses.
    pub async fn run_command_service(&self, arguments: &[&str]) -> Result<String> {
        let log = self.layout.logs().join("command-service-verb.log");
        files::remove_file(&log)?;
        self.run_command_verb(arguments, &log).await?;
        std::fs::read_to_string(&log).doing(|| format!("read {}", log.display()))
    }

    pub(super) async fn run_command_verb(&self, arguments: &[&str], log: &Path) -> Result<()> {
        let name = format!("command-service {}", arguments.join(" "));
        services::run_verb(&self.command_verb(arguments), &name, log).await
    }

    /// Runs a verb of the query service, such as `verify`, and gives what it printed.
    ///
    /// # Errors
    /// With its last words, when it refuses or finds differences.
    pub async fn run_query_service(&self, arguments: &[&str]) -> Result<String> {
        let log = self.layout.logs().join("query-service-verb.log");
        files::remove_file(&log)?;
        let name = format!("query-service {}", arguments.join(" "));
        services::run_verb(&self.query_verb(arguments), &name, &log).await?;
        std::fs::read_to_string(&log).doing(|| format!("read {}", log.display()))
    }

    /// Where the programs are, and everything that their verbs have to be told.
    #[must_use]
    pub fn operator_variables(&self) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::new();
        for (name, launch) in [
            ("COMMAND_SERVICE", self.command_verb(&[])),
            ("QUERY_SERVICE", self.query_verb(&[])),
        ] {
            variables.insert(name.to_owned(), launch.program().display().to_string());
            variables.extend(launch.environment());
        }
        variables
    }

    fn command_verb(&self, arguments: &[&str]) -> Launch {
        let binary = &self.binaries.command_service;
        let told = (&self.shared, &self.settings.secrets);
        services::command::verb(binary, told, arguments, &self.layout.logs())
    }

    fn query_verb(&self, arguments: &[&str]) -> Launch {
        let binary = &self.binaries.query_service;
        let told = (&self.shared, &self.views);
        services::query::verb(binary, told, arguments, &self.layout.logs())
    }
}
