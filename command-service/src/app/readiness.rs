//! What has to hold for this replica to be given requests.

use orderfold_http::admin;

use crate::{
    database::{Database, KeyDatabase},
    relay::Standing,
};

pub(super) fn readiness(
    database: Database,
    keys: KeyDatabase,
    standing: Standing,
) -> admin::Readiness {
    let asked = database.clone();
    admin::Readiness::default()
        .check("postgres", move || {
            let database = asked.clone();
            async move { database.ping().await.map_err(|error| error.to_string()) }
        })
        .check("keys", move || {
            let keys = keys.clone();
            async move { keys.ping().await.map_err(|error| error.to_string()) }
        })
        .check("history", move || {
            let database = database.clone();
            async move { unbroken(&database).await }
        })
        // Commands go on without Kafka.
        .warning("relay", move || {
            let standing = standing.clone();
            async move { standing.warning() }
        })
}

/// A store that has lost what this replica saw in it must not be written to.
async fn unbroken(database: &Database) -> Result<(), String> {
    match database.contradicted_shard().await {
        Ok(None) => Ok(()),
        Ok(Some(shard)) => Err(format!(
            "shard {shard} lacks events that were acknowledged: the store was restored from an older backup; begin a \
             new epoch with `command-service raise-epoch`"
        )),
        Err(error) => Err(error.to_string()),
    }
}
