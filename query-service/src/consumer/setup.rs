//! Before the first event: collections, indexes, the identity of the store, checkpoints. Whatever is away is waited
//! for; what does not fit together is said and not touched.

use std::time::Duration;

use chrono_tz::Tz;
use tracing::{error, info, warn};

use super::{Shared, pacing::Backoff};
use crate::{
    database::{DatabaseError, StoreIdentity},
    store::StoreError,
};

/// What a projection has to know of the store.
pub(super) use crate::database::StoreIdentity as Store;

const RETRY_MAX: Duration = Duration::from_secs(2);

/// Makes everything ready. `None` when the database was filled from another store: an operator has to choose.
pub(super) async fn set_up(shared: &Shared, reporting_zone: Tz) -> Option<Store> {
    let mut backoff = Backoff::new(RETRY_MAX);
    loop {
        match attempt(shared, reporting_zone).await {
            Ok((expected, found)) if expected == found => {
                return settle_view_key(shared, found).await;
            }
            Ok((expected, found)) => {
                let refusal = refusal(expected, found);
                error!(refusal, "the read models belong to something else");
                shared.health.refuse(refusal);
                return None;
            }
            Err(hindrance) => {
                say(&hindrance);
                backoff.wait().await;
            }
        }
    }
}

/// `None` when what is kept was made under another view key.
async fn settle_view_key(shared: &Shared, found: Store) -> Option<Store> {
    let mut backoff = Backoff::new(RETRY_MAX);
    loop {
        let check = shared.keys.check_value();
        match shared.database.settle_view_key(check).await {
            Ok(true) => return Some(found),
            Ok(false) => {
                let refusal = "the read models were made under another VIEW_KEY";
                error!(refusal, "the read models belong to something else");
                shared.health.refuse(refusal.to_owned());
                return None;
            }
            Err(error) => {
                say(&error.into());
                backoff.wait().await;
            }
        }
    }
}

/// What is away.
#[derive(Debug, thiserror::Error)]
enum Hindrance {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn say(hindrance: &Hindrance) {
    let error = hindrance as &dyn std::error::Error;
    warn!(error, "the consumer cannot start yet");
}

/// The identity that is expected, and the one that the database has.
async fn attempt(shared: &Shared, reporting_zone: Tz) -> Result<(Store, Store), Hindrance> {
    let database = &shared.database;
    database.bootstrap().await?;
    let heads = shared.progress.read_heads().await?;
    let expected = StoreIdentity {
        store_id: heads.store_id,
        shards: heads.shards,
        reporting_zone,
    };
    let found = database.settle_identity(expected).await?;
    if expected == found {
        database.ensure_checkpoints(found.shards).await?;
        shared.progress.read_checkpoints().await?;
        info!(store = %found.store_id, shards = found.shards.get(), "the read models are set up");
    }
    Ok((expected, found))
}

fn refusal(expected: Store, found: Store) -> String {
    if expected.store_id != found.store_id {
        format!(
            "the read models were folded from store {}, but the command service has store {}",
            found.store_id, expected.store_id
        )
    } else if expected.shards != found.shards {
        format!(
            "the read models were folded from {} shards, but the store has {}",
            found.shards.get(),
            expected.shards.get()
        )
    } else {
        format!(
            "the read models count days in {}, but {} is configured",
            found.reporting_zone, expected.reporting_zone
        )
    }
}
