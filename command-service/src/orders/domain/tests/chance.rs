//! Orders and commands by chance: mostly plausible, often wrong.

use orderfold_events::{TaxRate, order::LineTax};
use proptest::{collection::vec, prelude::*};

use super::*;

fn some_tax() -> impl Strategy<Value = LineTax> {
    prop_oneof![
        prop::sample::select(vec!["0", "0.07", "0.19", "0.08875", "1"]).prop_map(rate),
        (0..40_i64).prop_map(LineTax::Amount),
    ]
}

fn some_line() -> impl Strategy<Value = NewLine> {
    (1..6_i64, 0..400_i64, 0..=100_i64, some_tax()).prop_map(
        |(quantity, unit_price, percent, tax)| {
            let mut line = line(quantity, unit_price);
            line.discount = quantity * unit_price * percent / 100;
            let value = quantity * unit_price - line.discount;
            line.tax = match tax {
                LineTax::Amount(tax) => LineTax::Amount(tax.min(value)),
                LineTax::Rate(_) => tax,
            };
            line
        },
    )
}

fn some_adjustments(most: usize) -> impl Strategy<Value = Vec<NewAdjustment>> {
    let one =
        (-300..300_i64, prop::sample::select(vec!["0", "0.19"])).prop_map(|(amount, rate)| {
            NewAdjustment {
                amount,
                tax_rate: rate.parse().unwrap_or(TaxRate::ZERO),
                ..adjustment(AdjustmentKind::Other, amount)
            }
        });
    vec(one, 0..=most)
}

pub fn some_order() -> impl Strategy<Value = OrderCommand> {
    (
        vec(some_line(), 1..4),
        some_adjustments(2),
        (any::<bool>(), prop::bool::weighted(0.3), any::<bool>()),
    )
        .prop_map(|(lines, adjustments, (included, digital, on_account))| {
            place_with(lines, |place| {
                place.adjustments = adjustments;
                place.prices_include_tax = included;
                place.digital = digital;
                if on_account {
                    place.terms = Terms::OnAccount;
                }
            })
        })
        .prop_flat_map(|whole| {
            // Now and then it starts as a draft.
            prop::bool::weighted(0.3).prop_map(move |drafted| match whole.clone() {
                OrderCommand::Place(mut place) if drafted => {
                    place.number = None;
                    place.occurred_at = None;
                    OrderCommand::Draft(place)
                }
                whole => whole,
            })
        })
}

/// Some lines, or now and then none, which means all.
fn some_pairs() -> impl Strategy<Value = Vec<(u32, i64)>> {
    prop_oneof![
        1 => Just(vec![]),
        4 => some_named_pairs(),
    ]
}

/// Cancelling everything ends most walks, so it is rare.
fn some_cancelled_pairs() -> impl Strategy<Value = Vec<(u32, i64)>> {
    prop_oneof![
        1 => Just(vec![]),
        12 => some_named_pairs(),
    ]
}

/// Line numbers and shipments go one too far on purpose.
fn some_named_pairs() -> impl Strategy<Value = Vec<(u32, i64)>> {
    prop::collection::btree_map(1..5_u32, 1..4_i64, 1..3).prop_map(|map| map.into_iter().collect())
}

fn some_shipment() -> impl Strategy<Value = Option<String>> {
    prop::option::weighted(0.3, (0..4_u32).prop_map(|number| format!("S{number}")))
}

fn some_reason() -> impl Strategy<Value = HoldReason> {
    prop::sample::select(HoldReason::ALL)
}

fn some_details() -> impl Strategy<Value = OrderCommand> {
    (0..3_u32, prop::option::of("[a-c]")).prop_map(|(which, text)| {
        update(|it| match (which, text) {
            (0, Some(text)) => it.reference = Patch::Set(text),
            (0, None) => it.reference = Patch::Clear,
            (1, text) => it.tags = Some(text.into_iter().collect()),
            (_, text) => {
                it.metadata = Patch::Set(BTreeMap::from([("key".to_owned(), text)]));
            }
        })
    })
}

