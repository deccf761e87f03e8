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

pub fn some_command() -> impl Strategy<Value = OrderCommand> {
    let reference = || 0..8_u32;
    prop_oneof![
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
