//! Placing what was drafted.

use super::*;

#[test]
fn a_draft_may_have_no_lines_and_nowhere_to_go_until_it_is_placed() {
    let order = given([draft_with(vec![], |place| {
        place.personal = OrderPersonal::default();
    })]);
    assert_eq!(refusal(&order, &place_draft()), OrderError::NoLines);
    let order = given([
        draft_with(vec![], |place| place.personal = OrderPersonal::default()),
        change_draft(|it| it.lines = Some(vec![line(1, 100)])),
    ]);
    assert_eq!(
        refusal(&order, &place_draft()),
        OrderError::ShippingAddressRequired
    );
    let with_default = OrderCommand::PlaceDraft(Box::new(PlaceDraft {
        ship_to: Some(address("Paris")),
        ..PlaceDraft::default()
    }));
    let events = when(&order, &with_default).unwrap();
    let OrderFact::Placed(placed) = &events[0].fact else {
        panic!("not placed")
    };
    assert_eq!(
        placed.personal.as_plain().unwrap().ship_to,
        Some(address("Paris"))
    );
}

#[test]
fn a_draft_on_account_is_due_as_it_says_else_by_the_payment_terms() {
    let day = |day| chrono::NaiveDate::from_ymd_opt(2026, 1, day);
    for (own, expected) in [(None, day(20)), (day(10), day(10))] {
        let order = given([draft_with(vec![line(1, 100)], |place| {
            place.terms = Terms::OnAccount;
            place.due_on = own;
        })]);
        let placing = OrderCommand::PlaceDraft(Box::new(PlaceDraft {
            due_on: day(20),
            ..PlaceDraft::default()
        }));
        let events = when(&order, &placing).unwrap();
        let OrderFact::Placed(placed) = &events[0].fact else {
            panic!("not placed")
        };
        assert_eq!(placed.due_on, expected);
    }
}

#[test]
fn figures_that_no_order_may_have_are_refused_when_the_draft_is_placed() {
    let negative = given([draft_with(vec![line(1, 100)], |place| {
        place.adjustments = vec![adjustment(AdjustmentKind::Credit, -101)];
    })]);
    assert_eq!(
        refusal(&negative, &place_draft()),
        OrderError::TotalNegative { total_sales: -1 }
    );
    let large = given([draft(vec![line(1_000_000, 1_000_001)])]);
    assert!(matches!(
        refusal(&large, &place_draft()),
        OrderError::TotalTooLarge { .. }
    ));
}

#[test]
fn a_draft_on_account_binds_credit_when_it_is_placed() {
    let order = given([draft_with(vec![line(1, 100)], |place| {
        place.terms = Terms::OnAccount;
    })]);
    assert_eq!(order.exposure(), 0, "a draft binds nothing");
    let order = given([
        draft_with(vec![line(1, 100)], |place| place.terms = Terms::OnAccount),
        place_draft(),
    ]);
    assert_eq!(order.exposure(), 100);
}

#[test]
fn what_was_placed_is_placed_again_without_an_event_and_is_no_draft_any_more() {
    let order = given([draft(vec![line(1, 100)]), place_draft()]);
    assert_eq!(when(&order, &place_draft()), Ok(vec![]));
    for command in [
        OrderCommand::DiscardDraft,
        change_draft(|it| it.digital = Some(true)),
    ] {
        assert_eq!(
            refusal(&order, &command),
            OrderError::WrongState {
                lifecycle: Lifecycle::Placed
            }
        );
    }
}
