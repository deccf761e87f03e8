//! From a filter to conditions on the stored rows. Whatever a caller wrote becomes a value, never an operator.

use bson::Bson;
use orderfold_events::{
    CustomerId, Timestamp,
    order::{Lifecycle, Terms},
};

use super::filter::OrderFilter;
use crate::{
    database::{
        reading::Conditions,
        stored::{id_value, time_value},
    },
    projections::order_list::search::normalised,
};

/// What a list shows unless it asks for drafts.
const PLACED: [Lifecycle; 4] = [
    Lifecycle::Placed,
    Lifecycle::Confirmed,
    Lifecycle::Cancelled,
    Lifecycle::Completed,
];

fn id(id: &CustomerId) -> Bson {
    id_value(*id)
}

/// The conditions of a filter; `found` are the customers that the words of its search find.
pub(super) fn conditions(filter: &OrderFilter, found: &[CustomerId]) -> Conditions {
    let text = |text: &String| Bson::String(text.clone());
    let lifecycle: &[Lifecycle] = if filter.lifecycle.is_empty() {
        &PLACED
    } else {
        &filter.lifecycle
    };
    let mut all = Conditions::default()
        .any_of("customer_id", filter.owner.as_slice(), id)
        .any_of("customer_id", &filter.customer_id, id);
    for (member, texts) in [
        ("reference", &filter.reference),
        ("customer_reference", &filter.customer_reference),
        ("payment_references", &filter.payment_reference),
        ("tracking_numbers", &filter.tracking_number),
        ("skus", &filter.sku),
    ] {
        // The words have the index, the member the spelling.
        all = all
            .any_of("search", texts, |text| normalised(text).into())
            .any_of(member, texts, text);
    }
    let (placed, updated) = (filter.placed, filter.updated);
    let all = named(searched(all, filter, found), filter)
        .any_of("tags", &filter.tag, text)
        .any_of("channel", &filter.channel, text)
        .any_of("lifecycle", lifecycle, |word| word.as_str().into())
        .any_of("payment_status", &filter.payment_status, |word| {
            word.as_str().into()
        })
        .any_of("fulfilment_status", &filter.fulfilment_status, |word| {
            word.as_str().into()
        })
        .any_of("terms", &filter.terms, |word: &Terms| word.as_str().into())
        .any_of("currency", &filter.currency, |it| it.code().into())
        .flag("on_hold", filter.on_hold)
        .flag("to_ship", filter.to_ship)
        .flag("refund_due", filter.refund_due)
        .within(
            "listed_at",
            placed.0.map(time_value),
            placed.1.map(time_value),
        )
        .within(
            "updated_at",
            updated.0.map(time_value),
            updated.1.map(time_value),
        )
        // Days are stored as text that sorts as they do.
        .within(
            "due_on",
            None,
            filter.due_before.map(|day| day.to_string().into()),
        )
        .within(
            "totals.total_sales",
            filter.total.0.map(Bson::Int64),
            above(filter.total.1),
        );
    placed_only(all, placed)
}

/// Drafts are listed by when they were started; but nothing was placed then.
fn placed_only(all: Conditions, placed: (Option<Timestamp>, Option<Timestamp>)) -> Conditions {
    all.within(
        "placed_at",
        placed.0.map(time_value),
        placed.1.map(time_value),
    )
}

/// The first figure out, where a figure is the last one in.
fn above(last: Option<i64>) -> Option<Bson> {
    last.and_then(|last| last.checked_add(1)).map(Bson::Int64)
}

fn searched(all: Conditions, filter: &OrderFilter, found: &[CustomerId]) -> Conditions {
    let by_words = Conditions::default().all_of("search", &filter.q);
    if filter.q.is_empty() {
        all
    } else if found.is_empty() {
        all.either(vec![by_words])
    } else {
        let by_customer = Conditions::default().any_of("customer_id", found, id);
        all.either(vec![by_words, by_customer])
    }
}

fn named(all: Conditions, filter: &OrderFilter) -> Conditions {
    let mut either = Vec::new();
    let names = &filter.ids;
    if !names.ids.is_empty() {
        either.push(Conditions::default().any_of("_id", &names.ids, |id| id_value(*id)));
    }
    if !names.numbers.is_empty() {
        let number = |number: &_| Bson::String(ToString::to_string(number));
        let by_number = Conditions::default()
            .any_of("search", &names.numbers, number)
            .any_of("number", &names.numbers, number);
        either.push(by_number);
    }
    all.either(either)
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;
    use crate::orders::filter::Names;

    fn filter(filter: &OrderFilter, found: &[CustomerId]) -> bson::Document {
        conditions(filter, found).filter()
    }

    #[test]
    fn without_a_question_drafts_are_left_out() {
        let placed =
            doc! { "lifecycle": { "$in": ["placed", "confirmed", "cancelled", "completed"] } };
        assert_eq!(
            filter(&OrderFilter::default(), &[]),
            doc! { "$and": [placed] }
        );
    }

    #[test]
    fn what_looks_like_an_operator_stays_a_value_everywhere() {
        let text = || vec!["{\"$ne\": null}".to_owned(), "$where".to_owned()];
        let made = filter(
            &OrderFilter {
                channel: text(),
                sku: text(),
                tag: text(),
                reference: text(),
                customer_reference: text(),
                payment_reference: text(),
                tracking_number: text(),
                q: text(),
                ids: Names::default(),
                ..OrderFilter::default()
            },
            &[],
        );
        assert_no_operator(&Bson::Document(made));
    }

    /// Every operator is one of ours, and none stands inside a value.
    fn assert_no_operator(value: &Bson) {
        match value {
            Bson::Document(members) => {
                for (name, member) in members {
                    assert!(
                        ["$and", "$or", "$in", "$eq"].contains(&name.as_str())
                            || !name.contains('$'),
                        "{name}"
                    );
                    assert_no_operator(member);
                }
            }
            Bson::Array(values) => values.iter().for_each(assert_no_operator),
            Bson::String(_) => {}
            other => panic!("not a text: {other}"),
        }
    }
}
