//! What the documents have to be: the fold of the history in memory, compared with all of MongoDB.

use std::{collections::BTreeMap, fmt::Debug};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures::TryStreamExt;
use mongodb::Collection;
use orderfold_events::SealingKey;
use query_service::{
    database::Database,
    projections::{
        DocumentView, FoldKeys,
        customer_360::Customer360,
        customer_list::CustomerList,
        customer_sales::CustomerSales,
        order_detail::OrderDetail,
        order_list::OrderList,
        order_timeline,
        product_sales::ProductSales,
        ranking::{ItemBookings, ItemDocument, Ranking},
        receivables::Receivables,
        sales_series::{Bookings, DayKey, Sales},
        work_queue::WorkQueue,
    },
};
use serde::de::DeserializeOwned;

use crate::{
    fake_store::VIEW_KEY,
    history::{History, Recorded, keys_of},
    world::ZONE,
};

async fn all<T: DeserializeOwned + Send + Sync>(collection: Collection<T>) -> Vec<T> {
    let found = collection.find(bson::doc! {}).await.unwrap();
    found.try_collect().await.unwrap()
}

fn fold<V: DocumentView>(history: &History) -> BTreeMap<V::Id, V::Document> {
    let mut documents = BTreeMap::new();
    let view_key = STANDARD.decode(VIEW_KEY).unwrap();
    let keys = FoldKeys {
        keys: keys_of(&history.log),
        search: SealingKey::derive(&view_key, SealingKey::SEARCHING),
    };
    for Recorded {
        envelope, event, ..
    } in &history.log
    {
        if let Some((id, fact)) = V::select(event) {
            let folded = V::fold_with(documents.remove(&id), envelope, fact, &keys).unwrap();
            documents.insert(id, folded);
        }
    }
    documents
}

/// Documents of one read model, in MongoDB and by the fold.
pub async fn assert_documents<V>(collection: Collection<V::Document>, history: &History)
where
    V: DocumentView<Document: Debug + PartialEq, Id: Debug>,
{
    let found: BTreeMap<_, _> = all(collection)
        .await
        .into_iter()
        .map(|document| (V::id(&document), document))
        .collect();
    assert_eq!(found, fold::<V>(history), "{}", V::READ_MODEL);
}

/// Everything in MongoDB is the fold of the history.
pub async fn assert_exact(database: &Database, history: &History) {
    assert_documents::<OrderList>(database.order_list(), history).await;
    assert_documents::<OrderDetail>(database.order_detail(), history).await;
    assert_documents::<CustomerList>(database.customer_list(), history).await;
    assert_documents::<Customer360>(database.customer_360(), history).await;
    assert_documents::<WorkQueue>(database.work_queue(), history).await;
    assert_documents::<Receivables>(database.receivables(), history).await;
    assert_ranking::<ProductSales>(database.product_sales(), history).await;
    assert_ranking::<CustomerSales>(database.customer_sales(), history).await;
    assert_timeline(database, history).await;
    assert_sales(database, history).await;
}

async fn assert_timeline(database: &Database, history: &History) {
    let mut found = all(database.order_timeline()).await;
    found.sort_by_key(|entry| (entry.order_id, entry.version));
    let mut expected: Vec<_> = history
        .log
        .iter()
        .filter_map(|recorded| {
            let data = str::from_utf8(&recorded.data).unwrap();
            order_timeline::entry(&recorded.envelope, &recorded.event, data)
        })
        .collect();
    expected.sort_by_key(|entry| (entry.order_id, entry.version));
    assert_eq!(found, expected, "order_timeline");
}

async fn assert_ranking<R: Ranking>(collection: Collection<ItemDocument>, history: &History) {
    let mut bookings = ItemBookings::new(history.shards, ZONE);
    for Recorded {
        envelope, event, ..
    } in &history.log
    {
        R::book(&mut bookings, envelope, event).unwrap();
    }
    for document in all(collection).await {
        let bucket = bookings.buckets.remove(&document.key).unwrap();
        assert_eq!(document.sales, bucket.added, "{:?}", document.key);
        assert_eq!(document.name, bucket.name, "{:?}", document.key);
    }
    assert!(bookings.buckets.is_empty(), "{} lacks sums", R::READ_MODEL);
}

async fn assert_sales(database: &Database, history: &History) {
    let mut bookings = Bookings::new(history.shards, ZONE);
    for Recorded {
        envelope, event, ..
    } in &history.log
    {
        bookings.book(envelope, event).unwrap();
    }
    let slots: BTreeMap<DayKey, BTreeMap<String, Sales>> = bookings
        .slots
        .into_iter()
        .map(|(key, bucket)| {
            let slots = bucket.added.into_iter();
            (
                key,
                slots
                    .map(|(slot, sales)| (format!("{slot:02}"), sales))
                    .collect(),
            )
        })
        .collect();
    let found: BTreeMap<_, _> = all(database.sales_slots())
        .await
        .into_iter()
        .map(|document| (document.key, document.slots))
        .collect();
    assert_eq!(found, slots, "quarter-hours");

    for document in all(database.sales_days()).await {
        let bucket = bookings.days.remove(&document.key).unwrap();
        assert_eq!(document.sales, bucket.added, "{:?}", document.key);
        let positions: BTreeMap<_, _> = bucket
            .positions
            .into_iter()
            .map(|(shard, position)| (shard.to_string(), position.0))
            .collect();
        assert_eq!(document.positions, positions, "{:?}", document.key);
    }
    assert!(
        bookings.days.is_empty(),
        "days are missing: {:?}",
        bookings.days.keys()
    );
}