fn some_draft_change() -> impl Strategy<Value = OrderCommand> {
    (
        prop::option::of(vec(some_line(), 0..4)),
        prop::option::of(some_adjustments(2)),
        prop::option::of(any::<bool>()),
    )
        .prop_map(|(lines, adjustments, included)| {
            change_draft(|it| {
                it.lines = lines;
                it.adjustments = adjustments;
                it.prices_include_tax = included;
            })
        })
}

/// What an amendment wants of a line, or of several; price, discount and tax now and then.
fn some_amended_lines() -> impl Strategy<Value = Vec<AmendLine>> {
    let entry = (
        prop::option::weighted(0.7, 0..8_i64),
        prop::option::weighted(0.3, 0..400_i64),
        prop::option::weighted(0.2, 0..300_i64),
        prop::option::weighted(0.3, some_tax()),
    );
    prop::collection::btree_map(1..5_u32, entry, 0..3).prop_map(|lines| {
        lines
            .into_iter()
            .map(|(line, (quantity, unit_price, discount, tax))| AmendLine {
                line,
                quantity,
                unit_price,
                discount,
                tax,
            })
            .collect()
    })
}

fn some_amendment() -> impl Strategy<Value = OrderCommand> {
    (
        some_amended_lines(),
        prop_oneof![3 => Just(vec![]), 1 => vec(some_line(), 1..2)],
        prop_oneof![2 => Just(vec![]), 1 => some_adjustments(1)],
    )
        .prop_map(|(lines, new_lines, adjustments)| {
            amend(|it| {
                it.lines = lines;
                it.new_lines = new_lines;
                it.adjustments = adjustments;
            })
        })
}

fn some_refund() -> impl Strategy<Value = OrderCommand> {
    let reason = prop::sample::select(RefundReason::ALL);
    let payment = prop::option::weighted(0.3, (0..8_u32).prop_map(|n| format!("P{n}")));
    (0..8_u32, 1..900_i64, reason, payment, some_adjustments(1)).prop_map(
        |(n, amount, reason, payment, adjustments)| {
            refund_with(&format!("R{n}"), amount, |it| {
                it.content = content((amount, reason, &payment, &adjustments));
                it.reason = reason;
                it.payment = payment;
                it.adjustments = adjustments;
            })
        },
    )
}

/// What moves neither money nor goods.
fn some_word() -> impl Strategy<Value = OrderCommand> {
    prop_oneof![
        1 => Just(OrderCommand::DiscardDraft),
        6 => some_draft_change(),
        6 => Just(place_draft()),
        3 => Just(confirm()),
        6 => (some_reason(), prop::option::of("[ab]")).prop_map(|(reason, note)| hold(reason, note.as_deref())),
        8 => prop::option::of(1..4_u32).prop_map(release),
        4 => some_details(),
        2 => Just(note("a word")),
    ]
}

pub fn some_command() -> impl Strategy<Value = OrderCommand> {
    let reference = || 0..8_u32;
    prop_oneof![
        6 => some_word(),
        5 => some_amendment(),
        3 => some_refund(),
        2 => some_cancelled_pairs().prop_map(|pairs| cancel(&pairs)),
        6 => (reference(), prop_oneof![1..900_i64, 900..4_000_i64]).prop_map(|(n, amount)| pay(&format!("P{n}"), amount)),
        4 => (reference(), some_pairs()).prop_map(|(n, pairs)| ship(&format!("S{n}"), &pairs)),
        4 => (reference(), some_shipment(), some_pairs()).prop_map(|(n, shipment, pairs)| {
            deliver_from(shipment.as_deref(), &format!("D{n}"), &pairs)
        }),
        3 => (reference(), some_shipment(), some_named_pairs(), some_adjustments(1), any::<bool>())
            .prop_map(|(n, shipment, pairs, adjustments, undelivered)| {
                give_back_with(&format!("B{n}"), &pairs, |it| {
                    it.shipment = shipment;
                    it.adjustments = adjustments;
                    it.undelivered = undelivered;
                    it.content = content((&it.shipment, &it.adjustments, undelivered, &pairs));
                })
            }),
    ]
}
