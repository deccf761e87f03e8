//! The live feed: what listeners hear, whose it is, and how they come back.

use std::time::Duration;

use axum::body::BodyDataStream;
use futures::StreamExt;
use orderfold_events::CustomerId;
use orderfold_stack::tokens::{ALL_SCOPES, Principal};
use query_service::{database::Build, projections::ReadModel};
use serde_json::Value;
use tokio::time::timeout;

use crate::service::Service;

/// Nothing here takes longer, however busy the machine is.
const PATIENCE: Duration = Duration::from_mins(2);

/// Somebody who listens.
struct Listener {
    body: BodyDataStream,
    text: String,
}

/// One event, as it was sent.
#[derive(Debug)]
struct Heard {
    name: String,
    id: String,
    data: Value,
}

impl Listener {
    async fn new(service: &Service, bearer: &str, last: Option<&str>) -> Self {
        let headers: Vec<_> = last
            .map(|last| ("last-event-id", last))
            .into_iter()
            .collect();
        let response = service.stream(bearer, "/v1/live", &headers).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: response.into_body().into_data_stream(),
            text: String::new(),
        }
    }

    /// The next event; `None` at the end.
    async fn hear(&mut self) -> Option<Heard> {
        loop {
            while let Some((block, _rest)) = self.text.split_once("\n\n") {
                let consumed = block.len() + 2;
                let block = block.to_owned();
                self.text.drain(..consumed);
                let member = |name: &str| {
                    let lines = block.lines();
                    let mut values = lines.filter_map(|line| line.strip_prefix(name));
                    values.next().unwrap_or_default().trim_start().to_owned()
                };
                let name = member("event:");
                if !name.is_empty() {
                    return Some(Heard {
                        name,
                        id: member("id:"),
                        data: serde_json::from_str(&member("data:")).unwrap(),
                    });
                }
            }
            let chunk = timeout(PATIENCE, self.body.next()).await.unwrap()?.unwrap();
            self.text.push_str(str::from_utf8(&chunk).unwrap());
        }
    }
}

fn everything(service: &Service) -> String {
    service.bearer(Principal::Service, ALL_SCOPES)
}

/// Places orders until the first one is heard of: from then on nothing is missed.
async fn begin(service: &mut Service, customer: CustomerId, listener: &mut Listener) -> Heard {
    loop {
        service
            .happen(|history| history.place(customer, &[(1, 1)]))
            .await;
        match timeout(Duration::from_millis(500), listener.hear()).await {
            Ok(Some(heard)) if heard.name == "order" => return heard,
            Ok(heard) => assert!(heard.is_some(), "it goes on"),
            Err(_nothing_yet) => {}
        }
    }
}

#[tokio::test]
async fn a_listener_hears_what_happens_and_comes_back_where_it_was() {
    let mut service = Service::start().await;
    let customer = service.happen(|history| history.register("A")).await;
    let bearer = everything(&service);
    let mut listener = Listener::new(&service, &bearer, None).await;
    let first = begin(&mut service, customer, &mut listener).await;
    assert_eq!(first.name, "order");
    assert_eq!(first.data["type"], "orderfold.order.placed.v1");
    assert_eq!(first.data["customer_id"], customer.to_string());
    assert!(first.data.get("data").is_none(), "the order says the rest");
    let order = service
        .happen(|history| history.place(customer, &[(2, 5)]))
        .await;
    let mut heard = vec![first];
    while heard.last().unwrap().data["order_id"] != order.to_string() {
        heard.push(listener.hear().await.unwrap());
    }
    drop(listener);

    service.happen(|history| history.pay(order, 10)).await;
    let last = heard.last().unwrap().id.clone();
    let mut again = Listener::new(&service, &bearer, Some(&last)).await;
    let next = again.hear().await.unwrap();
    assert_eq!(next.data["type"], "orderfold.order.payment_recorded.v1");
    assert_eq!(next.data["order_id"], order.to_string());

    for lost in ["1-00", "7-82", "rubbish"] {
        let mut again = Listener::new(&service, &bearer, Some(lost)).await;
        assert_eq!(again.hear().await.unwrap().name, "reset", "{lost}");
    }
}

#[tokio::test]
async fn a_customer_hears_of_their_own_orders_only() {
    let mut service = Service::start().await;
    let (mine, other) = service
        .happen(|history| (history.register("A"), history.register("B")))
        .await;
    let principal = Principal::Customer(mine.0);
    let bearer = service.bearer(principal, principal.usual_scopes());
    let mut own = Listener::new(&service, &bearer, None).await;
    let bearer = everything(&service);
    let mut all = Listener::new(&service, &bearer, None).await;
    begin(&mut service, other, &mut all).await;
    service
        .happen(|history| history.place(mine, &[(1, 1)]))
        .await;
    let heard = own.hear().await.unwrap();
    assert_eq!(heard.data["customer_id"], mine.to_string());
    service
        .get_scoped("customers:read", "/v1/live")
        .await
        .is_problem(403, "insufficient_scope");
}

#[tokio::test]
async fn another_build_resets_and_a_stop_ends_it() {
    let mut service = Service::start().await;
    let customer = service.happen(|history| history.register("A")).await;
    let bearer = everything(&service);
    let mut listener = Listener::new(&service, &bearer, None).await;
    begin(&mut service, customer, &mut listener).await;
    let serving = service.database.serving();
    serving.switch(ReadModel::OrderTimeline, Build(2));
    while listener.hear().await.unwrap().name != "reset" {}
    service.stop.cancel();
    assert!(listener.hear().await.is_none());
}
