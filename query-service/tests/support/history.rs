//! A make-believe store: records events of customers and orders that fit together, with gapless positions, versions
//! and links. It stands in for the command service where that is not the thing under test.

use std::collections::BTreeMap;

use orderfold_events::{
    Actor, Coordinate, Currency, CustomerId, Envelope, Epoch, Event, EventId, OrderId, OrderNumber,
    Personal, Position, Shard, ShardCount, StreamId, TaxRate, Timestamp, Version,
    customer::{CustomerEvent, CustomerPersonal, CustomerStatus, ExternalReference, Registered},
    order::{
        CancelReason, Cancelled, Change, Completed, Confirmed, ContentHash, DeliveryRecorded,
        FulfilmentStatus, ItemsCancelled, Lifecycle, Line, LineChange, LineQuantity, LineTax,
        OrderEvent, OrderFact, OrderPersonal, OrderSummary, PaymentMethod, PaymentRecorded,
        PaymentStatus, Placed, ReturnReason, ReturnRecorded, ReturnedUnits, ShipmentRecorded,
        Terms, Totals,
    },
    personal::{Address, Note},
};
use uuid::Uuid;

/// Time between two events, so that a short history crosses slots, days and years.
const STEP_MS: i64 = 5 * 60 * 60 * 1000 + 7 * 60 * 1000;
/// 2016-12-30T00:00:00Z.
const BEGIN_MS: i64 = 1_483_056_000_000;

/// An event as it was recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub envelope: Envelope,
    pub event: Event,
    pub data: Vec<u8>,
}

/// The store, and what its aggregates know.
#[derive(Debug, Clone)]
pub struct History {
    pub shards: ShardCount,
    pub log: Vec<Recorded>,
    heads: BTreeMap<Shard, (Position, EventId)>,
    orders: BTreeMap<OrderId, Order>,
    ids: u128,
    clock_ms: i64,
}

/// What an order is placed with, beside its lines.
#[derive(Debug, Clone, Copy)]
pub struct Placing<'a> {
    pub channel: &'a str,
    pub currency: &'a str,
    pub reference: &'a str,
}

#[derive(Debug, Clone)]
struct Order {
    summary: OrderSummary,
    version: Version,
    lines: Vec<LineState>,
}

#[derive(Debug, Clone, Default)]
struct LineState {
    price: i64,
    ordered: i64,
    cancelled: i64,
    shipped: i64,
    delivered: i64,
    returned: i64,
}

impl LineState {
    fn net(&self) -> i64 {
        self.price * (self.ordered - self.cancelled - self.returned)
    }
}

impl History {
    pub fn new(shards: u16) -> Self {
        Self {
            shards: ShardCount::new(shards).unwrap(),
            log: Vec::new(),
            heads: BTreeMap::new(),
            orders: BTreeMap::new(),
            ids: 0x0199_0000_0000_7000_8000_0000_0000_0000,
            clock_ms: BEGIN_MS,
        }
    }

    fn id(&mut self) -> Uuid {
        self.ids += 1;
        Uuid::from_u128(self.ids)
    }

    /// Position and id of the last event of a shard.
    pub fn head(&self, shard: Shard) -> (Position, EventId) {
        self.heads
            .get(&shard)
            .copied()
            .unwrap_or((Position::START, EventId::NIL))
    }

    pub fn summary(&self, order: OrderId) -> &OrderSummary {
        &self.orders[&order].summary
    }

    pub fn orders(&self) -> Vec<OrderId> {
        self.orders.keys().copied().collect()
    }

    /// A customer of a shard.
    pub fn register_in(&mut self, shard: Shard) -> CustomerId {
        let customer_id = loop {
            let id = CustomerId(self.id());
            if self.shards.shard_of(id) == shard {
                break id;
            }
        };
        let name = format!("Customer {}", self.log.len());
        self.registered(customer_id, &name);
        customer_id
    }

    /// A customer of a name, in whatever shard.
    pub fn register(&mut self, name: &str) -> CustomerId {
        let customer_id = CustomerId(self.id());
        self.registered(customer_id, name);
        customer_id
    }

    fn registered(&mut self, customer_id: CustomerId, name: &str) {
        let event = CustomerEvent::Registered(Box::new(Registered {
            customer_id,
            status: CustomerStatus::Active,
            reference: Some(ExternalReference {
                channel: "web".to_owned(),
                value: format!("REF {name}"),
            }),
            language: Some("en-US".to_owned()),
            tags: vec!["wholesale".to_owned(), "consumer".to_owned()],
            metadata: BTreeMap::new(),
            personal: Personal::plain(CustomerPersonal {
                name: name.to_owned(),
                email: None,
                phone: None,
                phone_e164: None,
                addresses: Vec::new(),
            }),
        }));
        self.record(
            StreamId::Customer(customer_id),
            Version(1),
            Event::Customer(event),
        );
    }

