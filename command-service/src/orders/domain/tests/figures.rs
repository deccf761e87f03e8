//! The arithmetic of lines, with and without tax in the prices.

use orderfold_events::order::{LineTax, Totals};
use proptest::prelude::*;

use super::*;
use crate::orders::domain::{LineRule, figures::LineTerms};

fn totals_of(lines: Vec<NewLine>, prices_include_tax: bool) -> Totals {
    let command = place_with(lines, |place| place.prices_include_tax = prices_include_tax);
    when(&Order::initial(), &command).unwrap()[0].summary.totals
}

#[test]
fn the_example_of_the_contract() {
    let mut included = line(3, 1190);
    included.discount = 70;
    included.tax = rate("0.19");
    let totals = totals_of(vec![included], true);
    assert_eq!((totals.gross_sales, totals.discounts), (3000, 59));
    assert_eq!((totals.net_sales, totals.taxes), (2941, 559));
    assert_eq!(totals.total_sales, 3500);
}

#[test]
fn a_given_tax_is_taken_out_of_prices_that_include_it() {
    let mut included = line(3, 1190);
    included.discount = 70;
    included.tax = LineTax::Amount(559);
    let totals = totals_of(vec![included], true);
    // 559 × 3570 ÷ 3500 = 570.18: the gross had 570 of tax.
    assert_eq!((totals.gross_sales, totals.discounts), (3000, 59));
    assert_eq!((totals.net_sales, totals.taxes), (2941, 559));
}

#[test]
fn a_line_that_is_given_away_has_a_gross_and_a_discount_and_no_tax() {
    for prices_include_tax in [false, true] {
        let mut free = line(2, 100);
        free.discount = 200;
        free.tax = LineTax::Amount(0);
        let totals = totals_of(vec![free], prices_include_tax);
        assert_eq!((totals.gross_sales, totals.discounts), (200, 200));
        assert_eq!(totals.total_sales, 0);
    }
}

#[test]
fn parts_of_a_line_round_so_that_the_whole_is_exact() {
    let mut uneven = line(3, 100);
    uneven.discount = 100;
    uneven.tax = LineTax::Amount(10);
    let mut order = given([place(vec![uneven])]);
    let mut cancelled = vec![];
    for _ in 0..3 {
        let events = when(&order, &cancel(&[(1, 1)])).unwrap();
        let change = events[0].change.totals;
        cancelled.push((change.cancellations, change.taxes));
        order = after(order, &events);
    }
    // 200 ÷ 3: 133 stay of three, then 67, then none; 10 ÷ 3: 7, 3, none.
    assert_eq!(cancelled, [(67, -3), (66, -4), (67, -3)]);
    assert_eq!(summary(&order).totals.total_sales, 0);
}

proptest! {
    #[test]
    fn a_line_that_passes_its_check_has_figures_that_add_up(
        quantity in 1..=1_000_000_i64,
        unit_price in 0..=1_000_000_000_000_i64,
        discounted in 0..=1_000_i64,
        taxed in prop_oneof![
            (0..=1_000_000_u32).prop_map(|millionths| {
                let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
                LineTax::Rate(text.parse().unwrap())
            }),
            (0..=1_000_000_000_000_i64).prop_map(LineTax::Amount),
        ],
        prices_include_tax: bool,
        units in 0..=1_000_000_i64,
    ) {
        let gross = i128::from(unit_price) * i128::from(quantity);
        let terms = LineTerms {
            quantity,
            unit_price,
            discount: i64::try_from(gross * i128::from(discounted) / 1_000).unwrap(),
            tax: taxed,
            prices_include_tax,
        };
        prop_assert!(!matches!(terms.check(), Err(LineRule::Discount | LineRule::UnitPrice)));
        if terms.check().is_ok() {
            let gross_net = terms.gross_net().unwrap();
            let whole = terms.worth(quantity).unwrap();
            let part = terms.worth(units.min(quantity)).unwrap();
            prop_assert!(0 <= whole.net && whole.net <= gross_net, "{whole:?} of {gross_net}");
            prop_assert!(0 <= part.net && 0 <= part.tax);
            prop_assert!(part.net <= whole.net + 1 && part.tax <= whole.tax + 1);
            if prices_include_tax {
                prop_assert_eq!(whole.net + whole.tax, unit_price * quantity - terms.discount);
            } else {
                prop_assert_eq!(gross_net, unit_price * quantity);
            }
            prop_assert_eq!(terms.worth(0).unwrap(), crate::orders::domain::figures::Taxed::default());
        }
    }
}
