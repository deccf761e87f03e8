//! A whole system for one test, with callers that hold every scope.

use std::path::PathBuf;

use jsonwebtoken::{Algorithm, Header};
use orderfold_stack::{Principal, Stack, StackOptions, local::ConnectionDetails};
use serde_json::Value;

use crate::client::Client;

pub struct Shop {
    pub stack: Stack,
    pub commands: Client,
    pub queries: Client,
}

impl Shop {
    /// # Panics
    /// When the system does not start.
    pub async fn open(options: StackOptions) -> Self {
        let stack = Stack::start(options).await.expect("a system that serves");
        let token = stack.token(Principal::Service).expect("a token");
        let commands = Client::new(&stack.command_urls()[0], &token);
        let queries = Client::new(&stack.query_urls()[0], &token);
        Self {
            stack,
            commands,
            queries,
        }
    }

    /// The same system over new connections.
    ///
    /// # Panics
    /// When no token can be signed.
    #[must_use]
    pub fn reconnected(self) -> Self {
        let token = self.stack.token(Principal::Service).expect("a token");
        Self {
            commands: Client::new(&self.stack.command_urls()[0], &token),
            queries: Client::new(&self.stack.query_urls()[0], &token),
            stack: self.stack,
        }
    }

    /// A token of the stack's own key with any claims.
    ///
    /// # Panics
    /// When it cannot be signed.
    #[must_use]
    pub fn token(&self, claims: &Value) -> String {
        let key = self
            .stack
            .keys()
            .signing_key()
            .expect("the key of the stack");
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), claims, &key).expect("a token")
    }

    /// What the import of the stack needs.
    ///
    /// # Panics
    /// When no token can be signed.
    #[must_use]
    pub fn connection(&self) -> ConnectionDetails {
        ConnectionDetails {
            command_urls: self.stack.command_urls(),
            query_urls: self.stack.query_urls(),
            token: self.stack.token(Principal::Service).expect("a token"),
        }
    }

    /// Registers a customer and returns the id.
    pub async fn customer(&self, name: &str) -> String {
        let answer = self
            .commands
            .post("/v1/customers", &crate::sample::customer(name, None))
            .await;
        text(&answer.expect(201).json()["customer_id"])
    }
}

/// A member that has to be a text.
///
/// # Panics
/// When it is none.
#[must_use]
#[track_caller]
pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

/// Where the Superstore data set is: beside the project, or where `ORDERFOLD_SUPERSTORE` says.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn superstore() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/superstore");
    let folder = std::env::var_os("ORDERFOLD_SUPERSTORE").map_or_else(beside, PathBuf::from);
    assert!(
        folder.join("orders.csv").is_file(),
        "the Superstore data set is not in {}: set ORDERFOLD_SUPERSTORE to the folder of its orders.csv",
        folder.display()
    );
    folder
}
