//! The bare MongoDB driver, in a database of its own beside the views: it writes the documents that projections wrote,
//! on the same indexes, and finds what the service is asked for. It folds nothing and guards nothing.

mod commands;
mod finding;

use std::time::{Duration, Instant};

use futures::{TryStreamExt, future::try_join_all};
use mongodb::{
    Client, Collection, Database,
    bson::{Document, RawDocumentBuf, doc},
    options::{Acknowledgment, ClientOptions, WriteConcern},
};
use orderfold_stack::{Result, StackError};
use uuid::Uuid;

use commands::{Statement, update_commands};

const PEERS: &str = "peers";
/// Documents of one `insertMany`, as many as a projection writes events in one transaction.
const INSERTED_AT_ONCE: usize = 1_000;

pub struct Views {
    uri: String,
    service: Database,
    peers: Database,
}

/// What the events of one order write into one collection when each is written by itself.
struct Share {
    view: &'static str,
    documents: Documents,
    times: Times,
}

/// Whether a document is written whole, or figures are added to it.
#[derive(Clone, Copy)]
enum Documents {
    /// So many new ones for each order: one, or one for each event.
    Whole(Times),
    Sum,
}

#[derive(Clone, Copy)]
enum Times {
    Once,
    /// Once for the placed order and once for its payment, or for its day and its month.
    Twice,
    EveryEvent,
}

const SHARES: [Share; 9] = [
    whole("order_list", Times::Once),
    whole("order_detail", Times::Once),
    whole("order_timeline", Times::EveryEvent),
    whole("work_queue", Times::Once),
    whole("customer_360", Times::Once),
    sum("sales_slots"),
    sum("sales_days"),
    sum("product_sales"),
    sum("customer_sales"),
];

const fn whole(view: &'static str, documents: Times) -> Share {
    Share {
        view,
        documents: Documents::Whole(documents),
        times: Times::EveryEvent,
    }
}

const fn sum(view: &'static str) -> Share {
    Share {
        view,
        documents: Documents::Sum,
        times: Times::Twice,
    }
}

impl Times {
    fn of(self, (orders, events): (u64, u64)) -> u64 {
        orders
            * match self {
                Self::Once => 1,
                Self::Twice => 2,
                Self::EveryEvent => events,
            }
    }
}

impl Views {
    /// # Errors
    /// When the URI is not one of MongoDB.
    pub async fn open(uri: &str) -> Result<Self> {
        let mut options = ClientOptions::parse(uri).await.map_err(mongo_error)?;
        // As the service writes.
        let durable = WriteConcern::builder()
            .w(Acknowledgment::Majority)
            .journal(true);
        options.write_concern = Some(durable.build());
        let client = Client::with_options(options).map_err(mongo_error)?;
        let service = client
            .default_database()
            .ok_or_else(|| StackError::failed("open the views", "the URI names no database"))?;
        Ok(Self {
            uri: uri.to_owned(),
            peers: client.database(PEERS),
            service,
        })
    }

    /// A collection for documents of the peers' own.
    pub fn of_peers(&self, name: &str) -> Collection<Document> {
        self.peers.collection(name)
    }

