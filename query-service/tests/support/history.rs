//! A make-believe store: records events of customers and orders that fit together, with gapless positions, versions
//! and links. It stands in for the command service where that is not the thing under test.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use orderfold_events::{
    Actor, Coordinate, Currency, CustomerId, Envelope, Epoch, Event, EventId, Keys, OrderId,
    OrderNumber, Personal, Position, SealingKey, Shard, ShardCount, StreamId, TaxRate, Timestamp,
    Version,
    credit::CreditEvent,
    customer::{
        CustomerEvent, CustomerPersonal, CustomerStatus, EraseReason, Erased, ExternalReference,
        KeyDestroyed, Registered,
    },
    order::{
        CancelReason, Cancelled, Change, Completed, Confirmed, ContentHash, DeliveryRecorded,
        Discarded, DraftContent, FulfilmentStatus, ItemsCancelled, Lifecycle, Line, LineChange,
        LineQuantity, LineTax, OrderEvent, OrderFact, OrderPersonal, OrderSummary, PaymentMethod,
        PaymentRecorded, PaymentStatus, Placed, ReturnReason, ReturnRecorded, ReturnedUnits,
        ShipmentRecorded, Terms, Totals,
    },
    personal::{Address, Note, PlainData},
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
    /// Versions of the streams of customers and credit accounts.
    versions: BTreeMap<StreamId, Version>,
    ids: u128,
    clock_ms: i64,
}

