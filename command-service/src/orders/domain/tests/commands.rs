//! Commands and circumstances as tests give them: plausible by default, with what matters changed.

use std::collections::BTreeMap;

use orderfold_events::{
    CustomerId, OrderId, OrderNumber, TaxRate, Timestamp,
    order::{
        AdjustmentKind, AmendReason, CancelReason, ContentHash, HoldReason, LineQuantity, LineTax,
        OrderPersonal, PaymentMethod, RefundReason, ReturnReason, Terms,
    },
    personal::Address,
};
use uuid::Uuid;

use crate::orders::domain::{
    AddNote, Amend, AmendLine, Cancel, ChangeDraft, Circumstances, Confirm, CustomerStanding,
    DetailsPatch, DistinctLines, Hold, NewAdjustment, NewLine, OrderCommand, Place, PlaceDraft,
    RecordDelivery, RecordPayment, RecordRefund, RecordReturn, RecordShipment, Release, Requester,
};

pub const PLACED_AT: i64 = 1_700_000_000_000;
pub const NOW: i64 = PLACED_AT + 60_000;

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

/// An active customer.
pub fn usual() -> Circumstances {
    Circumstances {
        now: at(NOW),
        customer: CustomerStanding::Active,
    }
}

pub fn with_customer(customer: CustomerStanding) -> Circumstances {
    Circumstances {
        customer,
        ..usual()
    }
}

pub fn rate(text: &str) -> LineTax {
    LineTax::Rate(text.parse().unwrap())
}

/// A line without tax.
pub fn line(quantity: i64, unit_price: i64) -> NewLine {
    NewLine {
        sku: format!("SKU-{unit_price}"),
        name: "A thing".to_owned(),
        category: None,
        reference: None,
        quantity,
        unit_price,
        discount: 0,
        tax: rate("0"),
        metadata: BTreeMap::new(),
    }
}

pub fn adjustment(kind: AdjustmentKind, amount: i64) -> NewAdjustment {
    NewAdjustment {
        kind,
        label: None,
        amount,
        tax_rate: TaxRate::ZERO,
    }
}

pub fn place_command(lines: Vec<NewLine>) -> Place {
    Place {
        order_id: OrderId(Uuid::from_u128(1)),
        customer_id: CustomerId(Uuid::from_u128(2)),
        number: Some(OrderNumber::new(at(PLACED_AT), 1)),
        channel: "web".to_owned(),
        currency: "EUR".parse().unwrap(),
        terms: Terms::Prepaid,
        prices_include_tax: false,
        digital: false,
        due_on: None,
        reference: Some("R-1".to_owned()),
        customer_reference: None,
        tags: vec![],
        metadata: BTreeMap::new(),
        lines,
        adjustments: vec![],
        personal: OrderPersonal {
            ship_to: Some(address("Henderson")),
            ..OrderPersonal::default()
        },
        occurred_at: Some(at(PLACED_AT)),
    }
}

pub fn place(lines: Vec<NewLine>) -> OrderCommand {
    place_with(lines, |_| {})
}

pub fn place_with(lines: Vec<NewLine>, change: impl FnOnce(&mut Place)) -> OrderCommand {
    let mut place = place_command(lines);
    change(&mut place);
    OrderCommand::Place(Box::new(place))
}

pub fn address(city: &str) -> Address {
    Address {
        city: Some(city.to_owned()),
        country: "US".to_owned(),
        ..Address::default()
    }
}

/// The draft of an order on those lines.
pub fn draft(lines: Vec<NewLine>) -> OrderCommand {
    draft_with(lines, |_| {})
}

pub fn draft_with(lines: Vec<NewLine>, change: impl FnOnce(&mut Place)) -> OrderCommand {
    let mut place = place_command(lines);
    place.number = None;
    place.occurred_at = None;
    change(&mut place);
    OrderCommand::Draft(Box::new(place))
}

pub fn change_draft(change: impl FnOnce(&mut ChangeDraft)) -> OrderCommand {
    let mut command = ChangeDraft::default();
    change(&mut command);
    OrderCommand::ChangeDraft(Box::new(command))
}

pub fn place_draft() -> OrderCommand {
    OrderCommand::PlaceDraft(Box::new(PlaceDraft {
        number: Some(OrderNumber::new(at(NOW), 1)),
        ..PlaceDraft::default()
    }))
}

pub fn confirm() -> OrderCommand {
    OrderCommand::Confirm(Confirm {
        requester: Requester::Trader,
    })
}

pub fn hold(reason: HoldReason, note: Option<&str>) -> OrderCommand {
    OrderCommand::Hold(Hold {
        reason,
        note: note.map(str::to_owned),
        occurred_at: None,
    })
}

pub fn release(hold: Option<u32>) -> OrderCommand {
    OrderCommand::Release(Release {
        hold,
        ..Release::default()
    })
}

pub fn amend(change: impl FnOnce(&mut Amend)) -> OrderCommand {
    let mut command = Amend {
        reason: AmendReason::Customer,
        lines: vec![],
        new_lines: vec![],
        adjustments: vec![],
        ship_to: None,
        bill_to: None,
    };
    change(&mut command);
    OrderCommand::Amend(Box::new(command))
}

/// Wants so many units of a line.
pub fn want(line: u32, quantity: i64) -> OrderCommand {
    amend(|it| {
        it.lines = vec![AmendLine {
            line,
            quantity: Some(quantity),
            ..AmendLine::default()
        }];
    })
}