    /// From now on it is this late.
    pub fn at(&mut self, instant: &str) {
        let instant: Timestamp = instant.parse().unwrap();
        self.clock_ms = instant.millis();
    }

    /// An order of units at prices in minor units, with the rest in turns.
    pub fn place(&mut self, customer_id: CustomerId, units: &[(i64, i64)]) -> OrderId {
        let sequence = self.orders.len() + 1;
        let placing = Placing {
            channel: if sequence.is_multiple_of(3) {
                "desk"
            } else {
                "web"
            },
            currency: if sequence.is_multiple_of(4) {
                "EUR"
            } else {
                "USD"
            },
            reference: &format!("R-{sequence}"),
        };
        self.place_as(customer_id, &placing, units)
    }

    pub fn place_as(
        &mut self,
        customer_id: CustomerId,
        placing: &Placing<'_>,
        units: &[(i64, i64)],
    ) -> OrderId {
        let order_id = OrderId(self.id());
        let placed_at = Timestamp::from_millis(self.clock_ms).unwrap();
        let sequence = self.orders.len() as u64 + 1;
        let summary = OrderSummary {
            order_id,
            customer_id,
            channel: placing.channel.to_owned(),
            currency: placing.currency.parse::<Currency>().unwrap(),
            terms: Terms::Prepaid,
            number: Some(OrderNumber::new(placed_at, sequence)),
            placed_at: Some(placed_at),
            lifecycle: Lifecycle::Placed,
            payment_status: PaymentStatus::Unpaid,
            fulfilment_status: FulfilmentStatus::Unfulfilled,
            on_hold: false,
            totals: Totals::default(),
        };
        let lines = units
            .iter()
            .map(|&(ordered, price)| LineState {
                price,
                ordered,
                ..LineState::default()
            })
            .collect::<Vec<_>>();
        let placed = OrderFact::Placed(Box::new(Placed {
            prices_include_tax: false,
            digital: false,
            due_on: None,
            reference: Some(placing.reference.to_owned()),
            customer_reference: None,
            tags: Vec::new(),
            metadata: [("source".to_owned(), "test".to_owned())].into(),
            lines: (1..)
                .zip(&lines)
                .map(|(line, state)| line_of(line, state))
                .collect(),
            adjustments: Vec::new(),
            personal: Personal::plain(OrderPersonal {
                ship_to: Some(Address {
                    name: Some("Recipient".to_owned()),
                    city: Some("Henderson".to_owned()),
                    country: "US".to_owned(),
                    ..Address::default()
                }),
                ..OrderPersonal::default()
            }),
        }));
        let order = Order {
            summary,
            version: Version::NONE,
            lines: vec![LineState::default(); lines.len()],
        };
        self.orders.insert(order_id, order);
        self.change(order_id, placed, |order| order.lines = lines);
        order_id
    }

    pub fn confirm(&mut self, order: OrderId) {
        self.change(order, OrderFact::Confirmed(Confirmed {}), |order| {
            order.summary.lifecycle = Lifecycle::Confirmed;
        });
    }

    pub fn complete(&mut self, order: OrderId) {
        self.change(order, OrderFact::Completed(Completed {}), |order| {
            order.summary.lifecycle = Lifecycle::Completed;
        });
    }

    pub fn pay(&mut self, order: OrderId, amount: i64) {
        let fact = OrderFact::PaymentRecorded(PaymentRecorded {
            reference: self.reference(),
            amount,
            method: PaymentMethod::Card,
            content: ContentHash("00".to_owned()),
        });
        self.change(order, fact, |order| order.summary.totals.payments += amount);
    }

    /// Units of line 1, as many as are open and wanted.
    pub fn ship(&mut self, order: OrderId, wanted: i64) {
        let line = &self.orders[&order].lines[0];
        let quantity = wanted.min(line.ordered - line.cancelled - line.shipped);
        if quantity > 0 {
            let fact = OrderFact::ShipmentRecorded(ShipmentRecorded {
                reference: self.reference(),
                carrier: Some("post".to_owned()),
                tracking_number: None,
                lines: vec![LineQuantity { line: 1, quantity }],
                content: ContentHash("00".to_owned()),
            });
            self.change(order, fact, |order| order.lines[0].shipped += quantity);
        }
    }

    pub fn deliver(&mut self, order: OrderId, wanted: i64) {
        let line = &self.orders[&order].lines[0];
        let quantity = wanted.min(line.shipped - line.delivered);
        if quantity > 0 {
            let fact = OrderFact::DeliveryRecorded(DeliveryRecorded {
                reference: self.reference(),
                shipment: None,
                lines: vec![LineQuantity { line: 1, quantity }],
                content: ContentHash("00".to_owned()),
            });
            self.change(order, fact, |order| order.lines[0].delivered += quantity);
        }
    }

