//! Notes and details: in whatever state, and without a figure moved.

use orderfold_events::order::Change;

use super::*;

#[test]
fn details_are_updated_in_every_state_after_placing() {
    let tagged = || update(|it| it.tags = Some(vec!["late".to_owned()]));
    let cancelled = given([place(vec![line(1, 100)]), cancel(&[])]);
    let completed = given([
        place(vec![line(1, 100)]),
        pay("P", 100),
        ship("S", &[]),
        deliver("D", &[]),
    ]);
    for order in [given([place(vec![line(1, 100)])]), cancelled, completed] {
        let before = lifecycle(&order);
        let events = when(&order, &tagged()).unwrap();
        assert_eq!(names(&events), ["details_updated"]);
        assert_eq!(events[0].summary.lifecycle, before);
        assert_eq!(events[0].change, Change::default());
        let order = after(order, &events);
        assert_eq!(when(&order, &tagged()), Ok(vec![]), "it says so already");
    }
}

#[test]
fn a_reference_that_is_replaced_or_removed_is_no_longer_claimed() {
    let order = given([place(vec![line(1, 100)])]);
    let replaced = update(|it| it.reference = Patch::Set("R-2".to_owned()));
    let order = after(order.clone(), &when(&order, &replaced).unwrap());
    assert_eq!(order.claimed_reference(), Some(("web", "R-2")));
    let removed = update(|it| it.reference = Patch::Clear);
    let order = after(order.clone(), &when(&order, &removed).unwrap());
    assert_eq!(order.claimed_reference(), None);
}

#[test]
fn every_state_takes_notes_up_to_a_thousand_and_each_is_one_more() {
    let mut commands = vec![draft(vec![line(1, 100)])];
    commands.extend((0..500).map(|_| note("the same")));
    commands.push(place_draft());
    commands.extend((0..499).map(|_| note("the same")));
    commands.push(cancel(&[]));
    let order = given(commands);
    let events = when(&order, &note("last")).unwrap();
    assert_eq!(names(&events), ["note_added"]);
    let order = after(order, &events);
    assert_eq!(
        refusal(&order, &note("one more")),
        OrderError::TooManyNotes { limit: 1_000 }
    );
}
