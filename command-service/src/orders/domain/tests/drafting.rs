//! Drafts: they change freely and book nothing.

use orderfold_events::order::{Change, DraftContent, PaymentStatus, Totals};

use super::*;

fn content(events: &[OrderEvent]) -> &DraftContent {
    match &events[0].fact {
        OrderFact::Drafted(content) | OrderFact::DraftChanged(content) => content,
        other => panic!("{other:?} has no draft"),
    }
}

#[test]
fn a_draft_books_nothing_and_previews_what_placing_would_book() {
    let events = when(&Order::initial(), &draft(vec![line(2, 100)])).unwrap();
    assert_eq!(names(&events), ["drafted"]);
    let summary = &events[0].summary;
    assert_eq!(summary.totals, Totals::default());
    assert_eq!(summary.payment_status, PaymentStatus::NothingDue);
    assert_eq!((summary.number, summary.placed_at), (None, None));
    assert_eq!(events[0].change, Change::default());
    let preview = content(&events).preview;
    assert_eq!((preview.units, preview.balance), (2, 200));
    let order = after(Order::initial(), &events);
    assert_eq!(order.preview(), Some(preview));
    let placed = when(&order, &place_draft()).unwrap();
    assert_eq!(names(&placed), ["placed"]);
    assert_eq!(placed[0].change.totals, preview);
    assert_eq!(placed[0].summary.placed_at, Some(at(NOW)));
}

#[test]
fn a_patch_changes_what_it_names_and_leaves_the_rest() {
    let order = given([draft(vec![line(2, 100)])]);
    let events = when(
        &order,
        &change_draft(|it| {
            it.channel = Some("shop".to_owned());
            it.lines = Some(vec![line(1, 70), line(3, 10)]);
            it.details.reference = Patch::Clear;
            it.bill_to = Patch::Set(address("Bonn"));
        }),
    )
    .unwrap();
    assert_eq!(names(&events), ["draft_changed"]);
    assert_eq!(events[0].summary.channel, "shop");
    let content = content(&events);
    assert_eq!(content.preview.net_sales, 100);
    let numbers: Vec<_> = content.order.lines.iter().map(|line| line.line).collect();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(content.order.reference, None);
    let personal = content.order.personal.as_plain().unwrap();
    assert_eq!(personal.ship_to, Some(address("Henderson")));
    assert_eq!(personal.bill_to, Some(address("Bonn")));
}

#[test]
fn a_patch_that_changes_nothing_is_no_event() {
    let order = given([draft(vec![line(2, 100)])]);
    let same = change_draft(|it| it.lines = Some(vec![line(2, 100)]));
    assert_eq!(when(&order, &same), Ok(vec![]));
    assert_eq!(when(&order, &update(|_| {})), Ok(vec![]));
}

#[test]
fn metadata_is_merged_member_by_member_up_to_its_limit() {
    let members = |names: std::ops::Range<u32>, value: Option<&str>| {
        Patch::Set(
            names
                .map(|number| (format!("k{number}"), value.map(str::to_owned)))
                .collect::<BTreeMap<_, _>>(),
        )
    };
    let mut commands = vec![draft(vec![line(1, 1)])];
    commands.push(update(|it| it.metadata = members(0..50, Some("a"))));
    let full = given(commands);
    assert_eq!(
        refusal(
            &full,
            &update(|it| it.metadata = members(50..51, Some("b")))
        ),
        OrderError::TooManyMetadata { limit: 50 }
    );
    let events = when(&full, &update(|it| it.metadata = members(0..49, None))).unwrap();
    let metadata = &content(&events).order.metadata;
    assert_eq!(
        metadata.iter().next(),
        Some((&"k49".to_owned(), &"a".to_owned()))
    );
    assert_eq!(metadata.len(), 1);
}

#[test]
fn adjustments_are_worth_something_else_where_prices_come_to_include_tax() {
    let order = given([draft_with(vec![line(1, 100)], |place| {
        place.adjustments = vec![NewAdjustment {
            tax_rate: "0.25".parse().unwrap(),
            ..adjustment(AdjustmentKind::Shipping, 100)
        }];
    })]);
    assert_eq!(order.preview().unwrap().total_sales, 225);
    let events = when(
        &order,
        &change_draft(|it| it.prices_include_tax = Some(true)),
    )
    .unwrap();
    let preview = content(&events).preview;
    assert_eq!(
        (preview.adjustments, preview.taxes, preview.total_sales),
        (80, 20, 200)
    );
}

