//! The services' programs as an operator runs them, with a verb that ends by itself.

use std::collections::BTreeMap;

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
        let launch = self.command_verb(arguments);
        self.run_and_read("command-service", &launch, arguments)
            .await
    }

    /// Runs a verb of the query service, such as `verify`, and gives what it printed.
    ///
    /// # Errors
    /// With its last words, when it refuses or finds differences.
    pub async fn run_query_service(&self, arguments: &[&str]) -> Result<String> {
        let launch = self.query_verb(arguments);
        self.run_and_read("query-service", &launch, arguments).await
    }

    async fn run_and_read(
        &self,
        program: &str,
        launch: &Launch,
        arguments: &[&str],
    ) -> Result<String> {
        let log = self.layout.logs().join(format!("{program}-verb.log"));
        files::remove_file(&log)?;
        let name = format!("{program} {}", arguments.join(" "));
        services::run_verb(launch, &name, &log).await?;
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

    pub(super) fn command_verb(&self, arguments: &[&str]) -> Launch {
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
