//! What single facts do to an order's document.

use orderfold_events::{
    Personal,
    order::{
        Adjustment, Amended, CancelReason, DeliveryRecorded, Held, LineQuantity, RefundRecorded,
        Released, ReturnRecorded,
    },
    personal::Note,
};

use super::{
    AMENDMENTS_MAX, FACTS_MAX, FactTime, OrderAdjustment, OrderAmendment, OrderCancellation,
    OrderDelivery, OrderDocument, OrderHold, OrderRefund, OrderReturn, lines,
};
use crate::projections::Contradiction;

/// Adds a fact; beyond the limit the oldest goes.
pub(super) fn keep<T>(facts: &mut Vec<T>, fact: T, facts_max: usize) {
    facts.push(fact);
    let beyond = facts.len().saturating_sub(facts_max);
    facts.drain(..beyond);
}

pub(super) fn hold(order: &mut OrderDocument, at: FactTime, held: &Held) {
    let hold = OrderHold {
        hold: held.hold,
        at,
        reason: held.reason,
        personal: held.personal.clone(),
        closed: None,
        release: None,
    };
    keep(&mut order.holds, hold, FACTS_MAX);
}

pub(super) fn release(order: &mut OrderDocument, at: FactTime, released: &Released) {
    for hold in &mut order.holds {
        if released.holds.contains(&hold.hold) {
            hold.closed = Some(at);
            hold.release = Some(released.personal.clone());
        }
    }
}

/// An order that ends closes its holds, without an event of their own.
pub(super) fn close_holds(order: &mut OrderDocument, at: FactTime) {
    for hold in &mut order.holds {
        hold.closed.get_or_insert(at);
    }
}

pub(super) fn amend(
    order: &mut OrderDocument,
    at: FactTime,
    it: &Amended,
) -> Result<(), Contradiction> {
    lines::amend(&mut order.lines, &it.lines)?;
    lines::cancel(&mut order.lines, &it.cancelled)?;
    adjust(order, &it.adjustments);
    let amendment = OrderAmendment {
        at,
        reason: it.reason,
        lines: it.lines.iter().map(|line| line.line).collect(),
        cancelled: it.cancelled.clone(),
        personal: it.personal.clone(),
    };
    keep(&mut order.amendments, amendment, AMENDMENTS_MAX);
    Ok(())
}

pub(super) fn cancel(
    order: &mut OrderDocument,
    (at, reason): (FactTime, CancelReason),
    quantities: &[LineQuantity],
    personal: &Personal<Note>,
) -> Result<(), Contradiction> {
    lines::cancel(&mut order.lines, quantities)?;
    let cancellation = OrderCancellation {
        at,
        reason,
        lines: quantities.to_vec(),
        personal: personal.clone(),
    };
    keep(&mut order.cancellations, cancellation, FACTS_MAX);
    Ok(())
}

pub(super) fn give_back(order: &mut OrderDocument, at: FactTime, refund: &RefundRecorded) {
    adjust(order, &refund.adjustments);
    let refund = OrderRefund {
        at,
        reference: refund.reference.clone(),
        amount: refund.amount,
        reason: refund.reason,
        payment: refund.payment.clone(),
        return_reference: refund.return_reference.clone(),
    };
    keep(&mut order.refunds, refund, FACTS_MAX);
}

pub(super) fn deliver(
    order: &mut OrderDocument,
    at: FactTime,
    delivery: &DeliveryRecorded,
) -> Result<(), Contradiction> {
    if order.digital {
        lines::ship(&mut order.lines, &delivery.lines)?;
    }
    lines::deliver(&mut order.lines, &delivery.lines)?;
    let delivery = OrderDelivery {
        at,
        reference: delivery.reference.clone(),
        shipment: delivery.shipment.clone(),
        lines: delivery.lines.clone(),
    };
    keep(&mut order.deliveries, delivery, FACTS_MAX);
    Ok(())
}

pub(super) fn take_back(
    order: &mut OrderDocument,
    at: FactTime,
    returned: &ReturnRecorded,
) -> Result<(), Contradiction> {
    lines::take_back(&mut order.lines, &returned.lines)?;
    adjust(order, &returned.adjustments);
    let returned = OrderReturn {
        at,
        reference: returned.reference.clone(),
        shipment: returned.shipment.clone(),
        reason: returned.reason,
        condition: returned.condition,
        undelivered: returned.undelivered,
        lines: returned.lines.clone(),
    };
    keep(&mut order.returns, returned, FACTS_MAX);
    Ok(())
}

pub(super) fn adjust(order: &mut OrderDocument, added: &[Adjustment]) {
    for adjustment in added {
        keep(&mut order.adjustments, valid(adjustment), FACTS_MAX);
    }
}

pub(super) fn valid(adjustment: &Adjustment) -> OrderAdjustment {
    OrderAdjustment {
        adjustment: adjustment.clone(),
        voided: false,
    }
}