#[test]
fn a_line_that_only_the_draft_makes_invalid_is_refused() {
    let order = given([draft_with(vec![line(1, 100)], |place| {
        place.lines[0].tax = LineTax::Amount(300);
    })]);
    assert_eq!(
        refusal(
            &order,
            &change_draft(|it| it.prices_include_tax = Some(true))
        ),
        OrderError::InvalidLine {
            line: 1,
            rule: crate::orders::domain::LineRule::TaxAboveValue
        }
    );
}

#[test]
fn a_prepaid_draft_has_no_due_date() {
    let due = chrono::NaiveDate::from_ymd_opt(2026, 1, 31);
    let order = given([draft(vec![line(1, 100)])]);
    let with_date = change_draft(|it| it.due_on = Patch::Set(due.unwrap()));
    assert_eq!(refusal(&order, &with_date), OrderError::DueDateOfPrepaid);
    let order = given([
        draft_with(vec![line(1, 100)], |place| place.terms = Terms::OnAccount),
        with_date,
    ]);
    let prepaid = |due_on| {
        change_draft(|it| {
            it.terms = Some(Terms::Prepaid);
            it.due_on = due_on;
        })
    };
    assert_eq!(
        refusal(&order, &prepaid(Patch::Keep)),
        OrderError::DueDateOfPrepaid
    );
    assert_eq!(outcome(&order, &prepaid(Patch::Clear)), ["draft_changed"]);
}

#[test]
fn a_blocked_customer_drafts_and_does_not_place() {
    let blocked = with_customer(CustomerStanding::Blocked);
    let command = draft(vec![line(1, 100)]);
    assert!(Order::initial().decide(&command, &blocked).is_ok());
    let order = given([command]);
    assert!(
        order
            .decide(&change_draft(|it| it.digital = Some(true)), &blocked)
            .is_ok()
    );
    assert_eq!(
        order.decide(&place_draft(), &blocked),
        Err(OrderError::CustomerBlocked)
    );
}

#[test]
fn a_discarded_draft_takes_notes_only_and_is_discarded_again_without_an_event() {
    let order = given([draft(vec![line(1, 100)])]);
    let events = when(&order, &OrderCommand::DiscardDraft).unwrap();
    assert_eq!(names(&events), ["discarded"]);
    let order = after(order, &events);
    assert_eq!(lifecycle(&order), Lifecycle::Discarded);
    assert_eq!(when(&order, &OrderCommand::DiscardDraft), Ok(vec![]));
    assert_eq!(outcome(&order, &note("why")), ["note_added"]);
    for command in [
        place_draft(),
        change_draft(|it| it.digital = Some(true)),
        update(|it| it.tags = Some(vec![])),
        confirm(),
        pay("P", 1),
        cancel(&[]),
        hold(HoldReason::Fraud, None),
    ] {
        assert_eq!(
            refusal(&order, &command),
            OrderError::WrongState {
                lifecycle: Lifecycle::Discarded
            }
        );
    }
}

#[test]
fn a_draft_takes_no_facts() {
    let order = given([draft(vec![line(1, 100)])]);
    for command in [
        confirm(),
        hold(HoldReason::Fraud, None),
        want(1, 2),
        cancel(&[]),
        pay("P", 1),
        refund("R", 1),
        ship("S", &[]),
        deliver("D", &[]),
        give_back("B", &[(1, 1)]),
    ] {
        assert_eq!(
            refusal(&order, &command),
            OrderError::WrongState {
                lifecycle: Lifecycle::Draft
            }
        );
    }
}

#[test]
fn a_draft_holds_its_reference_until_it_is_discarded_and_a_cancelled_order_for_good() {
    let order = given([draft(vec![line(1, 100)])]);
    assert_eq!(order.claimed_reference(), Some(("web", "R-1")));
    let moved = after(
        order.clone(),
        &when(
            &order,
            &change_draft(|it| it.channel = Some("shop".to_owned())),
        )
        .unwrap(),
    );
    assert_eq!(moved.claimed_reference(), Some(("shop", "R-1")));
    let discarded = given([draft(vec![line(1, 100)]), OrderCommand::DiscardDraft]);
    assert_eq!(discarded.claimed_reference(), None);
    let cancelled = given([place(vec![line(1, 100)]), cancel(&[])]);
    assert_eq!(cancelled.claimed_reference(), Some(("web", "R-1")));
}