    pub fn take_back(&mut self, order: OrderId, wanted: i64) {
        let line = &self.orders[&order].lines[0];
        let quantity = wanted.min(line.delivered - line.returned);
        if quantity > 0 {
            let fact = OrderFact::ReturnRecorded(ReturnRecorded {
                reference: self.reference(),
                shipment: None,
                reason: ReturnReason::Unwanted,
                condition: None,
                undelivered: false,
                lines: vec![ReturnedUnits {
                    line: 1,
                    quantity,
                    undelivered: 0,
                }],
                adjustments: Vec::new(),
                content: ContentHash("00".to_owned()),
            });
            self.change(order, fact, |order| order.lines[0].returned += quantity);
        }
    }

    /// Cancels units of line 1, or the order when nothing else is open.
    pub fn cancel(&mut self, order: OrderId, wanted: i64) {
        let lines = &self.orders[&order].lines;
        let open = |line: &LineState| line.ordered - line.cancelled - line.shipped;
        let quantity = wanted.min(open(&lines[0]));
        if quantity == 0 {
            return;
        }
        let units = vec![LineQuantity { line: 1, quantity }];
        let remaining: i64 = lines.iter().map(|line| line.ordered - line.cancelled).sum();
        let fact = if remaining == quantity {
            OrderFact::Cancelled(Cancelled {
                reason: CancelReason::Customer,
                lines: units,
                personal: Personal::plain(Note {
                    note: Some("changed her mind".to_owned()),
                }),
            })
        } else {
            OrderFact::ItemsCancelled(ItemsCancelled {
                reason: CancelReason::Stock,
                lines: units,
                adjustments: Vec::new(),
                personal: Personal::plain(Note::default()),
            })
        };
        self.change(order, fact, |order| {
            order.lines[0].cancelled += quantity;
            if remaining == quantity {
                order.summary.lifecycle = Lifecycle::Cancelled;
            }
        });
    }

    fn reference(&self) -> String {
        format!("F-{}", self.log.len())
    }

    /// Records what happened to an order, with everything that follows from it.
    fn change(&mut self, order_id: OrderId, fact: OrderFact, apply: impl FnOnce(&mut Order)) {
        let before = self.orders[&order_id].clone();
        let mut after = before.clone();
        apply(&mut after);
        after.version = before.version.plus(1);
        let totals = &mut after.summary.totals;
        let sum = |of: fn(&LineState) -> i64| after.lines.iter().map(of).sum::<i64>();
        totals.units = sum(|line| line.ordered);
        totals.gross_sales = sum(|line| line.price * line.ordered);
        totals.cancellations = sum(|line| line.price * line.cancelled);
        totals.returns = sum(|line| line.price * line.returned);
        totals.net_sales = totals.gross_sales - totals.cancellations - totals.returns;
        totals.total_sales = totals.net_sales;
        totals.balance = totals.total_sales - totals.payments + totals.refunds;
        let changed_lines = (1..)
            .zip(before.lines.iter().zip(&after.lines))
            .filter(|(_, (before, after))| before.net() != after.net())
            .map(|(line, (before, after))| LineChange {
                line,
                sku: format!("SKU-{line}"),
                units: after.ordered - before.ordered,
                net: after.net() - before.net(),
                tax: 0,
            })
            .collect();
        let change = Change {
            totals: after
                .summary
                .totals
                .checked_sub(&before.summary.totals)
                .unwrap(),
            lines: changed_lines,
        };
        let event = OrderEvent {
            summary: after.summary.clone(),
            change,
            fact,
        };
        let version = after.version;
        self.orders.insert(order_id, after);
        self.record(
            StreamId::Order(order_id),
            version,
            Event::Order(Box::new(event)),
        );
    }

    fn record(&mut self, stream: StreamId, version: Version, event: Event) {
        let shard = self.shards.shard_of(event.customer_id());
        let (position, previous_id) = self.head(shard);
        let data = match &event {
            Event::Customer(event) => event.encode(),
            Event::Credit(event) => event.encode(),
            Event::Order(event) => event.encode(),
        }
        .unwrap();
        let event_id = EventId(self.id());
        let now = Timestamp::from_millis(self.clock_ms).unwrap();
        self.clock_ms += STEP_MS;
        let envelope = Envelope {
            event_id,
            event_type: event.event_type().to_owned(),
            stream,
            version,
            coordinate: Coordinate {
                epoch: Epoch::FIRST,
                shard,
                position: position.next(),
            },
            previous_id,
            occurred_at: now,
            recorded_at: now,
            correlation_id: Uuid::nil(),
            causation_id: Uuid::nil(),
            actor: Actor("service:test".to_owned()),
            traceparent: None,
        };
        self.heads.insert(shard, (position.next(), event_id));
        self.log.push(Recorded {
            envelope,
            event,
            data,
        });
    }
}

fn line_of(line: u32, state: &LineState) -> Line {
    Line {
        line,
        sku: format!("SKU-{line}"),
        name: format!("Article {line}"),
        category: None,
        reference: None,
        quantity: state.ordered,
        unit_price: state.price,
        discount: 0,
        tax: LineTax::Rate(TaxRate::ZERO),
        metadata: BTreeMap::new(),
    }
}