pub fn update(change: impl FnOnce(&mut DetailsPatch)) -> OrderCommand {
    let mut patch = DetailsPatch::default();
    change(&mut patch);
    OrderCommand::UpdateDetails(patch)
}

pub fn refund_command(reference: &str, amount: i64) -> RecordRefund {
    RecordRefund {
        reference: reference.to_owned(),
        amount,
        reason: RefundReason::Goodwill,
        payment: None,
        return_reference: None,
        adjustments: vec![],
        content: content(amount),
        occurred_at: None,
    }
}

pub fn refund(reference: &str, amount: i64) -> OrderCommand {
    refund_with(reference, amount, |_| {})
}

pub fn refund_with(
    reference: &str,
    amount: i64,
    change: impl FnOnce(&mut RecordRefund),
) -> OrderCommand {
    let mut command = refund_command(reference, amount);
    change(&mut command);
    OrderCommand::RecordRefund(command)
}

pub fn note(text: &str) -> OrderCommand {
    OrderCommand::AddNote(AddNote {
        text: text.to_owned(),
    })
}

/// `(line, quantity)` pairs; none at all is the absence of a list.
pub fn some_lines(pairs: &[(u32, i64)]) -> Option<DistinctLines> {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|&(line, quantity)| LineQuantity { line, quantity })
        .collect();
    (!pairs.is_empty()).then(|| DistinctLines::new(pairs).unwrap())
}

pub fn content(of: impl std::fmt::Debug) -> ContentHash {
    ContentHash(format!("{of:?}"))
}

pub fn cancel(pairs: &[(u32, i64)]) -> OrderCommand {
    cancel_as(Requester::Trader, pairs)
}

pub fn cancel_as(requester: Requester, pairs: &[(u32, i64)]) -> OrderCommand {
    OrderCommand::Cancel(Cancel {
        reason: CancelReason::Customer,
        note: None,
        lines: some_lines(pairs),
        requester,
        occurred_at: None,
    })
}

pub fn pay(reference: &str, amount: i64) -> OrderCommand {
    OrderCommand::RecordPayment(RecordPayment {
        reference: reference.to_owned(),
        amount,
        method: PaymentMethod::Card,
        content: content(amount),
        occurred_at: None,
    })
}

pub fn ship(reference: &str, pairs: &[(u32, i64)]) -> OrderCommand {
    OrderCommand::RecordShipment(RecordShipment {
        reference: reference.to_owned(),
        carrier: None,
        tracking_number: None,
        lines: some_lines(pairs),
        content: content(pairs),
        occurred_at: None,
    })
}

pub fn deliver(reference: &str, pairs: &[(u32, i64)]) -> OrderCommand {
    deliver_from(None, reference, pairs)
}

pub fn deliver_from(shipment: Option<&str>, reference: &str, pairs: &[(u32, i64)]) -> OrderCommand {
    OrderCommand::RecordDelivery(RecordDelivery {
        reference: reference.to_owned(),
        shipment: shipment.map(str::to_owned),
        lines: some_lines(pairs),
        content: content((shipment, pairs)),
        occurred_at: None,
    })
}

pub fn return_command(reference: &str, pairs: &[(u32, i64)]) -> RecordReturn {
    RecordReturn {
        reference: reference.to_owned(),
        shipment: None,
        reason: ReturnReason::Unwanted,
        condition: None,
        undelivered: false,
        lines: some_lines(pairs).unwrap(),
        adjustments: vec![],
        content: content(pairs),
        occurred_at: None,
    }
}

pub fn give_back(reference: &str, pairs: &[(u32, i64)]) -> OrderCommand {
    OrderCommand::RecordReturn(return_command(reference, pairs))
}

pub fn give_back_with(
    reference: &str,
    pairs: &[(u32, i64)],
    change: impl FnOnce(&mut RecordReturn),
) -> OrderCommand {
    let mut command = return_command(reference, pairs);
    change(&mut command);
    OrderCommand::RecordReturn(command)
}

/// The same command, told to have happened at another time.
pub fn backdated(mut command: OrderCommand, millis: i64) -> OrderCommand {
    let time = Some(at(millis));
    match &mut command {
        OrderCommand::Place(place) => place.occurred_at = time,
        OrderCommand::Hold(hold) => hold.occurred_at = time,
        OrderCommand::Release(release) => release.occurred_at = time,
        OrderCommand::RecordRefund(refund) => refund.occurred_at = time,
        OrderCommand::Draft(_)
        | OrderCommand::ChangeDraft(_)
        | OrderCommand::DiscardDraft
        | OrderCommand::PlaceDraft(_)
        | OrderCommand::Confirm(_)
        | OrderCommand::Amend(_)
        | OrderCommand::UpdateDetails(_)
        | OrderCommand::AddNote(_) => panic!("it takes no time of its own"),
        OrderCommand::Cancel(cancel) => cancel.occurred_at = time,
        OrderCommand::RecordPayment(payment) => payment.occurred_at = time,
        OrderCommand::RecordShipment(shipment) => shipment.occurred_at = time,
        OrderCommand::RecordDelivery(delivery) => delivery.occurred_at = time,
        OrderCommand::RecordReturn(returned) => returned.occurred_at = time,
    }
    command
}