    /// Lets MongoDB write what it would have written some time later, beside what is measured next.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn settle(&self) -> Result<()> {
        let admin = self.service.client().database("admin");
        let written = admin.run_command(doc! { "fsync": 1 }).await;
        written.map(drop).map_err(mongo_error)
    }

    /// How many documents a view has.
    ///
    /// # Errors
    /// When MongoDB does not answer.
    pub async fn count(&self, view: &str) -> Result<u64> {
        let collection = self.newest(view).await?;
        collection
            .count_documents(doc! {})
            .await
            .map_err(mongo_error)
    }

    /// Events per second when the last so many orders, of so many events each, are written by batched updates: for each
    /// event one statement in every collection that it changes, one writer for each collection.
    ///
    /// # Errors
    /// When MongoDB refuses.
    pub async fn update(&self, backlog: (u64, u64)) -> Result<f64> {
        let mut all = Vec::new();
        for share in &SHARES {
            let view = self.newest(share.view).await?;
            let statements = newest_statements(&view, share, backlog).await?;
            self.make_like(&view).await?;
            all.push(update_commands(view.name(), &statements)?);
        }
        let begun = Instant::now();
        try_join_all(all.into_iter().map(|commands| self.run(commands))).await?;
        let (orders, events) = backlog;
        Ok((orders * events) as f64 / begun.elapsed().as_secs_f64())
    }

    async fn run(&self, commands: Vec<RawDocumentBuf>) -> Result<()> {
        for command in commands {
            let answer = self
                .peers
                .run_raw_command(command)
                .await
                .map_err(mongo_error)?;
            if answer.contains_key("writeErrors") {
                return Err(StackError::failed("update in batches", answer));
            }
        }
        Ok(())
    }

    /// Documents per second when those of a view are inserted anew, into a collection with the same indexes.
    ///
    /// # Errors
    /// When MongoDB refuses.
    pub async fn insert(&self, view: &str) -> Result<f64> {
        let view = self.newest(view).await?;
        let documents = view.clone_with_type::<RawDocumentBuf>();
        let documents = documents.find(doc! {}).await.map_err(mongo_error)?;
        let documents: Vec<RawDocumentBuf> = documents.try_collect().await.map_err(mongo_error)?;
        self.make_like(&view).await?;
        let peers = self.peers.collection::<RawDocumentBuf>(view.name());
        let begun = Instant::now();
        for chunk in documents.chunks(INSERTED_AT_ONCE) {
            peers.insert_many(chunk).await.map_err(mongo_error)?;
        }
        let seconds = begun.elapsed().as_secs_f64();
        let stored = peers.count_documents(doc! {}).await.map_err(mongo_error)?;
        peers.drop().await.map_err(mongo_error)?;
        if stored != u64::try_from(documents.len()).unwrap_or(u64::MAX) {
            return Err(StackError::failed("insert documents", "not all are there"));
        }
        Ok(documents.len() as f64 / seconds)
    }

    /// Orders found per second, by so many callers at once.
    ///
    /// # Errors
    /// When MongoDB does not answer, or an order is not there.
    pub async fn find(&self, orders: &[Uuid], callers: usize, during: Duration) -> Result<f64> {
        let view = self.newest("order_detail").await?;
        let asked = finding::Asked {
            uri: self.uri.clone(),
            collection: view.name().to_owned(),
            orders: orders.to_vec(),
            callers,
            during,
        };
        finding::find(asked).await
    }

    /// A view in its newest build.
    async fn newest(&self, view: &str) -> Result<Collection<Document>> {
        let names = self.service.list_collection_names();
        let names = names.await.map_err(mongo_error)?;
        let name = newest_of(view, &names)
            .ok_or_else(|| StackError::failed("find a view", format!("there is no {view}")))?;
        Ok(self.service.collection(name))
    }

    /// Makes a collection of the peers' with the same indexes, where there is none.
    async fn make_like(&self, view: &Collection<Document>) -> Result<()> {
        let indexes = view.list_indexes().await.map_err(mongo_error)?;
        let indexes: Vec<_> = indexes.try_collect().await.map_err(mongo_error)?;
        self.of_peers(view.name())
            .create_indexes(indexes)
            .await
            .map_err(mongo_error)
            .map(drop)
    }
}

/// The statements that write the newest documents of a view, by turns until all events have written theirs.
async fn newest_statements(
    view: &Collection<Document>,
    share: &Share,
    backlog: (u64, u64),
) -> Result<Vec<Statement>> {
    let wanted = share.times.of(backlog);
    let documents = match share.documents {
        Documents::Whole(documents) => documents.of(backlog),
        Documents::Sum => wanted,
    };
    let newest = view
        .find(doc! {})
        .sort(doc! { "$natural": -1 })
        .limit(i64::try_from(documents).unwrap_or(i64::MAX))
        .await
        .map_err(mongo_error)?;
    let newest: Vec<Document> = newest.try_collect().await.map_err(mongo_error)?;
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let statement = |document: &Document| match share.documents {
        Documents::Whole(_) => Statement::whole(document),
        Documents::Sum => Statement::adding(document),
    };
    let statements = newest.iter().map(statement).cycle();
    Ok(statements.take(wanted).collect())
}

/// Of collections such as `order_list_v1_b2` the one with the highest numbers.
fn newest_of<'a>(view: &str, names: &'a [String]) -> Option<&'a str> {
    let numbers = |name: &str| {
        let (version, build) = name
            .strip_prefix(view)?
            .strip_prefix("_v")?
            .split_once("_b")?;
        Some((version.parse::<u32>().ok()?, build.parse::<u32>().ok()?))
    };
    let numbered = names.iter().filter_map(|name| Some((numbers(name)?, name)));
    numbered.max().map(|(_, name)| name.as_str())
}

pub(super) fn mongo_error(error: mongodb::error::Error) -> StackError {
    StackError::failed("use MongoDB", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_build_is_found_by_its_number_and_not_by_its_letters() {
        let names = [
            "order_list_v1_b2",
            "order_list_v1_b10",
            "order_list_v1",
            "order_list_more_v9_b9",
        ]
        .map(str::to_owned);
        assert_eq!(newest_of("order_list", &names), Some("order_list_v1_b10"));
        assert_eq!(newest_of("order", &names), None);
    }

    #[test]
    fn every_event_writes_once_into_what_holds_whole_orders_and_sums_are_written_twice_an_order() {
        let statements: u64 = SHARES.iter().map(|share| share.times.of((10, 5))).sum();
        assert_eq!(statements, 5 * 50 + 4 * 20);
    }
}