/// What an order is placed with, beside its lines.
#[derive(Debug, Clone, Copy)]
pub struct Placing<'a> {
    pub channel: &'a str,
    pub currency: &'a str,
    pub reference: &'a str,
    /// Prepaid, or on account and due on a day.
    pub due_on: Option<NaiveDate>,
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
            versions: BTreeMap::new(),
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

    pub fn number(&self, order: OrderId) -> OrderNumber {
        self.orders[&order].summary.number.unwrap()
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
        self.happen_to_customer(event);
    }

    /// Records an event of a customer.
    pub fn happen_to_customer(&mut self, event: CustomerEvent) {
        self.record_next(&Event::Customer(event));
    }

    /// The customer asks to be forgotten.
    pub fn erase(&mut self, customer_id: CustomerId) {
        self.happen_to_customer(CustomerEvent::Erased(Erased {
            customer_id,
            status: CustomerStatus::Erased,
            reason: EraseReason::Request,
        }));
    }

    pub fn destroy_key(&mut self, customer_id: CustomerId) {
        self.happen_to_customer(CustomerEvent::KeyDestroyed(KeyDestroyed {
            customer_id,
            status: CustomerStatus::Erased,
        }));
    }

    /// Records an event of a credit account.
    pub fn happen_to_credit(&mut self, event: CreditEvent) {
        self.record_next(&Event::Credit(event));
    }

    fn record_next(&mut self, event: &Event) {
        let stream = event.stream();
        let version = self.versions.entry(stream).or_insert(Version::NONE);
        *version = version.plus(1);
        let version = *version;
        self.record(stream, version, event);
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
            due_on: None,
        };
        self.place_as(customer_id, &placing, units)
    }

    pub fn place_as(
        &mut self,
        customer_id: CustomerId,
        placing: &Placing<'_>,
        units: &[(i64, i64)],
    ) -> OrderId {
        let order = self.start(customer_id, placing);
        self.place_started(order, placing, units);
        order
    }

    /// A draft of an order.
    pub fn draft(
        &mut self,
        customer_id: CustomerId,
        placing: &Placing<'_>,
        units: &[(i64, i64)],
    ) -> OrderId {
        let order = self.start(customer_id, placing);
        let content = Box::new(draft_of(placing, &lines_of(units)));
        self.change(order, OrderFact::Drafted(content), |_| {});
        order
    }

    pub fn change_draft(&mut self, order: OrderId, placing: &Placing<'_>, units: &[(i64, i64)]) {
        let content = Box::new(draft_of(placing, &lines_of(units)));
        self.change(order, OrderFact::DraftChanged(content), |_| {});
    }

    pub fn discard(&mut self, order: OrderId) {
        self.change(order, OrderFact::Discarded(Discarded {}), |order| {
            order.summary.lifecycle = Lifecycle::Discarded;
        });
    }

    /// An order that nothing has happened to.
    fn start(&mut self, customer_id: CustomerId, placing: &Placing<'_>) -> OrderId {
        let order_id = OrderId(self.id());
        let summary = OrderSummary {
            order_id,
            customer_id,
            channel: placing.channel.to_owned(),
            currency: placing.currency.parse::<Currency>().unwrap(),
            terms: match placing.due_on {
                Some(_) => Terms::OnAccount,
                None => Terms::Prepaid,
            },
            number: None,
            placed_at: None,
            lifecycle: Lifecycle::Draft,
            payment_status: PaymentStatus::NothingDue,
            fulfilment_status: FulfilmentStatus::Unfulfilled,
            on_hold: false,
            totals: Totals::default(),
        };
        let order = Order {
            summary,
            version: Version::NONE,
            lines: Vec::new(),
        };
        self.orders.insert(order_id, order);
        order_id
    }

    /// Places what is a draft, or nothing yet.
    pub fn place_started(&mut self, order: OrderId, placing: &Placing<'_>, units: &[(i64, i64)]) {
        let placed_at = Timestamp::from_millis(self.clock_ms).unwrap();
        let number = OrderNumber::new(placed_at, self.orders.len() as u64);
        let lines = lines_of(units);
        let placed = OrderFact::Placed(Box::new(content_of(placing, &lines)));
        self.change(order, placed, |order| {
            order.summary.number = Some(number);
            order.summary.placed_at = Some(placed_at);
            order.summary.lifecycle = Lifecycle::Placed;
            order.summary.payment_status = PaymentStatus::Unpaid;
            order.lines = lines;
        });
    }

    /// Records any fact of an order, with what it makes of the order's summary.
    pub fn happen_to_order(
        &mut self,
        order: OrderId,
        fact: OrderFact,
        summary: impl FnOnce(&mut OrderSummary),
    ) {
        self.change(order, fact, |order| summary(&mut order.summary));
    }

    /// Records any fact that adds a line of so many units at a price.
    pub fn happen_with_line(&mut self, order: OrderId, fact: OrderFact, units: (i64, i64)) {
        self.change(order, fact, |order| order.lines.extend(lines_of(&[units])));
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
        totals.total_sales = totals.net_sales + totals.adjustments + totals.taxes;
        totals.balance = totals.total_sales - totals.payments + totals.refunds;
        let nothing = LineState::default();
        let lines_before = before.lines.iter().chain(std::iter::repeat(&nothing));
        let changed_lines = (1..)
            .zip(lines_before.zip(&after.lines))
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
            &Event::Order(Box::new(event)),
        );
    }

    fn record(&mut self, stream: StreamId, version: Version, event: &Event) {
        let shard = self.shards.shard_of(event.customer_id());
        let (position, previous_id) = self.head(shard);
        let data = match event {
            Event::Customer(event) => event.encode(),
            Event::Credit(event) => event.encode(),
            Event::Order(event) => event.encode(),
        }
        .unwrap();
        let event_id = EventId(self.id());
        let customer = event.customer_id();
        let data = match PlainData::read(&data).unwrap() {
            Some(plain) => plain.seal(event_id, customer, &key_of(customer)).unwrap(),
            None => data,
        };
        let event = Event::decode(event.event_type(), &data).unwrap();
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

/// The key that a customer's personal data is sealed with here.
pub fn key_of(customer: CustomerId) -> SealingKey {
    SealingKey::derive(b"keys of a make-believe store", &customer.to_string())
}

/// The keys of everybody in a log.
pub fn keys_of(log: &[Recorded]) -> Keys {
    log.iter()
        .map(|recorded| recorded.event.customer_id())
        .map(|customer| (customer, key_of(customer)))
        .collect()
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

fn lines_of(units: &[(i64, i64)]) -> Vec<LineState> {
    let lines = units.iter().map(|&(ordered, price)| LineState {
        price,
        ordered,
        ..LineState::default()
    });
    lines.collect()
}

fn draft_of(placing: &Placing<'_>, lines: &[LineState]) -> DraftContent {
    let gross = lines.iter().map(LineState::net).sum();
    DraftContent {
        order: content_of(placing, lines),
        preview: Totals {
            units: lines.iter().map(|line| line.ordered).sum(),
            gross_sales: gross,
            net_sales: gross,
            total_sales: gross,
            balance: gross,
            ..Totals::default()
        },
    }
}

fn content_of(placing: &Placing<'_>, lines: &[LineState]) -> Placed {
    Placed {
        prices_include_tax: false,
        digital: false,
        due_on: placing.due_on,
        reference: Some(placing.reference.to_owned()),
        customer_reference: None,
        tags: Vec::new(),
        metadata: [("source".to_owned(), "test".to_owned())].into(),
        lines: (1..)
            .zip(lines)
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
    }
}
