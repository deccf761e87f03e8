//! `find_one` by many callers at once, on as many threads as the service has: on the load's single one the driver would
//! be measured at half of what it can do.

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use mongodb::{
    Client, Collection,
    bson::{self, RawDocumentBuf, doc},
};
use orderfold_stack::{Result, StackError, error::Doing};
use tokio::{
    runtime::Builder,
    task::{JoinError, spawn, spawn_blocking},
};
use uuid::Uuid;

use super::mongo_error;

pub struct Asked {
    pub uri: String,
    pub collection: String,
    pub orders: Vec<Uuid>,
    pub callers: usize,
    pub during: Duration,
}

/// Orders found per second.
///
/// # Errors
/// When MongoDB does not answer, or an order is not there.
pub async fn find(asked: Asked) -> Result<f64> {
    let finding = move || {
        let runtime = Builder::new_multi_thread().enable_all().build();
        runtime
            .doing(|| "start the driver".to_owned())?
            .block_on(find_all(asked))
    };
    spawn_blocking(finding).await.map_err(ended)?
}

async fn find_all(asked: Asked) -> Result<f64> {
    let client = Client::with_uri_str(&asked.uri)
        .await
        .map_err(mongo_error)?;
    let database = client
        .default_database()
        .ok_or_else(|| StackError::failed("find orders", "the URI names no database"))?;
    let view: Collection<RawDocumentBuf> = database.collection(&asked.collection);
    // Connected before the clock starts.
    let warm_up = asked.orders.iter().take(asked.callers);
    try_join_all(warm_up.map(|order| find_one(&view, *order))).await?;
    let end = Instant::now() + asked.during;
    let share = asked.orders.len() / asked.callers.max(1);
    let callers = (0..asked.callers).map(|caller| {
        let mut orders = asked.orders.clone();
        orders.rotate_left(caller * share);
        spawn(find_until(end, view.clone(), orders))
    });
    let mut found = 0;
    for caller in callers.collect::<Vec<_>>() {
        found += caller.await.map_err(ended)??;
    }
    Ok(found as f64 / asked.during.as_secs_f64())
}

async fn find_until(
    end: Instant,
    view: Collection<RawDocumentBuf>,
    orders: Vec<Uuid>,
) -> Result<u64> {
    let mut found = 0;
    for order in orders.iter().cycle() {
        find_one(&view, *order).await?;
        if Instant::now() >= end {
            break;
        }
        found += 1;
    }
    Ok(found)
}

async fn find_one(view: &Collection<RawDocumentBuf>, order: Uuid) -> Result<()> {
    let id = bson::Uuid::from_bytes(order.into_bytes());
    let found = view.find_one(doc! { "_id": id }).await;
    match found.map_err(mongo_error)? {
        Some(_) => Ok(()),
        None => Err(StackError::failed("find an order", "it is not there")),
    }
}

fn ended(error: JoinError) -> StackError {
    StackError::failed("find orders", error)
}
